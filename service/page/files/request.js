import { fieldsOf } from "./fields.js";
import { multipart } from "./multipart.js";
import { Problem } from "./problem.js";

/**
 * Asks the service. The key lives in this object alone; a request that begins while another runs
 * ends that one.
 */
export class Service {
  key = "";
  #running = null;

  /** The decoded answer of `GET path`; throws `Problem`. */
  async get(path) {
    return (await this.#fetch(path, {})).json();
  }

  /** A file of this page; throws `Problem`. */
  async file(path, name) {
    const blob = await (await this.#fetch(path, {})).blob();
    return new File([blob], name, { type: blob.type });
  }

  /**
   * The answer to a request, and the milliseconds that it took; throws `Problem`, and `AbortError`
   * where the next request or `stop` ended it.
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
      const answer = await whole(response, controller.signal);
      return { answer, took: performance.now() - began };
    } catch (error) {
      throw error.type === "unreachable" ? await blamed(error, request.file) : error;
    } finally {
      if (this.#running === controller) this.#running = null;
    }
  }

  /** End the request that runs, if any. */
  stop() {
    this.#running?.abort();
  }

  async #fetch(path, options) {
    const headers = this.key === "" ? {} : { Authorization: `Bearer ${this.key}` };
    let response;
    try {
      response = await fetch(path, { ...options, headers });
    } catch (error) {
      throw toldFrom(error, options.signal);
    }
    if (!response.ok) throw await Problem.of(response);
    return response;
  }
}

async function whole(response, signal) {
  try {
    return await response.json();
  } catch (error) {
    throw toldFrom(error, signal);
  }
}

/** The file's problem, where it is its fault that nothing came: it changed after it was chosen. */
async function blamed(error, file) {
  try {
    await file?.slice(0, 1).arrayBuffer();
    return error;
  } catch {
    const title = "The picture cannot be read any more";
    const detail = `the file ${file.name} has changed`;
    return new Problem({ type: "file-gone", title, field: "image", detail });
  }
}

function toldFrom(error, signal) {
  if (signal?.aborted) return error;
  const detail = "no answer came, or it broke off";
  return new Problem({ type: "unreachable", title: "The service cannot be reached", detail });
}
