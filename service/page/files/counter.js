import { byId } from "./dom.js";
import { pointCount } from "./offsets.js";

/** Show the number of characters of the text, and the limit once `limits` are loaded. */
export function showCount(limits) {
  const count = pointCount(byId("text").value);
  const limit = limits.max_text_chars;
  const shown = grouped(count);
  byId("counter").textContent =
    limit === undefined ? `${shown} characters` : `${shown} of ${grouped(limit)} characters`;
  byId("counter").classList.toggle("over", count > limit);
}

function grouped(number) {
  return number.toLocaleString("en");
}
