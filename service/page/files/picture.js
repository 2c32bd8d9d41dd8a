import { pictureFault } from "./checks.js";
import { byId } from "./dom.js";
import { bytes } from "./numbers.js";

/**
 * The picture of the next request: picked, dropped anywhere on the page, or pasted. `limits` is
 * asked for the service's limits, `onChange` and `onProblem` are told what happened. A file that is
 * refused leaves the one before in place.
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
    byId("file").addEventListener("change", (event) => {
      const [file] = event.target.files;
      // Emptied, so that picking the same file again is a change again.
      event.target.value = "";
      if (file) this.take(file);
    });
    byId("remove").addEventListener("click", () => {
      this.put(null);
      byId("file").focus();
      onChange();
    });
    byId("preview").addEventListener("load", (event) => this.#measured(event.target));
    byId("preview").addEventListener("error", () => {
      byId("preview").hidden = true;
      this.#tell("this browser cannot show it");
    });
    this.#listenForDrops();
    document.addEventListener("paste", (event) => this.#paste(event));
  }

  /** Use a file that the user gave, or tell why not. */
  take(file) {
    const fault = pictureFault(file, this.#limits());
    if (fault !== null) return this.#onProblem(fault);
    this.put(file);
    this.#onChange();
  }

  /** Use `file`, null for none. */
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
    this.#tell();
  }

  #tell(...more) {
    byId("file-facts").textContent = [bytes(this.file.size), ...more].join(", ");
  }

  #measured(image) {
    if (this.file !== null) this.#tell(`${image.naturalWidth} × ${image.naturalHeight}`);
  }

  #listenForDrops() {
    // Anywhere on the page: a browser opens a picture that is dropped beside the field in its place.
    addEventListener("dragover", (event) => {
      if (!event.dataTransfer.types.includes("Files")) return;
      event.preventDefault();
      byId("drop").classList.add("over");
    });
    addEventListener("dragleave", (event) => {
      if (event.relatedTarget === null) byId("drop").classList.remove("over");
    });
    addEventListener("drop", (event) => {
      byId("drop").classList.remove("over");
      if (!event.dataTransfer.types.includes("Files")) return;
      event.preventDefault();
      const [file] = event.dataTransfer.files;
      if (file) this.take(file);
    });
  }

  #paste(event) {
    const [file] = event.clipboardData.files;
    // Word processors put a picture of the words beside the words.
    if (!file || event.clipboardData.types.includes("text/plain")) return;
    event.preventDefault();
    this.take(file);
  }
}
