import { element } from "./dom.js";

const EXAMPLES = [
  {
    name: "Portrait",
    text: "Eileen Collins was the first woman to command a NASA space shuttle",
    picture: "astronaut.jpg",
  },
  {
    name: "Caption",
    text: "A cat called Chelsea looks at the camera",
    picture: "chelsea.jpg",
    ontology: "flickr30k",
  },
  {
    name: "News",
    text: "Protesters clashed with police in Cairo after Mohamed Morsi was arrested",
  },
  {
    name: "Post",
    text: "🏀 LeBron James leaves Cleveland for the Lakers 💜 and meets Kobe Bryant in Los Angeles",
  },
  {
    name: "Custom labels",
    text: "BTS kicks off London concerts with Jungkook seated",
    tasks: ["entities"],
    entity_types: "band, city, musician",
  },
];

/** A button for each example, which calls `choose` with the example. */
export function exampleButtons(choose) {
  return EXAMPLES.map((example) => {
    const button = element("button", { type: "button", title: example.text }, example.name);
    button.addEventListener("click", () => choose(example));
    return button;
  });
}

/** The image of an example as a file; null where it has none. Throws `Problem`. */
export async function examplePicture(example, service) {
  if (!example.picture) return null;
  return service.file(`page/examples/${example.picture}`, example.picture);
}
