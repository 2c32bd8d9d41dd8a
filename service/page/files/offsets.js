/**
 * Where each code point of `text` begins in UTF-16 units, and behind them the text's length: the
 * service counts code points, and strings here are indexed by units.
 */
export function unitOffsets(text) {
  const offsets = [];
  let unit = 0;
  for (const point of text) {
    offsets.push(unit);
    unit += point.length;
  }
  offsets.push(unit);
  return offsets;
}

/** How many code points `text` has. */
export function pointCount(text) {
  return unitOffsets(text).length - 1;
}
