/**
 * A multipart body as a blob with its media type: `fields` are [name, text], `files` [name, file].
 *
 * `FormData` is not used because it sends every line end as CR LF; the offsets of the answer would
 * not match the text as typed.
 */
export function multipart(fields, files) {
  const boundary = `umie-${randomHex(16)}`;
  const parts = [];
  for (const [name, text] of fields) parts.push(head(boundary, `name="${name}"`), text, "\r\n");
  for (const [name, file] of files) {
    const described = `name="${name}"; filename="${escaped(file.name)}"`;
    const type = `Content-Type: ${file.type || "application/octet-stream"}\r\n`;
    parts.push(head(boundary, described, type), file, "\r\n");
  }
  parts.push(`--${boundary}--\r\n`);
  return new Blob(parts, { type: `multipart/form-data; boundary=${boundary}` });
}

function head(boundary, described, type = "") {
  return `--${boundary}\r\nContent-Disposition: form-data; ${described}\r\n${type}\r\n`;
}

function escaped(name) {
  return name.replace(/["\r\n]/g, (sign) => encodeURIComponent(sign));
}

// crypto.randomUUID is missing where the page is served without TLS to another machine.
function randomHex(count) {
  const bytes = crypto.getRandomValues(new Uint8Array(count));
  return Array.from(bytes, (byte) => byte.toString(16).padStart(2, "0")).join("");
}
