import { Chart } from "./chart.js";
import { byId, element } from "./dom.js";
import { Scrape } from "./exposition.js";
import { History } from "./history.js";
import { QUESTIONS } from "./questions.js";

const EVERY_MS = 2000;
const PATIENCE_MS = 10_000;

const past = new History();
const shown = QUESTIONS.map((question) => {
  const charts = (question.charts ?? []).map(([title, format, lines]) => ({
    chart: new Chart(title, format),
    lines,
  }));
  const facts = element("dl", { class: "facts" });
  const table = element("div", { class: "table", tabindex: "0" });
  const parts = [element("h2", {}, question.title)];
  if (question.facts) parts.push(facts);
  if (charts.length > 0) {
    parts.push(element("div", { class: "charts" }, ...charts.map(({ chart }) => chart.node)));
  }
  if (question.table) parts.push(table);
  byId("questions").append(element("section", { class: "question" }, ...parts));
  return { question, facts, charts, table };
});

async function look() {
  try {
    const text = await metrics().catch(fail);
    if (text !== undefined) {
      past.add(new Scrape(text, performance.now() / 1000));
      show();
    }
  } finally {
    setTimeout(look, EVERY_MS);
  }
}

async function metrics() {
  const response = await fetch("metrics", { signal: AbortSignal.timeout(PATIENCE_MS) });
  if (!response.ok) throw new Error(refusal(response.status));
  return response.text();
}

function refusal(status) {
  if (status === 404) return "The metrics have a port of their own, and so has this page there.";
  return `The service answers ${status} when it is asked for its metrics.`;
}

function show() {
  const { latest } = past;
  byId("problem").replaceChildren();
  const ready = latest.sum("umie_engine_ready") === 1;
  tell(ready ? "The service takes requests." : "The service is not ready.");
  const [model] = latest.samples("umie_model_info");
  if (model) {
    const { version, precision, provider } = model.labels;
    byId("model").textContent = `${version}, ${precision} on ${provider}`;
  }
  for (const { question, facts, charts, table } of shown) {
    if (question.facts) facts.replaceChildren(...question.facts(past).map(factOf));
    for (const { chart, lines } of charts) chart.add(latest.at, lines(past));
    if (question.table) table.replaceChildren(tableOf(question.table));
  }
}

function fail(error) {
  const unreachable = error instanceof TypeError || error.name === "TimeoutError";
  const said = unreachable ? "The service does not answer." : error.message;
  tell("What is shown is what was last known.");
  const problem = byId("problem");
  if (problem.textContent !== said) {
    problem.replaceChildren(element("p", { class: "problem" }, said));
  }
}

/** Said again only where it is something new: it is read out. */
function tell(text) {
  if (byId("status").textContent !== text) byId("status").textContent = text;
}

function factOf([name, value, well]) {
  const kind = well === undefined ? null : well ? "well" : "ill";
  return element("div", { class: kind }, element("dt", {}, name), element("dd", {}, value));
}

function tableOf({ title, head, rows, none }) {
  const found = rows(past);
  if (found.length === 0) return element("p", { class: "quiet" }, none ?? "Nothing yet.");
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

look();
