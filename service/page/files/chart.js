import { element, shape } from "./dom.js";
import { WINDOW_S } from "./history.js";

const WIDTH = 300;
const HEIGHT = 72;
const HUES = 10;

/** A line chart over the last minutes. Values are numbers, or null where there is no value. */
export class Chart {
  #points = new Map();
  #times = [];
  #format;

  /** `format` formats a value for the legend. */
  constructor(title, format) {
    this.#format = format;
    this.legend = element("dl", { class: "lines" });
    this.maximum = element("span", { class: "most quiet", "aria-hidden": "true" });
    this.picture = shape("svg", {
      viewBox: `0 0 ${WIDTH} ${HEIGHT}`,
      preserveAspectRatio: "none",
      "aria-hidden": "true",
    });
    this.node = element(
      "figure",
      { class: "chart" },
      element("figcaption", {}, title),
      element("div", { class: "plot" }, this.picture, this.maximum),
      this.legend,
    );
  }

  /** Append the values of the lines at a time, [name, value] each. */
  add(at, lines) {
    this.#times.push(at);
    const known = new Map(lines);
    for (const name of known.keys()) {
      if (!this.#points.has(name)) {
        this.#points.set(name, Array(this.#times.length - 1).fill(null));
      }
    }
    for (const [name, values] of this.#points) values.push(known.get(name) ?? null);
    while (this.#times[0] < at - WINDOW_S) {
      this.#times.shift();
      for (const values of this.#points.values()) values.shift();
    }
    this.#draw(at);
  }

  #draw(at) {
    const known = [...this.#points.values()].flat().filter((value) => value !== null);
    const maximum = known.reduce((a, b) => Math.max(a, b), 0);
    this.maximum.textContent = maximum > 0 ? this.#format(maximum) : "";
    const place = (value, index) => {
      const x = WIDTH * (1 - (at - this.#times[index]) / WINDOW_S);
      const y = HEIGHT - 2 - (HEIGHT - 4) * (maximum > 0 ? value / maximum : 0);
      return `${x.toFixed(1)},${y.toFixed(1)}`;
    };
    const lines = [...this.#points.values()].map((values, number) =>
      shape("path", { class: `hue-${number % HUES}`, d: path(values, place) }),
    );
    this.picture.replaceChildren(...lines);
    const latest = [...this.#points].map(([name, values], number) => {
      const value = values.at(-1);
      const dot = element("span", { class: `dot hue-${number % HUES}`, "aria-hidden": "true" });
      const shown = value === null ? "–" : this.#format(value);
      return element("div", {}, element("dt", {}, dot, name), element("dd", {}, shown));
    });
    this.legend.replaceChildren(...latest);
  }
}

/** An SVG path with gaps where there is no value; a single value is a dot. */
function path(values, place) {
  let drawn = "";
  let inside = false;
  for (const [index, value] of values.entries()) {
    if (value !== null) {
      const there = place(value, index);
      drawn += inside ? `L${there}` : `M${there}L${there}`;
    }
    inside = value !== null;
  }
  return drawn;
}
