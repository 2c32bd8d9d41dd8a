import { byId } from "./dom.js";

const LISTS = ["entity_types", "relation_types", "event_types"];

/** Read a request from the form's fields and the chosen files. `known` is the catalogue. */
export function readForm(file, document, known) {
  const boxes = [...byId("tasks").querySelectorAll("input")];
  const tasks = boxes.filter((box) => box.checked).map((box) => box.value);
  const ontology = byId("ontology").value;
  const request = {
    text: byId("text").value,
    file,
    document,
    tasks: tasks.length === boxes.length ? null : tasks,
    ontology: ontology === known.defaultOntology ? "" : ontology,
    min_score: Number(byId("min_score").value),
  };
  for (const name of LISTS) request[name] = byId(name).value.trim().replace(/\s*,[\s,]*$/, "");
  return request;
}

/** Fill the form with an example; fields that it lacks get the service's defaults. */
export function fillForm(example, known) {
  byId("text").value = example.text;
  byId("text").dispatchEvent(new Event("input"));
  for (const box of byId("tasks").querySelectorAll("input")) {
    box.checked = example.tasks?.includes(box.value) ?? true;
  }
  chooseOntology(example.ontology ?? known.defaultOntology);
  for (const name of LISTS) byId(name).value = example[name] ?? "";
  byId("own").open = LISTS.some((name) => example[name]);
  byId("min_score").value = "0";
  byId("min_score").dispatchEvent(new Event("input"));
  byId("ontology").dispatchEvent(new Event("change"));
}

function chooseOntology(name) {
  const list = byId("ontology");
  // The ontologies may not be loaded yet; loading them keeps the selection.
  if (![...list.options].some((option) => option.value === name)) list.add(new Option(name, name));
  list.value = name;
}
