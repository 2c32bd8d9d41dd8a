const LINE = /^([a-zA-Z_:][\w:]*)(?:\{(.*)\})? (\S+)/;
const LABEL = /(\w+)="((?:[^"\\]|\\.)*)"/g;
const SPECIAL = { "+Inf": Infinity, "-Inf": -Infinity, NaN: NaN };
const ESCAPED = { n: "\n" };

/** The metrics of a service at a time, in seconds from any fixed point. */
export class Scrape {
  constructor(text, at) {
    this.at = at;
    this.series = new Map();
    for (const line of text.split("\n")) {
      const found = line.startsWith("#") ? null : LINE.exec(line);
      if (found === null) continue;
      const [, name, labels, value] = found;
      if (!this.series.has(name)) this.series.set(name, []);
      const number = value in SPECIAL ? SPECIAL[value] : Number(value);
      this.series.get(name).push({ labels: labelsOf(labels ?? ""), value: number });
    }
  }

  /** The samples of a name whose labels are those of `where`. */
  samples(name, where = {}) {
    const wanted = Object.entries(where);
    return (this.series.get(name) ?? []).filter(({ labels }) =>
      wanted.every(([label, value]) => labels[label] === value),
    );
  }

  /** Their sum; null where there are none. */
  sum(name, where = {}) {
    const found = this.samples(name, where);
    return found.length === 0 ? null : found.reduce((sum, { value }) => sum + value, 0);
  }

  /** The values of a label, in the order of the text. */
  values(name, label) {
    return [...new Set(this.samples(name).map(({ labels }) => labels[label]))];
  }

  /** The buckets of a histogram, summed over series, by ascending upper edge. */
  buckets(name, where = {}) {
    const counts = new Map();
    for (const { labels, value } of this.samples(`${name}_bucket`, where)) {
      const edge = labels.le in SPECIAL ? SPECIAL[labels.le] : Number(labels.le);
      counts.set(edge, (counts.get(edge) ?? 0) + value);
    }
    return [...counts].sort(([a], [b]) => a - b);
  }
}

function labelsOf(text) {
  const labels = {};
  for (const [, name, value] of text.matchAll(LABEL)) {
    labels[name] = value.replace(/\\(.)/g, (_, letter) => ESCAPED[letter] ?? letter);
  }
  return labels;
}
