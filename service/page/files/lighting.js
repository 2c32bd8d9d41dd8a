const PART = "[data-key]:not([data-passive])";

/**
 * Lights what belongs to the part under the pointer or the focus; a click keeps it lit, which is
 * how fingers do it, and a second click or Escape lets go.
 *
 * Parts are the elements with `data-key`; `links` says what lights up with each. Those that are
 * `data-passive` light up, but light nothing.
 */
export class Lighting {
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

  /** Begin anew with another answer's links. */
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
    this.#root.classList.toggle("lighting", lit.size > 0);
    for (const part of this.#root.querySelectorAll("[data-key]")) {
      part.classList.toggle("lit", lit.has(part.dataset.key));
    }
  }
}

function partAt(target) {
  return target.closest(PART)?.dataset.key ?? null;
}
