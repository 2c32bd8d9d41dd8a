import { element } from "./dom.js";
import { hueOf } from "./hues.js";
import { keyOf } from "./links.js";
import { score } from "./numbers.js";
import { unitOffsets } from "./offsets.js";
import { pieces } from "./spans.js";

const LONGEST_KEPT = 16;

/** The text with the answer's entities, triggers and arguments marked in it. */
export function passage(text, answer) {
  const units = unitOffsets(text);
  const spans = [...entitySpans(answer), ...eventSpans(answer)].filter((s) => s.start !== null);
  const node = element("p", { class: "passage", dir: "auto" });
  for (const piece of pieces(units.length - 1, spans)) {
    let inner = [text.slice(units[piece.start], units[piece.end])];
    for (const span of piece.spans.toReversed()) {
      inner = [marked(span, piece, inner)];
    }
    node.append(...inner);
  }
  return node;
}

function marked(span, piece, inner) {
  const ends = piece.end === span.end;
  const places = [piece.start === span.start && "first", ends && "last"].filter(Boolean);
  const mark = element("span", {
    class: ["mark", span.kind, span.type ? hueOf(span.type) : "", ...places].join(" "),
    "data-key": span.key,
    "data-passive": span.kind === "argument",
  });
  mark.append(...(ends && span.type ? withTag(inner, span) : inner));
  return mark;
}

/** Keep a span's last word and its tag on one line, unless they are too long for a phone. */
function withTag(inner, span) {
  const text = inner.at(-1);
  const [word] = typeof text === "string" ? text.match(/\S*$/) : [""];
  const longest = Math.max(word.length, span.type.length);
  if (word === "" || longest > LONGEST_KEPT) return [...inner, tag(span)];
  const together = element("span", { class: "together" }, word, tag(span));
  return [...inner.slice(0, -1), text.slice(0, text.length - word.length), together];
}

function tag(span) {
  const shownScore = score(span.score);
  return element(
    "button",
    {
      class: "tag",
      type: "button",
      "data-key": span.key,
      "aria-pressed": "false",
      "aria-label": `${span.type} ${shownScore}: ${span.text}${span.more}`,
    },
    span.type,
    element("span", { class: "score" }, ` ${shownScore}`),
  );
}

function entitySpans(answer) {
  return answer.entities.map((entity) => ({
    ...entity,
    kind: "entity",
    key: keyOf.entity(entity.id),
    more: entity.regions.length > 0 ? `, grounded in ${entity.regions.join(", ")}` : "",
  }));
}

function eventSpans(answer) {
  return answer.events.flatMap((event, index) => {
    const trigger = { ...event.trigger, type: event.type, score: event.score, more: "" };
    const own = { ...trigger, kind: "trigger", key: keyOf.event(index) };
    const places = event.arguments.map((argument, place) => ({
      start: argument.start,
      end: argument.end,
      kind: "argument",
      key: keyOf.argument(index, place),
    }));
    return [own, ...places];
  });
}
