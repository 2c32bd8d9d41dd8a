import { Problem } from "./problem.js";

/**
 * Read the lines of a streamed response: `progress` gets the text and the passages; returns the
 * extraction. Throws `Problem` where the last line is one, `TypeError` where there is no last line.
 */
export async function readLines(response, progress) {
  let last = {};
  // To the end of the body: the browser aborts a response that is not read to its end.
  for await (const line of linesOf(response.body)) {
    const value = JSON.parse(line);
    if (value.extraction || value.problem) last = value;
    else if (value.text !== undefined) progress.text(value.text);
    else progress.passage(value);
  }
  if (last.problem) throw new Problem(last.problem, response.headers);
  if (!last.extraction) throw new TypeError("the response has no last line");
  return last.extraction;
}

async function* linesOf(body) {
  const reader = body.pipeThrough(new TextDecoderStream()).getReader();
  let rest = "";
  for (let part = await reader.read(); !part.done; part = await reader.read()) {
    const lines = (rest + part.value).split("\n");
    rest = lines.pop();
    yield* lines;
  }
}
