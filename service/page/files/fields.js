/**
 * The text fields of a request, with the service's names and in its order. Empty fields and the
 * service's defaults are left out. The files are not included.
 */
export function fieldsOf(request) {
  const fields = [];
  if (request.text !== "") fields.push(["text", request.text]);
  if (request.tasks !== null) fields.push(["tasks", request.tasks.join(",")]);
  for (const name of ["ontology", "entity_types", "relation_types", "event_types"]) {
    if (request[name] !== "") fields.push([name, request[name]]);
  }
  if (request.min_score > 0) fields.push(["min_score", String(request.min_score)]);
  return fields;
}

/** The files of a request, [name, file], with the service's names. */
export function filesOf(request) {
  const files = [["image", request.file], ["document", request.document]];
  return files.filter(([, file]) => file !== null);
}
