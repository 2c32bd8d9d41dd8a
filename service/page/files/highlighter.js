const PART = "[data-key]:not([data-passive])";

/**
 * Highlights what is linked to the part under the pointer or the focus. A click keeps the highlight,
 * also on touch screens; a second click or Escape removes it.
 *
 * Parts are the elements with `data-key`; `links` has the parts that are highlighted with each one.
 * Parts with `data-passive` are highlighted, but do not start a highlight.
 */
export class Highlighter {
  #root;
  #links = new Map();
  #kept = null;

  constructor(root) {
    this.#root = root;
    root.addEventListener("pointerover", (event) => {
      if (event.pointerType !== "touch") this.#show(partAt(event.target) ?? this.#kept);
    });
    root.addEventListener("pointerleave", () => this.#show(this.#kept));
    root.addEventListener("focusin", (event) => this.#show(partAt(event.target) ?? this.#kept));
    root.addEventListener("focusout", () => this.#show(this.#kept));
    root.addEventListener("click", (event) => this.#keep(partAt(event.target)));
    document.addEventListener("keydown", (event) => {
      if (event.key === "Escape") this.#keep(null);
    });
  }

  /** Use the links of another answer and remove the highlight. */
  use(links) {
    this.#links = links;
    this.#kept = null;
    this.#show(null);
  }

  #keep(key) {
    if (key === null && this.#kept === null) return;
    this.#kept = key === this.#kept ? null : key;
    for (const button of this.#root.querySelectorAll("button[data-key]")) {
      button.setAttribute("aria-pressed", String(button.dataset.key === this.#kept));
    }
    this.#show(this.#kept);
  }

  #show(key) {
    const lit = this.#links.get(key) ?? new Set();
    this.#root.classList.toggle("highlighting", lit.size > 0);
    for (const part of this.#root.querySelectorAll("[data-key]")) {
      part.classList.toggle("highlighted", lit.has(part.dataset.key));
    }
  }
}

function partAt(target) {
  return target.closest(PART)?.dataset.key ?? null;
}
