import { fieldsOf, filesOf } from "./fields.js";
import { readLines } from "./lines.js";
import { multipart } from "./multipart.js";
import { Problem } from "./problem.js";

const STREAMED_CHARS = 1000;
const STREAMED_DOCUMENT_BYTES = 50_000;

/**
 * Sends requests to the service. Only this object has the API key. A new extraction aborts the one
 * that is running.
 */
export class Service {
  key = "";
  #running = null;

  /** The parsed response of `GET path`; throws `Problem`. */
  async get(path) {
    return (await this.#fetch(path, {})).json();
  }

  /** A file of this page; throws `Problem`. */
  async file(path, name) {
    const blob = await (await this.#fetch(path, {})).blob();
    return new File([blob], name, { type: blob.type });
  }

  /**
   * The answer to a request and its duration in milliseconds; throws `Problem`, and `AbortError`
   * where the next request or `stop` aborts it. `progress` gets the passages that are done.
   */
  async extract(request, progress) {
    this.stop();
    const controller = new AbortController();
    this.#running = controller;
    const began = performance.now();
    const streamed = isLong(request);
    const kind = streamed ? "application/x-ndjson" : "application/json";
    try {
      const response = await this.#fetch("extract", {
        method: "POST",
        headers: { Accept: `${kind}, application/problem+json` },
        body: multipart(fieldsOf(request), filesOf(request)),
        signal: controller.signal,
      });
      const answer = await parsed(response, streamed ? progress : null, controller.signal);
      return { answer, took: performance.now() - began };
    } catch (error) {
      throw error.type === "unreachable" ? await fileProblem(error, filesOf(request)) : error;
    } finally {
      if (this.#running === controller) this.#running = null;
    }
  }

  /** Abort the running extraction, if any. */
  stop() {
    this.#running?.abort();
  }

  async #fetch(path, options) {
    const headers = { ...options.headers };
    if (this.key !== "") headers.Authorization = `Bearer ${this.key}`;
    let response;
    try {
      response = await fetch(path, { ...options, headers });
    } catch (error) {
      throw connectionProblem(error, options.signal);
    }
    if (!response.ok) throw await Problem.of(response);
    return response;
  }
}

/** Whether an answer takes long enough that its passages are shown as they are done. */
function isLong(request) {
  const bytes = request.document?.size ?? 0;
  return bytes > STREAMED_DOCUMENT_BYTES || request.text.length > STREAMED_CHARS;
}

async function parsed(response, progress, signal) {
  try {
    return await (progress ? readLines(response, progress) : response.json());
  } catch (error) {
    throw error instanceof Problem ? error : connectionProblem(error, signal);
  }
}

/** The problem of a file that changed after it was chosen; `error` where none did. */
async function fileProblem(error, files) {
  for (const [field, file] of files) {
    try {
      await file.slice(0, 1).arrayBuffer();
    } catch {
      const title = `The ${field} can no longer be read`;
      const detail = `the file ${file.name} has changed`;
      return new Problem({ type: "file-gone", title, field, detail });
    }
  }
  return error;
}

function connectionProblem(error, signal) {
  if (signal?.aborted) return error;
  const detail = "there was no response, or it was incomplete";
  return new Problem({ type: "unreachable", title: "The service cannot be reached", detail });
}
