/** A score or a share, to two digits. */
export function score(value) {
  const rounded = Math.round(value * 100) / 100;
  return (rounded + 0).toFixed(2); // adding 0 turns -0 into 0
}

/** A duration in milliseconds, or in seconds from 10 s on. */
export function milliseconds(value) {
  if (value >= 10_000) return `${(value / 1000).toFixed(1)} s`;
  return `${value.toFixed(0 < value && value < 10 ? 1 : 0)} ms`;
}

/** The size of a file. */
export function bytes(value) {
  if (value < 1024 * 1024) return `${Math.ceil(value / 1024)} KiB`;
  return `${(value / (1024 * 1024)).toFixed(1)} MiB`;
}

/** "1 event", "2 events", "no events". */
export function counted(number, one, many = `${one}s`) {
  return `${number === 0 ? "no" : number} ${number === 1 ? one : many}`;
}

/** A count or a mean, with one digit where it is not an integer. */
export function count(value) {
  return Number.isInteger(value) ? String(value) : value.toFixed(1);
}

/** A rate per second. */
export function perSecond(value) {
  return `${value.toFixed(0 < value && value < 10 ? 1 : 0)}/s`;
}

/** A fraction as a percentage. */
export function share(value) {
  return `${Math.round(100 * value)} %`;
}

/** A long duration, in the largest unit that gives at least 2. */
export function duration(seconds) {
  const units = [
    ["d", 86_400],
    ["h", 3600],
    ["min", 60],
  ];
  const [unit, size] = units.find(([, length]) => seconds >= 2 * length) ?? ["s", 1];
  return `${Math.floor(seconds / size)} ${unit}`;
}
