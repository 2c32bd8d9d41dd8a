import { pictureFault } from "./checks.js";
import { byId } from "./dom.js";
import { bytes } from "./numbers.js";

/**
 * The image of the next request. `limits` returns the service's limits; `onChange` and `onProblem`
 * are callbacks. A file that is refused does not replace the previous one.
 */
export class PictureField {
  file = null;
  #url = null;
  #limits;
  #onChange;
  #onProblem;

  constructor(limits, onChange, onProblem) {
    this.#limits = limits;
    this.#onChange = onChange;
    this.#onProblem = onProblem;
    byId("remove").addEventListener("click", () => {
      this.put(null);
      byId("file").focus();
      onChange();
    });
    byId("preview").addEventListener("load", (event) => this.#measured(event.target));
    byId("preview").addEventListener("error", () => {
      byId("preview").hidden = true;
      this.#describe("this browser cannot display it");
    });
  }

  /** Use a file from the user, or report why it is refused. */
  take(file) {
    const fault = pictureFault(file, this.#limits());
    if (fault !== null) return this.#onProblem(fault);
    this.put(file);
    this.#onChange();
  }

  /** Set the file; null removes it. */
  put(file) {
    this.file = file;
    if (this.#url !== null) URL.revokeObjectURL(this.#url);
    this.#url = file === null ? null : URL.createObjectURL(file);
    byId("chosen").hidden = file === null;
    byId("drop").classList.toggle("holding", file !== null);
    if (file === null) return byId("preview").removeAttribute("src");
    byId("preview").hidden = false;
    byId("preview").src = this.#url;
    byId("file-name").textContent = file.name;
    this.#describe();
  }

  #describe(...more) {
    byId("file-facts").textContent = [bytes(this.file.size), ...more].join(", ");
  }

  #measured(image) {
    if (this.file !== null) this.#describe(`${image.naturalWidth} × ${image.naturalHeight}`);
  }
}
