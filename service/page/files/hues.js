const COUNT = 10;

/** Label types in order of first use; a type keeps its hue until the page is reloaded. */
const types = ["person", "location", "organization", "miscellaneous"];

/** The class that gives an element the hue of a label type. */
export function hueOf(type) {
  if (!types.includes(type)) types.push(type);
  return `hue-${types.indexOf(type) % COUNT}`;
}
