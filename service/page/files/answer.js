import { boxedPicture } from "./boxes.js";
import { curlCommand } from "./curl.js";
import { element } from "./dom.js";
import { fieldsOf } from "./fields.js";
import { gate, timing } from "./measures.js";
import { counted, milliseconds } from "./numbers.js";
import { passage } from "./passage.js";
import { eventList, relationList } from "./records.js";
import { source } from "./source.js";

/** All of an answer, as elements. `url` is the picture's, null without one. */
export function answerParts(request, url, { answer, took }, keyed) {
  const parts = [];
  if (request.text.trim() !== "") parts.push(passage(request.text, answer));
  const pair = element("div", { class: "pair" });
  if (url !== null) pair.append(boxedPicture(url, request.file.name, answer));
  const records = [relationList(answer), eventList(answer)].filter((part) => part !== null);
  if (records.length > 0) pair.append(element("div", { class: "records" }, ...records));
  if (pair.childElementCount > 0) parts.push(pair);
  const measures = [timing(answer.timing_ms, took)];
  if (url !== null) measures.push(gate(answer.gate));
  parts.push(element("div", { class: "pair measures" }, ...measures.filter((part) => part !== null)));
  const address = new URL("extract", document.baseURI).href;
  const command = curlCommand(address, fieldsOf(request), request.file?.name ?? null, keyed);
  parts.push(source("JSON", JSON.stringify(answer, null, 2)), source("curl", command));
  return parts;
}

/** An answer in a line, for eyes and for screen readers. */
export function summary(answer) {
  const found = [
    counted(answer.entities.length, "entity", "entities"),
    counted(answer.relations.length, "relation"),
    counted(answer.events.length, "event"),
  ];
  if (answer.image !== null) found.push(counted(answer.regions.length, "region"));
  const told = `${found.join(", ")} in ${milliseconds(answer.timing_ms.total)}.`;
  return told[0].toUpperCase() + told.slice(1);
}
