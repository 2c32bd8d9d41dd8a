import { fieldsOf } from "./fields.js";
import { multipart } from "./multipart.js";
import { Problem } from "./problem.js";

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
   * where the next request or `stop` aborts it.
   */
  async extract(request) {
    this.stop();
    const controller = new AbortController();
    this.#running = controller;
    const began = performance.now();
    try {
      const response = await this.#fetch("extract", {
        method: "POST",
        body: multipart(fieldsOf(request), request.file),
        signal: controller.signal,
      });
      const answer = await parsed(response, controller.signal);
      return { answer, took: performance.now() - began };
    } catch (error) {
      throw error.type === "unreachable" ? await fileProblem(error, request.file) : error;
    } finally {
      if (this.#running === controller) this.#running = null;
    }
  }

  /** Abort the running extraction, if any. */
  stop() {
    this.#running?.abort();
  }

  async #fetch(path, options) {
    const headers = this.key === "" ? {} : { Authorization: `Bearer ${this.key}` };
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

async function parsed(response, signal) {
  try {
    return await response.json();
  } catch (error) {
    throw connectionProblem(error, signal);
  }
}

/** The problem of a file that changed after it was chosen; `error` where it did not. */
async function fileProblem(error, file) {
  try {
    await file?.slice(0, 1).arrayBuffer();
    return error;
  } catch {
    const title = "The image can no longer be read";
    const detail = `the file ${file.name} has changed`;
    return new Problem({ type: "file-gone", title, field: "image", detail });
  }
}

function connectionProblem(error, signal) {
  if (signal?.aborted) return error;
  const detail = "there was no response, or it was incomplete";
  return new Problem({ type: "unreachable", title: "The service cannot be reached", detail });
}
