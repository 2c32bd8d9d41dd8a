/** What went wrong, with the members of the service's problem documents and the answer's headers. */
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

  /** The problem that an answer with an error's status tells of. */
  static async of(response) {
    if ((response.headers.get("Content-Type") ?? "").startsWith("application/problem+json")) {
      const told = await response.json().catch(() => null);
      if (told !== null) return new Problem(told, response.headers);
    }
    const detail = "the answer comes from something between this page and the service";
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

const WAIT = "Your input is kept. Wait a little, then try again.";
const BY_TYPE = {
  unauthorised: "Enter a key of this service below, then press Extract.",
  unreachable: "Your input is kept. See that the service runs and you are online, then try again.",
  "empty-input": "Type a text, choose a picture, or pick an example.",
  "no-task": "Tick at least one of entities, relations and events.",
  "text-too-long": "Shorten the text, or ask in parts.",
  "invalid-labels": "Each label once, with commas between them; or leave the field empty.",
  "unknown-ontology": "Choose another list of labels.",
  "body-too-large": "Choose a smaller picture, or scale it down.",
  "image-too-large": "Choose a smaller picture, or scale it down.",
  "image-unsupported": "Choose a JPEG, PNG or WebP, or save the picture as one of them.",
  "image-damaged": "The file is broken or incomplete. Save it again, or choose another.",
  "file-gone": "Choose the picture again.",
  "no-visual-tower": "Remove the picture: this model reads text alone.",
  "queue-full": WAIT,
  "rate-limited": WAIT,
  "engine-unavailable": WAIT,
  "deadline-exceeded": "Your input is kept. Wait, or ask for less: a shorter text, fewer tasks.",
  "internal-error": "Your input is kept. Try again; if it fails again, tell who runs the service.",
};
const BY_STATUS = {
  400: "Change the request as told, then press Extract.",
  413: "Choose a smaller picture or a shorter text.",
  415: "Choose a JPEG, PNG or WebP.",
  422: "Change the request as told, then press Extract.",
  429: WAIT,
  502: WAIT,
  503: WAIT,
  504: WAIT,
};
