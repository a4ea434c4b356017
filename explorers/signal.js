// What a start does to the signal and to the gradient of a deep network.

import { ACTIVATIONS } from "./core/activations.js";
import { SCHEMES } from "./core/schemes.js";
import { DEEPEST, EXAMPLES, start, WIDTH } from "./core/start.js";
import { chart } from "./view/chart.js";
import { controls, newStart } from "./view/controls.js";
import { foldedTable, html, note } from "./view/elements.js";
import { choice, labels, number, values } from "./view/settings.js";
import { change, percent, short } from "./view/words.js";

const settings = {
  scheme: choice("Scheme", labels(SCHEMES), "lecun_normal"),
  scale: number("Times", 0.1, 10, 0.025, 1, true),
  bias: number("Biases: σ_b", 0, 2, 0.05, 0),
  activation: choice("Activation", labels(ACTIVATIONS), "tanh"),
  depth: number("Layers", 2, DEEPEST, 1, 20),
  seed: number("Seed", 0, 99, 1, 0),
};

const COLUMNS = ["layer", "signal", "theory", "gradient", "theory", "saturated", "dead"];

function summary({ signal, gradient, saturated, dead }) {
  const shares = [`${percent(dead.at(-1))} of the last hidden layer's units are dead`];
  if (!Number.isNaN(saturated.at(-1))) shares.unshift(`${percent(saturated.at(-1))} saturated`);
  return {
    signal: `the signal ${change(signal[0], signal.at(-1))} on its way up`,
    gradient: `the gradient ${change(1, gradient[0])} on its way down`,
    shares: shares.join(", "),
  };
}

function sentence(text) {
  return `${text[0].toUpperCase()}${text.slice(1)}.`;
}

/** Write a share; the last layer has none, nor have units without bounds. */
function shareOf(share = NaN) {
  return Number.isNaN(share) ? "–" : percent(share);
}

function rows({ signal, gradient, theory, saturated, dead }) {
  return signal.map((size, i) => [
    i + 1,
    short(size),
    short(theory.q[i]),
    short(gradient[i]),
    short(theory.gradient[i]),
    shareOf(saturated[i]),
    shareOf(dead[i]),
  ]);
}

/** Make the three charts; draw shows a start in them. */
function figures() {
  const signal = chart("Signal: mean square of z", "layer");
  const gradient = chart("Gradient, relative to the last layer", "layer");
  const shares = chart("Units: saturated (solid), dead (dashed)", "layer", "share");
  const boxes = [signal, gradient, shares].map(({ box }) => box);

  function draw(seen, words) {
    const { q, gradient: slopes } = seen.theory;
    const lines = (name, values) => [{ name, values }];
    signal.draw({ lines: lines("signal", seen.signal), theory: [q], words: words.signal });
    gradient.draw({
      lines: lines("gradient", seen.gradient),
      theory: [slopes],
      words: words.gradient,
    });
    shares.draw({
      lines: [...lines("signal", seen.saturated), ...lines("gradient", seen.dead)],
      words: words.shares,
    });
  }

  return { box: html("div", { class: "explorer-charts" }, ...boxes), draw };
}

function render({ model, el }) {
  const names = model.get("controls") ?? Object.keys(settings);
  const shown = figures();
  const said = html("p", { role: "status" });
  const table = foldedTable("The numbers, layer by layer", COLUMNS, () => rows(seen));
  let seen;

  function update() {
    seen = start(values(model, settings));
    const words = summary(seen);
    shown.draw(seen, words);
    said.textContent = Object.values(words).map(sentence).join(" ");
    table.fill();
  }

  el.append(
    controls(model, settings, names, "signal"),
    html("p", {}, newStart(model, settings.seed)),
    shown.box,
    said,
    note(
      `${WIDTH} units in each layer, ${EXAMPLES} random inputs.`,
      "Grey: theory. The same seed draws the same weights.",
    ),
    table.box,
  );
  model.on("change", update);
  update();
}

export default { settings, render };
