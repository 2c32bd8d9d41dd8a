import { byId } from "./dom.js";

/** Call `take` with each file that is chosen, dropped anywhere on the page, or pasted. */
export function listenForFiles(take) {
  byId("file").addEventListener("change", (event) => {
    const [file] = event.target.files;
    // Cleared, so that choosing the same file again fires a change event.
    event.target.value = "";
    if (file) take(file);
  });
  listenForDrops(take);
  document.addEventListener("paste", (event) => {
    const [file] = event.clipboardData.files;
    // Word processors add an image of the copied text to the clipboard.
    if (!file || event.clipboardData.types.includes("text/plain")) return;
    event.preventDefault();
    take(file);
  });
}

function listenForDrops(take) {
  // Anywhere on the page: a browser navigates to an image that is dropped outside a drop target.
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
    for (const file of event.dataTransfer.files) take(file);
  });
}
