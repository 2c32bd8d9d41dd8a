import { element, shape } from "./dom.js";
import { REMEMBERED_S } from "./history.js";

const WIDTH = 300;
const HEIGHT = 72;
const HUES = 10;

/** Lines over the last minutes. Values are numbers, or null where nothing was to be known. */
export class Chart {
  #points = new Map();
  #times = [];
  #format;

  /** `format` writes a value for people. */
  constructor(title, format) {
    this.#format = format;
    this.legend = element("dl", { class: "lines" });
    this.most = element("span", { class: "most quiet", "aria-hidden": "true" });
    this.picture = shape("svg", {
      viewBox: `0 0 ${WIDTH} ${HEIGHT}`,
      preserveAspectRatio: "none",
      "aria-hidden": "true",
    });
    this.node = element(
      "figure",
      { class: "chart" },
      element("figcaption", {}, title),
      element("div", { class: "plot" }, this.picture, this.most),
      this.legend,
    );
  }

  /** Go on with the lines' values at a moment, [name, value] each; others have none. */
  add(at, lines) {
    this.#times.push(at);
    const known = new Map(lines);
    for (const name of known.keys()) {
      if (!this.#points.has(name)) {
        this.#points.set(name, Array(this.#times.length - 1).fill(null));
      }
    }
    for (const [name, values] of this.#points) values.push(known.get(name) ?? null);
    while (this.#times[0] < at - REMEMBERED_S) {
      this.#times.shift();
      for (const values of this.#points.values()) values.shift();
    }
    this.#draw(at);
  }

  #draw(at) {
    const known = [...this.#points.values()].flat().filter((value) => value !== null);
    const most = known.reduce((a, b) => Math.max(a, b), 0);
    this.most.textContent = most > 0 ? this.#format(most) : "";
    const place = (value, index) => {
      const x = WIDTH * (1 - (at - this.#times[index]) / REMEMBERED_S);
      const y = HEIGHT - 2 - (HEIGHT - 4) * (most > 0 ? value / most : 0);
      return `${x.toFixed(1)},${y.toFixed(1)}`;
    };
    const lines = [...this.#points.values()].map((values, number) =>
      shape("path", { class: `hue-${number % HUES}`, d: path(values, place) }),
    );
    this.picture.replaceChildren(...lines);
    const latest = [...this.#points].map(([name, values], number) => {
      const value = values.at(-1);
      const dot = element("span", { class: `dot hue-${number % HUES}`, "aria-hidden": "true" });
      const said = value === null ? "–" : this.#format(value);
      return element("div", {}, element("dt", {}, dot, name), element("dd", {}, said));
    });
    this.legend.replaceChildren(...latest);
  }
}

/** A line with gaps where there is no value; one alone is a dot. */
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
