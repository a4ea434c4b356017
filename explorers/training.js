// Train from a start: the same network from two schemes, side by side.

import { ACTIVATIONS } from "./core/activations.js";
import { moments } from "./core/moments.js";
import { forward } from "./core/network.js";
import { points } from "./core/points.js";
import { randomState } from "./core/random.js";
import { SCHEMES } from "./core/schemes.js";
import { step, stackOf } from "./core/training.js";
import { chart } from "./view/chart.js";
import { controls, newStart } from "./view/controls.js";
import { button, html } from "./view/elements.js";
import { choice, labels, number } from "./view/settings.js";
import { short } from "./view/words.js";

const WIDTH = 16;
const POINTS = 100;
const MOST_STEPS = 3000;
const A_FRAME = 10; // steps between two pictures
const A_JUMP = 200; // steps at once where motion is not wanted
const FIELDS = 40;
const SIZE = 200;
const EDGE = 2.4;

const schemes = labels(SCHEMES);
delete schemes.orthogonal; // its layers are square
const settings = {
  shape: choice("Points", { circles: "circles", corners: "corners", spirals: "spirals" }, "circles"),
  left: choice("First start", schemes, "normal"),
  right: choice("Second start", schemes, "he_normal"),
  activation: choice("Activation", labels(ACTIVATIONS), "relu"),
  depth: number("Layers", 2, 12, 1, 4),
  rate: number("Rate", 0.001, 1, 0.05, 0.1, true),
  seed: number("Seed", 0, 99, 1, 0),
};

const AXIS = Array.from({ length: FIELDS }, (_, i) => EDGE * ((2 * i + 1) / FIELDS - 1));
const GRID = Float64Array.from([...AXIS].reverse().flatMap((y) => AXIS.flatMap((x) => [x, y])));

/** Paint on which side of 0 the output lies, and the points: circles are 1, squares are -1. */
function paint(canvas, output, { x, y }) {
  const style = getComputedStyle(canvas);
  const colour = (value) =>
    style.getPropertyValue(value > 0 ? "--explorer-signal" : "--explorer-gradient");
  const context = canvas.getContext("2d");
  const field = SIZE / FIELDS;
  context.clearRect(0, 0, SIZE, SIZE);
  output.forEach((value, i) => {
    context.globalAlpha = Math.min(0.5, Math.abs(value) / 2);
    context.fillStyle = colour(value);
    context.fillRect(field * (i % FIELDS), field * Math.floor(i / FIELDS), field, field);
  });
  context.globalAlpha = 1;
  y.forEach((side, i) => {
    const left = (SIZE * (1 + x[2 * i] / EDGE)) / 2;
    const top = (SIZE * (1 - x[2 * i + 1] / EDGE)) / 2;
    context.fillStyle = colour(side);
    if (side < 0) return context.fillRect(left - 2.5, top - 2.5, 5, 5);
    context.beginPath();
    context.arc(left, top, 3, 0, 2 * Math.PI);
    context.fill();
  });
}

/** One of the two networks: its layers, its losses, and the canvas that shows its output. */
function contestant(scheme, setting, data) {
  const widths = [2, ...Array(setting.depth - 1).fill(WIDTH), 1];
  const layers = stackOf(widths, SCHEMES[scheme], randomState(setting.seed));
  const losses = [];

  function advance(count) {
    for (let i = 0; i < count; i++) {
      losses.push(step(layers, setting.activation, data.x, data.y, setting.rate));
    }
  }

  function seen(x) {
    return forward(layers, setting.activation, x, x.length / 2).z;
  }

  return { losses, advance, seen };
}

function render({ model, el }) {
  const names = model.get("controls") ?? Object.keys(settings);
  const sides = ["left", "right"].map((name) => ({
    name,
    title: html("p", { class: "explorer-title" }),
    canvas: html("canvas", { width: SIZE, height: SIZE, role: "img" }),
  }));
  const loss = chart("Loss: first (solid), second (dashed)", "step");
  const signal = chart("Signal: mean square of z", "layer");
  const said = html("p", { role: "status" });
  let data, pair, playing;

  const count = () => pair[0].losses.length;

  function reset() {
    const setting = Object.fromEntries(Object.keys(settings).map((key) => [key, model.get(key)]));
    data = points(setting.shape, POINTS, randomState(setting.seed + 2 ** 31));
    pair = sides.map(({ name }) => contestant(setting[name], setting, data));
    pause();
  }

  function picture() {
    const z = pair.map((each) => each.seen(data.x));
    sides.forEach(({ name, title, canvas }, i) => {
      const output = z[i].at(-1);
      const right = data.y.filter((side, k) => side * output[k] > 0).length;
      title.textContent = `${SCHEMES[model.get(name)].label}: ${right} of ${POINTS} right`;
      canvas.setAttribute("aria-label", `Side of each place. ${title.textContent}`);
      paint(canvas, pair[i].seen(GRID).at(-1), data);
    });
    const two = (values) => [
      { name: "signal", values: values[0] },
      { name: "gradient", values: values[1] },
    ];
    loss.draw({ lines: two(pair.map(({ losses }) => losses)), words: summary() });
    const sizes = z.map((layers) => layers.map((each) => moments(each).meanSquare));
    signal.draw({ lines: two(sizes), words: `after ${count()} steps` });
  }

  function summary() {
    if (count() === 0) return "No step is taken yet.";
    const ends = pair.map(({ losses }) => short(losses.at(-1)));
    const steps = count() === 1 ? "1 step" : `${count()} steps`;
    return `After ${steps} the loss is ${ends[0]} from the first start, ${ends[1]} from the second.`;
  }

  function advance(steps) {
    for (const each of pair) each.advance(steps);
  }

  function frame() {
    if (!playing) return;
    advance(A_FRAME);
    if (count() >= MOST_STEPS) return pause();
    picture();
    requestAnimationFrame(frame);
  }

  function pause() {
    playing = false;
    play.textContent = "Play";
    picture();
    said.textContent = summary();
  }

  function toggle() {
    if (playing) return pause();
    if (matchMedia("(prefers-reduced-motion: reduce)").matches) {
      advance(A_JUMP);
      return pause();
    }
    playing = true;
    play.textContent = "Pause";
    frame();
  }

  const play = button("Play", toggle);
  const once = button("One step", () => {
    advance(1);
    pause();
  });
  const again = button("Same start", reset);
  el.append(
    controls(model, settings, names, "training"),
    html(
      "p",
      { class: "explorer-buttons" },
      ...[play, once, again],
      ...(names.includes("seed") ? [newStart(model, settings.seed)] : []),
    ),
    html(
      "div",
      { class: "explorer-charts" },
      ...sides.map(({ title, canvas }) => html("div", { class: "explorer-region" }, title, canvas)),
      loss.box,
      signal.box,
    ),
    said,
    html(
      "p",
      { class: "explorer-note" },
      `${WIDTH} units in each hidden layer; gradient descent on all ${POINTS} points. Both starts have the same random numbers, times their own size.`,
    ),
  );
  new MutationObserver(picture).observe(document.documentElement, {
    attributes: true,
    attributeFilter: ["data-theme"],
  });
  model.on("change", reset);
  reset();
}

export default { settings, render };
