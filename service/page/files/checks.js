import { bytes } from "./numbers.js";
import { pointCount } from "./offsets.js";
import { Problem } from "./problem.js";

const FORMATS = ["avif", "bmp", "gif", "heic", "heif", "jpeg", "png", "tiff", "webp", "x-ms-bmp"];
const PICTURES = FORMATS.map((name) => `image/${name}`);

const DOCUMENTS = /\.(txt|md|html?|docx|pdf)$/i;

/** Whether a file is a document, by its name: browsers know the types of few of them. */
export function isDocument(file) {
  return DOCUMENTS.test(file.name);
}

/** The problem of a document, as `pictureFault` for an image. */
export function documentFault(file, limits) {
  if (!(file.size > limits.max_document_bytes)) return null;
  const title = "The document is too large";
  const limit = bytes(limits.max_document_bytes);
  const detail = `the file ${file.name} has ${bytes(file.size)}; it must have at most ${limit}`;
  return new Problem({ type: "document-too-large", title, field: "document", detail });
}

/**
 * The problem that the service would report for an image, found before it is sent; null where the
 * image is valid. `limits` are those of `GET /model`, or {} while they are not loaded.
 */
export function pictureFault(file, limits) {
  const field = "image";
  // A file with an unknown extension has no type here, but may be an image.
  if (file.type !== "" && !PICTURES.includes(file.type)) {
    const title = "The file's format is not supported";
    const detail = `the file ${file.name} is ${file.type}`;
    return new Problem({ type: "image-unsupported", title, field, detail });
  }
  if (file.size > limits.max_image_bytes) {
    const title = "The image is too large";
    const limit = bytes(limits.max_image_bytes);
    const detail = `the file ${file.name} has ${bytes(file.size)}; it must have at most ${limit}`;
    return new Problem({ type: "image-too-large", title, field, detail });
  }
  return null;
}

/** The same for a whole request. */
export function requestFault(request, limits) {
  if (request.document !== null && request.text.trim() !== "") {
    const title = "Text and document cannot both be given";
    return new Problem({ type: "text-and-document", title, field: "text" });
  }
  if (request.file === null && request.document === null && request.text.trim() === "") {
    const title = "Text or image must be given";
    return new Problem({ type: "empty-input", title, field: "text" });
  }
  if (request.tasks?.length === 0) {
    return new Problem({ type: "no-task", title: "No task is selected", field: "tasks" });
  }
  const length = pointCount(request.text);
  if (length > limits.max_text_chars) {
    const detail = `text must have at most ${limits.max_text_chars} characters, not ${length}`;
    return new Problem({ type: "text-too-long", title: "The text is too long", field: "text", detail });
  }
  return request.file === null ? null : pictureFault(request.file, limits);
}
