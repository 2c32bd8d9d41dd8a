import { element } from "./dom.js";

/** Text to look at and to take along, folded away under `title`. */
export function source(title, text) {
  const block = element("pre", { tabindex: "0", role: "region", "aria-label": title }, text);
  const button = element("button", { type: "button", class: "plain copy" }, `Copy ${title}`);
  const told = element("span", { class: "quiet", role: "status" });
  button.addEventListener("click", async () => {
    told.textContent = (await copied(text, block)) ? "Copied." : "Select it and copy by hand.";
  });
  const tools = element("div", { class: "tools" }, button, told);
  return element("details", { class: "source" }, element("summary", {}, title), tools, block);
}

async function copied(text, block) {
  try {
    await navigator.clipboard.writeText(text);
    return true;
  } catch {
    // There is no clipboard object without TLS, except on this machine itself.
    getSelection().selectAllChildren(block);
    return document.execCommand("copy");
  }
}
