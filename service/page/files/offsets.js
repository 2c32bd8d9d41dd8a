/**
 * The offset of each code point of `text` in UTF-16 units, followed by the length of the text. The
 * service counts code points; JavaScript strings are indexed by UTF-16 units.
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

/** The number of code points of `text`. */
export function pointCount(text) {
  return unitOffsets(text).length - 1;
}
