// Fan calculator: how large the weights of a layer should be, and the line of code that draws them.

import { ACTIVATIONS } from "./core/activations.js";
import { code, law, LAYERS } from "./core/layers.js";
import { controls } from "./view/controls.js";
import { facts, html } from "./view/elements.js";
import { choice, count, labels, values } from "./view/settings.js";
import { short } from "./view/words.js";

const MODES = { fan_in: "the signal", fan_out: "the gradient", fan_avg: "between the two" };
const EFFECTS = {
  fan_in: "keep the size of the signal",
  fan_out: "keep the size of the gradient",
  fan_avg: "share the change between signal and gradient",
};

const settings = {
  layer: choice("Layer", labels(LAYERS), "dense"),
  inputs: count("Inputs or channels", 1, 100_000, 256),
  outputs: count("Outputs or channels", 1, 100_000, 128),
  kernel: count("Kernel: k, for k × k", 1, 64, 3),
  stride: count("Stride", 1, 64, 1),
  groups: count("Groups", 1, 100_000, 1),
  activation: choice("Activation below", labels(ACTIVATIONS), "relu"),
  mode: choice("Keep level", MODES, "fan_in"),
  distribution: choice("Distribution", { normal: "normal", uniform: "uniform" }, "normal"),
};

const REMARKS = {
  recurrent:
    "The state enters the same gate through a weight of its own: " +
    "for both together divide by the sum of both fans.",
  embedding:
    "A row is looked up, not summed: one number enters each output. " +
    "Inputs count the rows, outputs the size of each.",
};

/** Say where the count of torch.nn.init is another one, and what else a reader should know. */
function remarks(setting, { counted, fanIn, fanOut, groups }) {
  const said = [];
  if (counted.fanIn !== fanIn || counted.fanOut !== fanOut) {
    const count = `${counted.fanIn} and ${counted.fanOut}`;
    said.push(`From this shape torch.nn.init counts fan in and fan out as ${count}.`);
  }
  if (["convolution", "transposed"].includes(setting.layer) && groups !== setting.groups) {
    said.push(`Groups must divide inputs and outputs: ${groups} are taken.`);
  }
  if (REMARKS[setting.layer]) said.push(REMARKS[setting.layer]);
  if (setting.distribution === "normal") {
    said.push("Keras' HeNormal and GlorotNormal are cut off at two standard deviations.");
  }
  return said.join(" ");
}

function described({ shape, fanIn, fanOut, scale, variance, std, limit }) {
  return [
    ["shape of the weight", `(${shape.join(", ")})`],
    ["fan in", String(fanIn)],
    ["fan out", String(fanOut)],
    ["gain²", short(scale, 4)],
    ["variance", short(variance, 4)],
    ["standard deviation", short(std, 4)],
    ["half-width of the uniform law", short(limit, 4)],
  ];
}

function render({ model, el }) {
  const names = model.get("controls") ?? Object.keys(settings);
  const numbers = html("dl", { class: "explorer-facts" });
  const lines = html("dl", { class: "explorer-code" });
  const said = html("p", { role: "status" });
  const note = html("p", { class: "explorer-note" });

  function update() {
    const setting = values(model, settings);
    const found = law(setting);
    facts(numbers, described(found));
    const written = Object.entries(code(found, setting.distribution));
    facts(lines, written.map(([name, line]) => [name, html("code", {}, line)]));
    const size = short(found.std);
    said.textContent = `With standard deviation ${size} the weights ${EFFECTS[setting.mode]}.`;
    note.textContent = remarks(setting, found);
  }

  el.append(controls(model, settings, names, "fans"), said, numbers, lines, note);
  model.on("change", update);
  update();
}

export default { settings, render };
