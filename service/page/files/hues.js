const COUNT = 10;

/** Label types in the order in which they were met; a type keeps its hue while the page lives. */
const met = ["person", "location", "organization", "miscellaneous"];

/** The class that gives an element the hue of a label type. */
export function hueOf(type) {
  if (!met.includes(type)) met.push(type);
  return `hue-${met.indexOf(type) % COUNT}`;
}
