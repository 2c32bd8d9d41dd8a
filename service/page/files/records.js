import { element } from "./dom.js";
import { hueOf } from "./hues.js";
import { keyOf } from "./links.js";
import { score } from "./numbers.js";

/** The answer's relations, one per line; null where there are none. */
export function relationList(answer) {
  if (answer.relations.length === 0) return null;
  const rows = answer.relations.map((relation, index) =>
    row(
      keyOf.relation(index),
      "relation",
      mention(answer.entities[relation.head]),
      element("span", { class: "between" }, ` ${relation.type} `),
      mention(answer.entities[relation.tail]),
      figure(relation.score),
    ),
  );
  return section("Relations", element("ul", { class: "rows" }, ...rows));
}

/** The answer's events, each with its arguments; null where there are none. */
export function eventList(answer) {
  if (answer.events.length === 0) return null;
  const events = answer.events.map((event, index) => {
    const places = event.arguments.map((argument, place) =>
      row(
        keyOf.argument(index, place),
        "argument-row",
        element("span", { class: "role" }, argument.role),
        " ",
        filler(argument, answer.entities[argument.entity]),
        figure(argument.score),
      ),
    );
    const trigger = row(
      keyOf.event(index),
      `trigger-row ${hueOf(event.type)}`,
      element("span", { class: "event-type" }, event.type),
      " ",
      element("span", {}, event.trigger.text),
      figure(event.score),
    );
    trigger.append(element("ul", { class: "rows" }, ...places));
    return trigger;
  });
  return section("Events", element("ul", { class: "rows events" }, ...events));
}

function row(key, kind, ...children) {
  const button = element(
    "button",
    { type: "button", class: `row ${kind}`, "data-key": key, "aria-pressed": "false" },
    ...children,
  );
  return element("li", {}, button);
}

/** What an argument is, in the colour of its entity where it is one. */
function filler(argument, entity) {
  const look = entity ? { class: `mention ${hueOf(entity.type)}` } : {};
  return element("span", look, argument.text ?? `region ${argument.region}`);
}

function mention(entity) {
  return element("span", { class: `mention ${hueOf(entity.type)}` }, entity.text);
}

function figure(value) {
  return element("span", { class: "score" }, ` ${score(value)}`);
}

function section(title, content) {
  return element("section", { class: "part" }, element("h3", {}, title), content);
}
