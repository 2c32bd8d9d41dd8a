/** Seconds that are remembered. */
export const REMEMBERED_S = 300;

/** The last scrapes of one process, and what happened between two of them. */
export class History {
  #scrapes = [];

  /** Take in the latest one. What an earlier process counted is forgotten. */
  add(scrape) {
    const born = (of) => of.sum("process_start_time_seconds");
    if (this.#scrapes.length > 0 && born(this.latest) !== born(scrape)) this.#scrapes = [];
    this.#scrapes.push(scrape);
    const oldest = scrape.at - REMEMBERED_S;
    this.#scrapes = this.#scrapes.filter(({ at }) => at >= oldest);
  }

  get latest() {
    return this.#scrapes.at(-1);
  }

  /** By how much counters grew in a second, in the last so many; null before the second scrape. */
  rate(name, where = {}, seconds = 30) {
    const before = this.#before(seconds);
    if (before === null) return null;
    return this.#grown(before, name, where) / (this.latest.at - before.at);
  }

  /** One counter's growth by another's; null where that did not grow. */
  ratio([name, where = {}], [other, otherWhere = {}], seconds = 30) {
    const before = this.#before(seconds);
    const whole = before === null ? 0 : this.#grown(before, other, otherWhere);
    return whole > 0 ? this.#grown(before, name, where) / whole : null;
  }

  /** The mean of what a histogram saw. */
  mean(name, where = {}, seconds = 30) {
    return this.ratio([`${name}_sum`, where], [`${name}_count`, where], seconds);
  }

  /**
   * The value that a share of what a histogram saw did not exceed, as Prometheus reads it off the
   * buckets; null where it saw nothing.
   */
  quantile(share, name, where = {}, seconds = 30) {
    const before = this.#before(seconds);
    if (before === null) return null;
    const old = new Map(before.buckets(name, where));
    const buckets = this.latest
      .buckets(name, where)
      .map(([edge, count]) => [edge, count - (old.get(edge) ?? 0)]);
    const whole = buckets.at(-1)?.[1] ?? 0;
    if (whole <= 0) return null;
    const rank = share * whole;
    const at = buckets.findIndex(([, count]) => count >= rank);
    const [lower, below] = at > 0 ? buckets[at - 1] : [0, 0];
    const [upper, upTo] = buckets[at];
    if (upper === Infinity) return lower;
    return lower + (upper - lower) * ((rank - below) / (upTo - below));
  }

  /** The oldest scrape of the last so many seconds, or the last but one. */
  #before(seconds) {
    if (this.#scrapes.length < 2) return null;
    const since = this.latest.at - seconds;
    const found = this.#scrapes.find(({ at }) => at >= since);
    return found === this.latest ? this.#scrapes.at(-2) : found;
  }

  #grown(before, name, where) {
    return (this.latest.sum(name, where) ?? 0) - (before.sum(name, where) ?? 0);
  }
}
