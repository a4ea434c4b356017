// An activation function, its derivative, and what they do to normal inputs.

import { ACTIVATIONS, density } from "./core/activations.js";
import { gaussianMean } from "./core/theory.js";
import { chart } from "./view/chart.js";
import { controls } from "./view/controls.js";
import { facts, html, note } from "./view/elements.js";
import { choice, labels, number } from "./view/settings.js";
import { short } from "./view/words.js";

const FROM = -5;
const TO = 5;
const PLACES = Array.from({ length: 201 }, (_, i) => FROM + ((TO - FROM) * i) / 200);

const settings = {
  activation: choice("Activation", labels(ACTIVATIONS), "relu"),
  mean: number("Mean of the input", -3, 3, 0.1, 0),
  deviation: number("Its standard deviation", 0.3, 3, 0.025, 1, true),
};

function render({ model, el }) {
  const names = model.get("controls") ?? Object.keys(settings);
  const curves = chart("The function (solid), its derivative (dashed)", "z", "linear");
  const bell = chart("Law of the input", "z", "linear");
  const numbers = html("dl", { class: "explorer-facts" });
  const said = html("p", { role: "status" });

  function update() {
    const { f, slope, label } = ACTIVATIONS[model.get("activation")];
    const [mean, deviation] = [model.get("mean"), model.get("deviation")];
    const expected = (of) => gaussianMean(of, mean, deviation);
    const given = deviation ** 2 + mean ** 2;
    const square = expected((z) => f(z) ** 2);
    const slopes = expected((z) => slope(z) ** 2);
    curves.draw({
      lines: [
        { name: "signal", values: PLACES.map(f) },
        { name: "gradient", values: PLACES.map(slope) },
      ],
      from: FROM,
      to: TO,
      words: `${label} from ${short(f(FROM))} to ${short(f(TO))}`,
    });
    bell.draw({
      lines: [],
      theory: [PLACES.map((z) => density((z - mean) / deviation) / deviation)],
      from: FROM,
      to: TO,
      words: `normal, mean ${mean}, standard deviation ${deviation}`,
    });
    facts(numbers, [
      ["mean of φ", short(expected(f), 4)],
      ["mean square of φ", short(square, 4)],
      ["mean square of φ′", short(slopes, 4)],
      ["gain for the signal", short(Math.sqrt(given / square), 4)],
      ["gain for the gradient", short(1 / Math.sqrt(slopes), 4)],
    ]);
    said.textContent =
      `${label} leaves ${short(square / given)} of the input's mean square ` +
      `and ${short(slopes)} of the gradient's.`;
  }

  el.append(
    controls(model, settings, names, "activation"),
    html("div", { class: "explorer-charts" }, curves.box, bell.box),
    said,
    numbers,
    note(
      "Weights of variance gain² / fan give the next layer inputs of the same mean square,",
      "or hand the gradient on at its size.",
    ),
  );
  model.on("change", update);
  update();
}

export default { settings, render };
