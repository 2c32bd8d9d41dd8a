/** Unique keys of an answer's parts, used to link them. */
export const keyOf = {
  entity: (id) => `entity ${id}`,
  region: (id) => `region ${id}`,
  relation: (index) => `relation ${index}`,
  event: (index) => `event ${index}`,
  argument: (event, index) => `argument ${event} ${index}`,
};

/** For each part of an answer, the set of parts that are highlighted with it, itself included. */
export function linksOf(answer) {
  const links = new Map();
  const link = (key, others) => {
    const set = links.get(key) ?? new Set([key]);
    for (const other of others) set.add(other);
    links.set(key, set);
  };
  for (const region of answer.regions) link(keyOf.region(region.id), []);
  for (const entity of answer.entities) {
    const regions = entity.regions.map(keyOf.region);
    link(keyOf.entity(entity.id), regions);
    for (const region of regions) link(region, [keyOf.entity(entity.id)]);
  }
  answer.relations.forEach((relation, index) => {
    const ends = [keyOf.entity(relation.head), keyOf.entity(relation.tail)];
    link(keyOf.relation(index), ends.flatMap((end) => [...links.get(end)]));
  });
  answer.events.forEach((event, index) => linkEvent(event, index, link));
  return links;
}

function linkEvent(event, index, link) {
  const self = keyOf.event(index);
  link(self, []);
  event.arguments.forEach((argument, place) => {
    const key = keyOf.argument(index, place);
    const shown = argument.region === null ? [] : [keyOf.region(argument.region)];
    link(self, [key, ...shown]);
    link(key, [self, ...shown]);
    for (const region of shown) link(region, [self, key]);
  });
}
