/** An error, with the members of the service's problem documents and the response's headers. */
export class Problem extends Error {
  constructor({ type, title, detail = "", status = 0, field = null }, headers = new Headers()) {
    super(title);
    this.type = type;
    this.title = title;
    this.detail = detail;
    this.status = status;
    this.field = field;
    this.requestId = headers.get("X-Request-ID");
    const seconds = Number.parseInt(headers.get("Retry-After") ?? "", 10);
    this.retryAfterS = Number.isNaN(seconds) ? null : seconds;
  }

  /** The problem of a response with an error status. */
  static async of(response) {
    if ((response.headers.get("Content-Type") ?? "").startsWith("application/problem+json")) {
      const document = await response.json().catch(() => null);
      if (document !== null) return new Problem(document, response.headers);
    }
    const detail = "the response comes from a proxy between this page and the service";
    const title = `HTTP status ${response.status} ${response.statusText}`.trim();
    return new Problem(
      { type: "foreign", title, detail, status: response.status },
      response.headers,
    );
  }

  /** What the user can do about it. */
  get advice() {
    return BY_TYPE[this.type] ?? BY_STATUS[this.status] ?? "Try again later.";
  }
}

const FORMATS = "JPEG, PNG, WebP, GIF, BMP, TIFF, AVIF or HEIC";
const DOCUMENTS = ".txt, .md, .html, .docx or .pdf";
const WAIT = "Your input is kept. Wait a few seconds, then try again.";
const BY_TYPE = {
  unauthorised: "Enter an API key below, then press Extract.",
  unreachable: "Your input is kept. Check that the service runs and that you are online, then try again.",
  "empty-input": "Enter a text, choose an image or a document, or choose an example.",
  "no-task": "Select at least one of entities, relations and events.",
  "text-too-long": "Shorten the text, or send it in parts.",
  "invalid-labels": "Give each label once, separated by commas, or leave the field empty.",
  "unknown-ontology": "Choose another ontology.",
  "body-too-large": "Choose a smaller image, or scale it down.",
  "image-too-large": "Choose a smaller image, or scale it down.",
  "image-unsupported": `Choose a ${FORMATS}, or a document: ${DOCUMENTS}.`,
  "document-unsupported": `Choose a ${DOCUMENTS} file, or paste its text.`,
  "document-too-large": "Split the document, or paste a part of its text.",
  "document-unreadable": "Save the document again, or paste its text.",
  "reader-unavailable": "Wait a few seconds, then try again, or paste the text.",
  "text-and-document": "Remove the document, or clear the text.",
  "image-damaged": "The file is damaged or incomplete. Save it again, or choose another.",
  "file-gone": "Choose the file again.",
  "no-visual-tower": "Remove the image: this model takes text only.",
  "queue-full": WAIT,
  "rate-limited": WAIT,
  "engine-unavailable": WAIT,
  "deadline-exceeded": "Your input is kept. Wait, or send a shorter text or fewer tasks.",
  "internal-error": "Your input is kept. Try again; if it fails again, contact the operator of the service.",
};
const BY_STATUS = {
  400: "Correct the request, then press Extract.",
  413: "Choose a smaller image or a shorter text.",
  415: `Choose a ${FORMATS}.`,
  422: "Correct the request, then press Extract.",
  429: WAIT,
  502: WAIT,
  503: WAIT,
  504: WAIT,
};
