import { element } from "./dom.js";
import { counted } from "./numbers.js";
import { unitOffsets } from "./offsets.js";
import { passage } from "./passage.js";

/** Shows the passages of a long text as they are done. `onStart` is called before the first. */
export class Progress {
  begun = false;
  #text = "";
  #units = [];
  #entities = 0;
  #node = element("div", { class: "passages" });
  #status;
  #onStart;

  constructor(status, onStart) {
    this.#status = status;
    this.#onStart = onStart;
  }

  /** The text that the offsets of the passages refer to. */
  text(text) {
    this.#text = text;
    this.#units = unitOffsets(text);
  }

  /** A line of the response. A text of one passage is shown with the whole answer. */
  passage({ passage: number, of, start, end, entities }) {
    if (of === 1) return;
    if (!this.begun) this.#onStart(this.#node);
    this.begun = true;
    const own = entities.map((entity) => ({
      ...entity,
      id: this.#entities++,
      start: entity.start - start,
      end: entity.end - start,
      regions: [],
    }));
    const text = this.#text.slice(this.#units[start], this.#units[end]);
    this.#node.append(passage(text, { entities: own, events: [] }));
    const found = counted(this.#entities, "entity", "entities");
    this.#status.textContent = `Passage ${number + 1} of ${of}, ${found} so far…`;
  }
}
