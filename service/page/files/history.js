/** The length of the history in seconds. */
export const WINDOW_S = 300;

/** The last scrapes of one process, and rates between them. */
export class History {
  #scrapes = [];

  /** Add the latest scrape. After a restart the scrapes of the earlier process are dropped. */
  add(scrape) {
    const startOf = (of) => of.sum("process_start_time_seconds");
    if (this.#scrapes.length > 0 && startOf(this.latest) !== startOf(scrape)) this.#scrapes = [];
    this.#scrapes.push(scrape);
    const oldest = scrape.at - WINDOW_S;
    this.#scrapes = this.#scrapes.filter(({ at }) => at >= oldest);
  }

  get latest() {
    return this.#scrapes.at(-1);
  }

  /** The increase of counters per second, over the last `seconds`; null before two scrapes. */
  rate(name, where = {}, seconds = 30) {
    const before = this.#before(seconds);
    if (before === null) return null;
    return this.#increase(before, name, where) / (this.latest.at - before.at);
  }

  /** The increase of one counter divided by that of another; null where the other did not grow. */
  ratio([name, where = {}], [other, otherWhere = {}], seconds = 30) {
    const before = this.#before(seconds);
    const whole = before === null ? 0 : this.#increase(before, other, otherWhere);
    return whole > 0 ? this.#increase(before, name, where) / whole : null;
  }

  /** The mean of a histogram. */
  mean(name, where = {}, seconds = 30) {
    return this.ratio([`${name}_sum`, where], [`${name}_count`, where], seconds);
  }

  /**
   * A quantile of a histogram, interpolated in the buckets as Prometheus does; null without
   * observations.
   */
  quantile(q, name, where = {}, seconds = 30) {
    const before = this.#before(seconds);
    if (before === null) return null;
    const old = new Map(before.buckets(name, where));
    const buckets = this.latest
      .buckets(name, where)
      .map(([edge, count]) => [edge, count - (old.get(edge) ?? 0)]);
    const whole = buckets.at(-1)?.[1] ?? 0;
    if (whole <= 0) return null;
    const rank = q * whole;
    const at = buckets.findIndex(([, count]) => count >= rank);
    const [lower, below] = at > 0 ? buckets[at - 1] : [0, 0];
    const [upper, upTo] = buckets[at];
    if (upper === Infinity) return lower;
    return lower + (upper - lower) * ((rank - below) / (upTo - below));
  }

  /** The oldest scrape of the last `seconds`, or the last but one. */
  #before(seconds) {
    if (this.#scrapes.length < 2) return null;
    const since = this.latest.at - seconds;
    const found = this.#scrapes.find(({ at }) => at >= since);
    return found === this.latest ? this.#scrapes.at(-2) : found;
  }

  #increase(before, name, where) {
    return (this.latest.sum(name, where) ?? 0) - (before.sum(name, where) ?? 0);
  }
}
