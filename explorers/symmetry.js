// Symmetry: two units that start equal stay equal.

import { EXAMPLES, HIDDEN, STEPS, train } from "./core/training.js";
import { chart } from "./view/chart.js";
import { controls, newStart } from "./view/controls.js";
import { html, note } from "./view/elements.js";
import { choice, number, values } from "./view/settings.js";
import { short } from "./view/words.js";

const KINDS = {
  twins: "random, two units equal",
  constant: "all weights 0.5",
  zero: "all weights 0",
  random: "all random",
};
const NOISES = {
  0: "none",
  "1e-8": "10⁻⁸",
  "1e-6": "10⁻⁶",
  "1e-4": "10⁻⁴",
  "1e-2": "0.01",
  "1e-1": "0.1",
};

const settings = {
  kind: choice("Start", KINDS, "twins"),
  noise: choice("Noise on every weight", NOISES, "0"),
  rate: number("Rate", 0.01, 1, 0.05, 0.3, true),
  seed: number("Seed", 0, 99, 1, 0),
};

function apart(distances) {
  if (distances.every((each) => each === 0)) {
    return `The two units stay exactly equal, for all ${STEPS} steps: together they are one unit.`;
  }
  const [start, end] = [distances[0], distances.at(-1)].map((each) => short(each));
  return `The two units are ${start} apart at the start and ${end} at the end.`;
}

function render({ model, el }) {
  const names = model.get("controls") ?? Object.keys(settings);
  const distance = chart("Distance between two units' weights", "step");
  const loss = chart("Loss", "step");
  const said = html("p", { role: "status" });

  function update() {
    const { noise, ...setting } = values(model, settings);
    const found = train({ ...setting, noise: Number(noise) });
    const end = `The loss goes from ${short(found.losses[0])} to ${short(found.losses.at(-1))}.`;
    distance.draw({
      lines: [{ name: "gradient", values: found.distances }],
      words: apart(found.distances),
    });
    loss.draw({ lines: [{ name: "signal", values: found.losses }], words: end });
    said.textContent = `${apart(found.distances)} ${end}`;
  }

  el.append(
    controls(model, settings, names, "symmetry"),
    html("p", {}, newStart(model, settings.seed)),
    html("div", { class: "explorer-charts" }, distance.box, loss.box),
    said,
    note(
      `Two inputs, ${HIDDEN} tanh units, one output; gradient descent on ${EXAMPLES} examples.`,
      "A distance of 0 has no place on this axis: no line is drawn.",
    ),
  );
  model.on("change", update);
  update();
}

export default { settings, render };
