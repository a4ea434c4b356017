// An activation function, its derivative, and what they do to normal inputs.

import { ACTIVATIONS, density, SQUARED_RELU } from "./core/activations.js";
import { outputMoments } from "./core/theory.js";
import { chart } from "./view/chart.js";
import { controls } from "./view/controls.js";
import { facts, html, note } from "./view/elements.js";
import { choice, labels, number, values } from "./view/settings.js";
import { short } from "./view/words.js";

const FROM = -5;
const TO = 5;
const PLACES = Array.from({ length: 201 }, (_, i) => FROM + ((TO - FROM) * i) / 200);

const TABLE = { ...ACTIVATIONS, relu_squared: SQUARED_RELU };
const GATES = { no: "none", yes: "times a second input" };

const settings = {
  activation: choice("Activation", labels(TABLE), "relu"),
  gate: choice("Gate", GATES, "no"),
  mean: number("Mean of the input", -3, 3, 0.1, 0),
  deviation: number("Its standard deviation", 0.3, 3, 0.025, 1, true),
};

function described({ given, mean, square, slopeSquare }) {
  return [
    ["mean of the output", short(mean, 4)],
    ["its mean square", short(square, 4)],
    ["mean square of the slope", short(slopeSquare, 4)],
    ["gain for the signal", short(Math.sqrt(given / square), 4)],
    ["gain for the gradient", short(1 / Math.sqrt(slopeSquare), 4)],
  ];
}

/** Make the two charts; draw shows a function and the law of its input. */
function figures() {
  const curves = chart("The function (solid), its derivative (dashed)", "z", "linear");
  const bell = chart("Law of the input", "z", "linear");
  const ends = { from: FROM, to: TO };

  function draw({ f, slope, label }, mean, deviation) {
    const lines = [
      { name: "signal", values: PLACES.map(f) },
      { name: "gradient", values: PLACES.map(slope) },
    ];
    curves.draw({ lines, ...ends, words: `${label} from ${short(f(FROM))} to ${short(f(TO))}` });
    const law = PLACES.map((z) => density((z - mean) / deviation) / deviation);
    const words = `normal, mean ${mean}, standard deviation ${deviation}`;
    bell.draw({ lines: [], theory: [law], ...ends, words });
  }

  return { box: html("div", { class: "explorer-charts" }, curves.box, bell.box), draw };
}

function render({ model, el }) {
  const names = model.get("controls") ?? Object.keys(settings);
  const shown = figures();
  const numbers = html("dl", { class: "explorer-facts" });
  const said = html("p", { role: "status" });

  function update() {
    const { activation, gate, mean, deviation } = values(model, settings);
    const found = outputMoments(TABLE[activation], mean, deviation, gate === "yes");
    shown.draw(TABLE[activation], mean, deviation);
    facts(numbers, described(found));
    const { given, square, slopeSquare } = found;
    said.textContent =
      `${TABLE[activation].label} multiplies the mean square of the signal by ` +
      `${short(square / given)} and that of the gradient by ${short(slopeSquare)}.`;
  }

  el.append(
    controls(model, settings, names, "activation"),
    shown.box,
    said,
    numbers,
    note(
      "Weights of variance gain² / fan give the next layer inputs of the same mean square,",
      "or hand the gradient on at its size. A gate is a second input of the same law.",
    ),
  );
  model.on("change", update);
  update();
}

export default { settings, render };
