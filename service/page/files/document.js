import { documentFault } from "./checks.js";
import { byId } from "./dom.js";
import { bytes } from "./numbers.js";

/**
 * The document of the next request, whose text the service reads. `limits` returns the service's
 * limits; `onChange` and `onProblem` are callbacks. A file that is refused does not replace the
 * previous one.
 */
export class DocumentField {
  file = null;
  #limits;
  #onChange;
  #onProblem;

  constructor(limits, onChange, onProblem) {
    this.#limits = limits;
    this.#onChange = onChange;
    this.#onProblem = onProblem;
    byId("remove-document").addEventListener("click", () => {
      this.put(null);
      byId("file").focus();
      onChange();
    });
  }

  /** Use a file from the user, or report why it is refused. */
  take(file) {
    const fault = documentFault(file, this.#limits());
    if (fault !== null) return this.#onProblem(fault);
    this.put(file);
    this.#onChange();
  }

  /** Set the file; null removes it. */
  put(file) {
    this.file = file;
    byId("document").hidden = file === null;
    byId("document-name").textContent = file?.name ?? "";
    byId("document-facts").textContent = file === null ? "" : bytes(file.size);
  }
}
