import { answerParts, summary } from "./answer.js";
import { Catalogue } from "./catalogue.js";
import { isDocument, requestFault } from "./checks.js";
import { showCount } from "./counter.js";
import { DocumentField } from "./document.js";
import { byId } from "./dom.js";
import { exampleButtons, examplePicture } from "./examples.js";
import { fillForm, readForm } from "./form.js";
import { Highlighter } from "./highlighter.js";
import { listenForFiles } from "./incoming.js";
import { linksOf } from "./links.js";
import { Notice } from "./notice.js";
import { score } from "./numbers.js";
import { PictureField } from "./picture.js";
import { Problem } from "./problem.js";
import { Progress } from "./progress.js";
import { Service } from "./request.js";

const form = byId("form");
const results = byId("results");
const service = new Service();
const catalogue = new Catalogue();
const notice = new Notice(byId("problem"), form);
const highlighter = new Highlighter(results);
const callbacks = [
  () => catalogue.limits,
  () => notice.clear(),
  (problem) => notice.show(problem),
];
const picture = new PictureField(...callbacks);
const report = new DocumentField(...callbacks);
let shownUrl = null;
let turn = 0;

async function extract() {
  service.key = byId("key").value.trim();
  notice.clear();
  const request = readForm(picture.file, report.file, catalogue);
  const fault = requestFault(request, catalogue.limits);
  if (fault !== null) return fail(fault);
  const mine = begin();
  const progress = new Progress(byId("status"), showPassages);
  progress.text(request.text);
  try {
    const done = await service.extract(request, progress);
    await show(request, done, mine);
  } catch (error) {
    if (mine === turn) fail(error, progress.begun);
  } finally {
    if (mine === turn) end();
  }
  // The catalogue could not be loaded with the page; the service may be available now.
  if (mine === turn && !catalogue.known) await loadCatalogue();
}

function begin() {
  turn += 1;
  byId("answer").setAttribute("aria-busy", "true");
  byId("status").textContent = "Extracting…";
  byId("stop").hidden = false;
  return turn;
}

function end() {
  byId("answer").removeAttribute("aria-busy");
  byId("stop").hidden = true;
}

async function show(request, done, mine) {
  const url = request.file === null ? null : URL.createObjectURL(request.file);
  const parts = answerParts(request, url, done, service.key !== "");
  // An image has no size before it is decoded; the layout below it would shift.
  const pictures = parts.flatMap((part) => [...part.querySelectorAll("img")]);
  await Promise.allSettled(pictures.map((image) => image.decode()));
  if (mine !== turn) return URL.revokeObjectURL(url);
  byId("answer").replaceChildren(...parts);
  if (shownUrl !== null) URL.revokeObjectURL(shownUrl);
  shownUrl = url;
  highlighter.use(linksOf(done.answer));
  byId("status").textContent = summary(done.answer);
  // On a phone the answer starts below the visible area.
  if (results.getBoundingClientRect().top > innerHeight * 0.7) results.scrollIntoView();
}

function showPassages(node) {
  byId("answer").replaceChildren(node);
  highlighter.use(new Map());
}

function fail(error, partly = false) {
  if (error.name === "AbortError") {
    byId("status").textContent = "Stopped.";
    return;
  }
  const previous = byId("answer").childElementCount > 0;
  const kept = partly ? "the passages that were done are shown" : "the previous answer is shown";
  byId("status").textContent = previous ? `The request failed; ${kept}.` : "No answer.";
  showProblem(error);
}

function showProblem(error) {
  if (!(error instanceof Problem)) throw error;
  notice.show(error);
  if (error.type === "unauthorised") {
    byId("key-field").hidden = false;
    byId("key").focus();
  }
}

async function loadCatalogue() {
  try {
    await catalogue.load(service);
    showCount(catalogue.limits);
  } catch (error) {
    showProblem(error);
  }
}

async function choose(example) {
  notice.clear();
  service.stop();
  const mine = (turn += 1);
  if (byId("answer").ariaBusy) byId("status").textContent = "Stopped.";
  end();
  fillForm(example, catalogue);
  picture.put(null);
  report.put(null);
  try {
    const file = await examplePicture(example, service);
    if (mine === turn) picture.put(file);
  } catch (error) {
    if (mine === turn) showProblem(error);
  }
}

form.addEventListener("submit", (event) => {
  event.preventDefault();
  extract();
});
document.addEventListener("keydown", (event) => {
  if (event.key !== "Enter" || !(event.ctrlKey || event.metaKey)) return;
  event.preventDefault();
  form.requestSubmit(byId("extract"));
});
byId("stop").addEventListener("click", () => service.stop());
byId("min_score").addEventListener("input", (event) => {
  byId("min_score_shown").textContent = score(Number(event.target.value));
});
byId("text").addEventListener("input", () => showCount(catalogue.limits));
listenForFiles((file) => (isDocument(file) ? report : picture).take(file));
byId("examples").append(...exampleButtons(choose));
loadCatalogue();
