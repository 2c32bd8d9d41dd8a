import { element, shape } from "./dom.js";
import { hueOf } from "./hues.js";
import { keyOf } from "./links.js";
import { counted, score } from "./numbers.js";

/**
 * The image at `url` with the answer's regions drawn on it. Regions that the answer does not refer to
 * are shown on demand, or at once where it refers to none.
 */
export function boxedPicture(url, name, answer) {
  const { width, height } = answer.image;
  const named = namesOf(answer);
  const regions = answer.regions.map((region) => ({ ...region, names: named.get(region.id) ?? [] }));
  // Small regions come last, on top, so that larger ones do not cover them for the pointer.
  regions.sort((a, b) => area(b.box) - area(a.box));
  const canvas = element("div", { class: "canvas" });
  const drawing = shape("svg", {
    viewBox: `0 0 ${width} ${height}`,
    preserveAspectRatio: "none",
    "aria-hidden": "true",
  });
  drawing.append(...regions.map(drawn));
  const labels = regions.map((region) => label(region, width, height));
  const image = element("img", { src: url, alt: name, width, height });
  canvas.append(image, drawing, ...labels);
  const figure = element("figure", { class: "picture" }, canvas);
  image.addEventListener("error", () => showBlank(image, figure), { once: true });
  const spare = regions.filter((region) => region.names.length === 0).length;
  canvas.classList.toggle("show-spare", spare === regions.length);
  if (spare > 0 && spare < regions.length) figure.append(spareSwitch(canvas, spare));
  if (regions.length === 0) figure.append(element("figcaption", {}, "No regions were found."));
  return figure;
}

/** Replace an image that the browser cannot decode by a blank one of its size, with a note. */
function showBlank(image, figure) {
  const note = `This browser cannot display ${image.alt}; the boxes are drawn on a blank image.`;
  figure.append(element("figcaption", {}, note));
  image.classList.add("blank");
  const sides = `width="${image.getAttribute("width")}" height="${image.getAttribute("height")}"`;
  const blank = `<svg xmlns="http://www.w3.org/2000/svg" ${sides}/>`;
  image.src = `data:image/svg+xml,${encodeURIComponent(blank)}`;
}

/** Region id -> [{text, type}] of the entities and arguments that refer to it. */
function namesOf(answer) {
  const named = new Map();
  const add = (region, name) => named.set(region, [...(named.get(region) ?? []), name]);
  for (const entity of answer.entities) {
    for (const region of entity.regions) add(region, { text: entity.text, type: entity.type });
  }
  for (const event of answer.events) {
    for (const argument of event.arguments) {
      if (argument.region !== null) add(argument.region, { text: argument.role, type: event.type });
    }
  }
  return named;
}

function area([left, top, right, bottom]) {
  return (right - left) * (bottom - top);
}

function classes(region, ...more) {
  const [first] = region.names;
  return [...more, first ? hueOf(first.type) : "spare"].join(" ");
}

function drawn(region) {
  const [x, y, right, bottom] = region.box;
  const frame = { x, y, width: right - x, height: bottom - y };
  return shape(
    "g",
    { class: classes(region, "box"), "data-key": keyOf.region(region.id) },
    shape("rect", { class: "halo", ...frame }),
    shape("rect", { class: "line", ...frame }),
  );
}

function label(region, width, height) {
  const [left, top, right] = region.box;
  const own = `${region.label} ${score(region.score)}`;
  const names = [...new Set(region.names.map((name) => name.text))];
  const button = element(
    "button",
    {
      type: "button",
      class: classes(region, "box-label"),
      "data-key": keyOf.region(region.id),
      "aria-pressed": "false",
    },
    `${region.id} `,
    names.length > 0 ? element("b", {}, names.join(", ")) : "",
    // Beside an entity's name, the region's label and score would look like those of the entity.
    element("span", { class: names.length > 0 ? "hidden" : "score" }, ` ${own}`),
  );
  // The label is aligned to the side of the box that is nearer to the middle of the image.
  const fromRight = left + right > width;
  button.style.setProperty("top", percent(top, height));
  button.style.setProperty(
    fromRight ? "right" : "left",
    fromRight ? percent(width - right, width) : percent(left, width),
  );
  button.style.setProperty("max-width", percent(fromRight ? right : width - left, width));
  return button;
}

function percent(part, whole) {
  return `${Math.max(0, (100 * part) / whole)}%`;
}

function spareSwitch(canvas, count) {
  const box = element("input", { type: "checkbox" });
  box.addEventListener("change", () => canvas.classList.toggle("show-spare", box.checked));
  const text = ` show ${counted(count, "unreferenced region")}`;
  return element("figcaption", {}, element("label", {}, box, text));
}
