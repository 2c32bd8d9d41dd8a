import { bytes } from "./numbers.js";
import { pointCount } from "./offsets.js";
import { Problem } from "./problem.js";

const PICTURES = ["image/jpeg", "image/png", "image/webp"];

/**
 * What the service would refuse in a picture, told before a byte is sent; null where nothing is.
 * `limits` are those of `GET /model`, or {} while they are not known.
 */
export function pictureFault(file, limits) {
  const field = "image";
  // A file without a known ending has no type here, and may well be a picture.
  if (file.type !== "" && !PICTURES.includes(file.type)) {
    const title = "The image's format is not supported";
    const detail = `the file ${file.name} is ${file.type}`;
    return new Problem({ type: "image-unsupported", title, field, detail });
  }
  if (file.size > limits.max_image_bytes) {
    const title = "The image is too large";
    const most = bytes(limits.max_image_bytes);
    const detail = `the file ${file.name} has ${bytes(file.size)}, at most ${most} are admitted`;
    return new Problem({ type: "image-too-large", title, field, detail });
  }
  return null;
}

/** The same for a whole request. */
export function requestFault(request, limits) {
  if (request.file === null && request.text.trim() === "") {
    const title = "Neither text nor picture was given";
    return new Problem({ type: "empty-input", title, field: "text" });
  }
  if (request.tasks?.length === 0) {
    return new Problem({ type: "no-task", title: "There is nothing to look for", field: "tasks" });
  }
  const length = pointCount(request.text);
  if (length > limits.max_text_chars) {
    const detail = `it has ${length} characters, at most ${limits.max_text_chars} are admitted`;
    return new Problem({ type: "text-too-long", title: "The text is too long", field: "text", detail });
  }
  return request.file === null ? null : pictureFault(request.file, limits);
}
