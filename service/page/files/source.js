import { element } from "./dom.js";

/** A collapsed block of text with a copy button. */
export function source(title, text) {
  const block = element("pre", { tabindex: "0", role: "region", "aria-label": title }, text);
  const button = element("button", { type: "button", class: "plain copy" }, `Copy ${title}`);
  const status = element("span", { class: "quiet", role: "status" });
  button.addEventListener("click", async () => {
    status.textContent = (await copied(text, block)) ? "Copied." : "Copying failed. Select the text and copy it.";
  });
  const tools = element("div", { class: "tools" }, button, status);
  return element("details", { class: "source" }, element("summary", {}, title), tools, block);
}

async function copied(text, block) {
  try {
    await navigator.clipboard.writeText(text);
    return true;
  } catch {
    // Without TLS browsers provide no clipboard object, except on localhost.
    getSelection().selectAllChildren(block);
    return document.execCommand("copy");
  }
}
