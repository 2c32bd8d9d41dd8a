import { element } from "./dom.js";
import { milliseconds, score } from "./numbers.js";

const MAX_GATE = Math.exp(0.5); // the cosine's factor in the published gate
const STAGES = ["queue", "image", "visual", "fusion", "decode"];

/** The duration of each stage; `took` is the duration in the browser, in milliseconds. */
export function timing(times, took) {
  const rest = Math.max(0, times.total - STAGES.reduce((sum, stage) => sum + times[stage], 0));
  const shares = [...STAGES.map((stage) => [stage, times[stage]]), ["rest", rest]];
  const bar = element("div", { class: "bar", "aria-hidden": "true" });
  const legend = element("dl", { class: "legend" });
  for (const [stage, value] of shares) {
    const part = element("span", { class: `stage ${stage}` });
    part.style.setProperty("flex-grow", String(value));
    bar.append(part);
    const name = element("dt", {}, element("span", { class: `dot ${stage}` }), stage);
    legend.append(element("div", {}, name, element("dd", {}, milliseconds(value))));
  }
  const [inside, whole] = [milliseconds(times.total), milliseconds(took)];
  const note = `${inside} in the service, ${whole} including the network.`;
  return measure("Time", bar, legend, element("p", { class: "quiet" }, note));
}

/** The gate value of each task; null where no task ran. */
export function gate(values) {
  const known = Object.entries(values).filter(([, value]) => value !== null);
  if (known.length === 0) return null;
  const list = element("dl", { class: "gate" });
  for (const [task, value] of known) {
    const filled = element("span", { class: "filled" });
    filled.style.setProperty("width", `${100 * Math.min(1, Math.max(0, value / MAX_GATE))}%`);
    const track = element("span", { class: "track", "aria-hidden": "true" }, filled);
    const row = element("div", {}, element("dt", {}, task), element("dd", {}, track, score(value)));
    list.append(row);
  }
  const note = "The weight of the image in the fusion: 0 is none, 1.65 the maximum.";
  return measure("Gate", list, element("p", { class: "quiet" }, note));
}

function measure(title, ...content) {
  return element("section", { class: "part" }, element("h3", {}, title), ...content);
}
