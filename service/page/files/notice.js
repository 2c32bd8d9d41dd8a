import { byId, element } from "./dom.js";

const FILES = ["image", "document"];

/** Shows a problem below the form: what is wrong and what to do. */
export class Notice {
  #place;
  #form;
  #timer = 0;

  constructor(place, form) {
    this.#place = place;
    this.#form = form;
  }

  /** Remove the problem. */
  clear() {
    clearInterval(this.#timer);
    this.#place.replaceChildren();
    for (const node of this.#form.querySelectorAll("[aria-invalid]")) {
      node.removeAttribute("aria-invalid");
      node.removeAttribute("aria-errormessage");
    }
  }

  /** Show a problem and mark the field at fault. */
  show(problem) {
    this.clear();
    const box = element("div", { class: "problem" });
    box.append(element("p", { class: "title" }, problem.title));
    if (problem.detail && problem.detail !== problem.title) {
      box.append(element("p", {}, sentence(problem.detail)));
    }
    box.append(element("p", { class: "advice" }, problem.advice));
    if (problem.retryAfterS !== null) box.append(this.#countdown(problem.retryAfterS));
    if (problem.requestId !== null) {
      box.append(element("p", { class: "quiet" }, `Request ${problem.requestId}`));
    }
    this.#place.replaceChildren(box);
    this.#mark(problem.field);
  }

  #mark(field) {
    const node = byId(FILES.includes(field) ? "file" : field);
    if (!node?.matches("input, textarea, select")) return;
    const folded = node.closest("details");
    if (folded !== null) folded.open = true;
    node.setAttribute("aria-invalid", "true");
    node.setAttribute("aria-errormessage", this.#place.id);
  }

  #countdown(seconds) {
    // Not a submit button: Enter activates the first one of a form, and this one starts disabled.
    const button = element("button", { type: "button", class: "plain" }, "Try again");
    button.addEventListener("click", () => this.#form.requestSubmit());
    const until = performance.now() + seconds * 1000;
    const tick = () => {
      const left = Math.ceil((until - performance.now()) / 1000);
      button.disabled = left > 0;
      button.textContent = left > 0 ? `Try again in ${left} s` : "Try again";
      if (left <= 0) clearInterval(this.#timer);
    };
    this.#timer = setInterval(tick, 500);
    tick();
    return button;
  }
}

function sentence(text) {
  return `${text[0].toUpperCase()}${text.slice(1)}${/[.!?]$/.test(text) ? "" : "."}`;
}
