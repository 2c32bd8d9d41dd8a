import { boxedPicture } from "./boxes.js";
import { curlCommand } from "./curl.js";
import { element } from "./dom.js";
import { fieldsOf, filesOf } from "./fields.js";
import { gate, timing } from "./measures.js";
import { counted, milliseconds } from "./numbers.js";
import { passage } from "./passage.js";
import { eventList, relationList } from "./records.js";
import { source } from "./source.js";

/** The elements that show an answer. `url` is the URL of the image, null without one. */
export function answerParts(request, url, { answer, took }, keyed) {
  const parts = [];
  const text = answer.text ?? request.text;
  if (text.trim() !== "") parts.push(passage(text, answer));
  const pair = element("div", { class: "pair" });
  if (url !== null) pair.append(boxedPicture(url, request.file.name, answer));
  const records = [relationList(answer), eventList(answer)].filter((part) => part !== null);
  if (records.length > 0) pair.append(element("div", { class: "records" }, ...records));
  if (pair.childElementCount > 0) parts.push(pair);
  const measures = [timing(answer.timing_ms, took)];
  if (url !== null) measures.push(gate(answer.gate));
  parts.push(element("div", { class: "pair measures" }, ...measures.filter((part) => part !== null)));
  const address = new URL("extract", document.baseURI).href;
  const files = filesOf(request).map(([field, file]) => [field, file.name]);
  const command = curlCommand(address, fieldsOf(request), files, keyed);
  parts.push(source("JSON", JSON.stringify(answer, null, 2)), source("curl", command));
  return parts;
}

/** A one-line summary of an answer, also read by screen readers. */
export function summary(answer) {
  const found = [
    counted(answer.entities.length, "entity", "entities"),
    counted(answer.relations.length, "relation"),
    counted(answer.events.length, "event"),
  ];
  if (answer.image !== null) found.push(counted(answer.regions.length, "region"));
  const text = `${found.join(", ")} in ${milliseconds(answer.timing_ms.total)}.`;
  return text[0].toUpperCase() + text.slice(1);
}
