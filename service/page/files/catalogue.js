import { byId, element } from "./dom.js";
import { counted } from "./numbers.js";

const PARTS = [
  ["entity_types", "entity type"],
  ["relation_types", "relation type"],
  ["event_types", "event type"],
];

/** The ontologies, the model and the limits of the service. */
export class Catalogue {
  limits = {};
  defaultOntology = "";
  known = false;
  #ontologies = new Map();

  constructor() {
    byId("ontology").addEventListener("change", () => this.#describe());
  }

  /** Load the catalogue; throws `Problem`. The selected ontology stays selected. */
  async load(service) {
    const [model, listed] = await Promise.all([service.get("model"), service.get("ontologies")]);
    const chosen = byId("ontology").value;
    this.known = true;
    this.limits = model.limits;
    this.defaultOntology = model.default_ontology;
    this.#ontologies = new Map(listed.map((ontology) => [ontology.name, ontology]));
    const options = listed.map((one) =>
      element("option", { value: one.name }, `${one.name}: ${one.title}`),
    );
    byId("ontology").replaceChildren(...options);
    byId("ontology").value = chosen || this.defaultOntology;
    byId("model").textContent = [model.model, model.precision, model.provider].join(" · ");
    this.#describe();
  }

  #describe() {
    const ontology = this.#ontologies.get(byId("ontology").value);
    if (ontology === undefined) return;
    const counts = PARTS.map(([part, one]) => counted(ontology[part].length, one));
    byId("inventory").textContent = counts.join(", ");
    for (const [part] of PARTS) {
      const names = ontology[part].map((label) => label.type ?? label);
      byId(part).placeholder = names.length > 0 ? names.join(", ") : "none";
    }
  }
}
