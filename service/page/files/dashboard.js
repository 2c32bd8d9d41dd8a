import { Chart } from "./chart.js";
import { byId, element } from "./dom.js";
import { Scrape } from "./exposition.js";
import { History } from "./history.js";
import { SECTIONS } from "./sections.js";

const INTERVAL_MS = 2000;
const TIMEOUT_MS = 10_000;

const history = new History();
const shown = SECTIONS.map((section) => {
  const charts = (section.charts ?? []).map(([title, format, lines]) => ({
    chart: new Chart(title, format),
    lines,
  }));
  const facts = element("dl", { class: "facts" });
  const table = element("div", { class: "table", tabindex: "0" });
  const parts = [element("h2", {}, section.title)];
  if (section.facts) parts.push(facts);
  if (charts.length > 0) {
    parts.push(element("div", { class: "charts" }, ...charts.map(({ chart }) => chart.node)));
  }
  if (section.table) parts.push(table);
  byId("sections").append(element("section", { class: "section" }, ...parts));
  return { section, facts, charts, table };
});

async function poll() {
  try {
    const text = await metrics().catch(fail);
    if (text !== undefined) {
      history.add(new Scrape(text, performance.now() / 1000));
      show();
    }
  } finally {
    setTimeout(poll, INTERVAL_MS);
  }
}

async function metrics() {
  const response = await fetch("metrics", { signal: AbortSignal.timeout(TIMEOUT_MS) });
  if (!response.ok) throw new Error(refusal(response.status));
  return response.text();
}

function refusal(status) {
  if (status === 404) return "The metrics are on a separate port; open this page there.";
  return `The request for the metrics failed with status ${status}.`;
}

function show() {
  const { latest } = history;
  byId("problem").replaceChildren();
  const ready = latest.sum("umie_engine_ready") === 1;
  showStatus(ready ? "The service is ready." : "The service is not ready.");
  const [model] = latest.samples("umie_model_info");
  if (model) {
    const { version, precision, provider } = model.labels;
    byId("model").textContent = `${version}, ${precision} on ${provider}`;
  }
  for (const { section, facts, charts, table } of shown) {
    if (section.facts) facts.replaceChildren(...section.facts(history).map(factOf));
    for (const { chart, lines } of charts) chart.add(latest.at, lines(history));
    if (section.table) table.replaceChildren(tableOf(section.table));
  }
}

function fail(error) {
  const unreachable = error instanceof TypeError || error.name === "TimeoutError";
  const message = unreachable ? "The service does not respond." : error.message;
  showStatus("The last known values are shown.");
  const problem = byId("problem");
  if (problem.textContent !== message) {
    problem.replaceChildren(element("p", { class: "problem" }, message));
  }
}

/** Update the status only where it changes, since screen readers announce every update. */
function showStatus(text) {
  if (byId("status").textContent !== text) byId("status").textContent = text;
}

function factOf([name, value, good]) {
  const kind = good === undefined ? null : good ? "good" : "bad";
  return element("div", { class: kind }, element("dt", {}, name), element("dd", {}, value));
}

function tableOf({ title, head, rows, empty }) {
  const found = rows(history);
  if (found.length === 0) return element("p", { class: "quiet" }, empty ?? "No data yet.");
  const cells = found.map(([first, ...rest]) =>
    element(
      "tr",
      {},
      element("th", { scope: "row" }, first),
      ...rest.map((cell) => element("td", {}, cell)),
    ),
  );
  const heads = head.map((name) =>
    name === "" ? element("td") : element("th", { scope: "col" }, name),
  );
  return element(
    "table",
    {},
    element("caption", {}, title),
    element("thead", {}, element("tr", {}, ...heads)),
    element("tbody", {}, ...cells),
  );
}

poll();
