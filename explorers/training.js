// Train from a start: the same network from two schemes, side by side.

import { ACTIVATIONS } from "./core/activations.js";
import { meanSquareOf } from "./core/moments.js";
import { forward, lastOutputs, roomFor, twoRooms } from "./core/network.js";
import { points } from "./core/points.js";
import { randomState } from "./core/random.js";
import { SCHEMES } from "./core/schemes.js";
import { step, stackOf } from "./core/training.js";
import { chart } from "./view/chart.js";
import { controls, newStart } from "./view/controls.js";
import { button, html, note, onTheme, svg, watchSight } from "./view/elements.js";
import { choice, labels, number, values } from "./view/settings.js";
import { short } from "./view/words.js";

const WIDTH = 16;
const POINTS = 100;
const MOST_STEPS = 3000;
const A_FRAME = 10; // steps between two pictures, at most
const A_SLICE = 6; // milliseconds for them: the rest of a frame is for the picture
const FRAMES_A_CURVE = 8; // curves move slowly, and cost more to draw
const MOST_PLACES = 120; // of a line: more cannot be told apart
const A_JUMP = 200; // steps at once where motion is not wanted
const FIELDS = 16;
const EDGE = 2.4;

const schemes = labels(SCHEMES);
delete schemes.orthogonal; // its layers are square
const shapes = { circles: "circles", corners: "corners", spirals: "spirals" };
const settings = {
  shape: choice("Points", shapes, "circles"),
  left: choice("First start", schemes, "normal"),
  right: choice("Second start", schemes, "he_normal"),
  activation: choice("Activation", labels(ACTIVATIONS), "relu"),
  depth: number("Layers", 2, 12, 1, 4),
  rate: number("Rate", 0.001, 1, 0.05, 0.1, true),
  seed: number("Seed", 0, 99, 1, 0),
};

const AXIS = Array.from({ length: FIELDS }, (_, i) => EDGE * ((2 * i + 1) / FIELDS - 1));
const PLACES = [...AXIS].reverse().flatMap((y) => AXIS.map((x) => [x, y]));
const GRID = Float64Array.from([0, 1].flatMap((axis) => PLACES.map((place) => place[axis])));

/** Return a network at its start, which can take steps and be looked into. */
function contestant(scheme, { activation, depth, rate, seed }, data) {
  const widths = [2, ...Array(depth - 1).fill(WIDTH), 1];
  const layers = stackOf(widths, SCHEMES[scheme], randomState(seed));
  const losses = [];
  const room = roomFor(layers, POINTS);
  const rooms = twoRooms(layers, FIELDS ** 2);

  const advance = () => losses.push(step(layers, activation, data.x, data.y, rate, room));

  const seen = () => forward(layers, activation, data.x, room).z;
  const sides = () => lastOutputs(layers, activation, GRID, FIELDS ** 2, rooms);
  return { scheme, losses, advance, seen, sides };
}

/** Return the points and the two networks of a setting. */
function contest(setting) {
  const data = points(setting.shape, POINTS, randomState(setting.seed + 2 ** 31));
  const pair = [setting.left, setting.right].map((name) => contestant(name, setting, data));
  return { data, pair };
}

function summary(pair) {
  const count = pair[0].losses.length;
  if (count === 0) return "No step is taken yet.";
  const ends = pair.map(({ losses }) => short(losses.at(-1)));
  const steps = count === 1 ? "1 step" : `${count} steps`;
  return `After ${steps} the loss is ${ends[0]} from the first start, ${ends[1]} from the second.`;
}

/** Make a picture of the side of 0 on which a network's output lies, with the points: paint shows
 * the sides, and count says how many points are right. */
function region() {
  const title = html("p", { class: "explorer-title" });
  const canvas = html("canvas", { width: FIELDS, height: FIELDS, role: "img" });
  const window = `${-EDGE} ${-EDGE} ${2 * EDGE} ${2 * EDGE}`;
  const marks = svg("svg", { viewBox: window, "aria-hidden": "true" });
  const context = canvas.getContext("2d", { willReadFrequently: true });
  const image = context.createImageData(FIELDS, FIELDS);
  let marked, colours;

  function paint({ sides }) {
    colours ??= coloursOf(canvas, context);
    fill(image.data, sides(), colours);
    context.putImageData(image, 0, 0);
  }

  function count(scheme, outputs, data) {
    const right = data.y.filter((side, i) => side * outputs[i] > 0).length;
    title.textContent = `${SCHEMES[scheme].label}: ${right} of ${POINTS} right`;
    canvas.setAttribute("aria-label", `Side of each place. ${title.textContent}`);
    if (marked !== data) marks.replaceChildren(...marksOf(data));
    marked = data;
  }

  const picture = html("div", {}, canvas, marks);
  const box = html("div", { class: "explorer-region" }, title, picture);
  return { box, paint, count, recolour: () => (colours = null) };
}

/** Read the colours of both sides, as a canvas has them. */
function coloursOf(canvas, context) {
  const style = getComputedStyle(canvas);
  return ["signal", "gradient"].map((side) => {
    context.fillStyle = style.getPropertyValue(`--explorer-${side}`);
    context.fillRect(0, 0, 1, 1);
    return context.getImageData(0, 0, 1, 1).data;
  });
}

/** Give each place one pixel: the browser makes them large. */
function fill(pixels, output, [above, below]) {
  for (let i = 0; i < output.length; i++) {
    const colour = output[i] > 0 ? above : below;
    for (let k = 0; k < 3; k++) pixels[4 * i + k] = colour[k];
    pixels[4 * i + 3] = 255 * Math.min(0.5, Math.abs(output[i]) / 2);
  }
}

/** Mark each point: with a circle for the class 1, with a square for -1. */
function marksOf({ x, y }) {
  return Array.from(y, (side, i) => {
    const [left, top] = [x[i], -x[POINTS + i]];
    if (side > 0) return svg("circle", { class: "signal", cx: left, cy: top, r: 0.07 });
    const corner = { x: left - 0.06, y: top - 0.06, width: 0.12, height: 0.12 };
    return svg("rect", { class: "gradient", ...corner });
  });
}

/** Make the four figures, with functions that show a contest: its regions, and what changes slowly.
 */
function figures() {
  const boxes = [region(), region()];
  const loss = chart("Loss: first (solid), second (dashed)", "step");
  const signal = chart("Signal: mean square of z", "layer");
  const two = ([first, second]) => [
    { name: "signal", values: first },
    { name: "gradient", values: second },
  ];

  function regions({ pair }) {
    boxes.forEach((each, i) => each.paint(pair[i]));
  }

  function recolour() {
    for (const each of boxes) each.recolour();
  }

  function curves({ data, pair }) {
    const every = Math.ceil(pair[0].losses.length / MOST_PLACES);
    const thinned = pair.map(({ losses }) => losses.filter((_, i) => i % every === 0));
    const to = 1 + every * (thinned[0].length - 1);
    loss.draw({ lines: two(thinned), to, words: summary(pair) });
    const passes = pair.map(({ seen }) => seen());
    boxes.forEach((each, i) => each.count(pair[i].scheme, passes[i].at(-1), data));
    const sizes = passes.map((z) => z.map(meanSquareOf));
    const [first, second] = sizes.map((each) => short(each.at(-1)));
    const ends = `${first} in the last layer from the first start, ${second} from the second`;
    signal.draw({ lines: two(sizes), words: ends });
  }

  const all = [...boxes, loss, signal].map(({ box }) => box);
  return { box: html("div", { class: "explorer-charts" }, ...all), regions, curves, recolour };
}

function render({ model, el }) {
  const names = model.get("controls") ?? Object.keys(settings);
  const shown = figures();
  const said = html("p", { role: "status" });
  const still = matchMedia("(prefers-reduced-motion: reduce)");
  let now;
  let playing = false;
  let frames = 0;

  function draw() {
    shown.regions(now);
    shown.curves(now);
  }

  function together() {
    for (const each of now.pair) each.advance();
  }

  function pause() {
    playing = false;
    play.textContent = "Play";
    draw();
    said.textContent = summary(now.pair);
  }

  /** Take steps until another one would last too long. */
  function slice() {
    const begin = performance.now();
    let count = 0;
    let expected; // of one step more
    do {
      together();
      count++;
      expected = ((performance.now() - begin) * (count + 1)) / count;
    } while (count < A_FRAME && expected <= A_SLICE);
  }

  function frame() {
    if (!playing) return;
    slice();
    shown.regions(now);
    frames++;
    if (frames % FRAMES_A_CURVE === 0) shown.curves(now);
    if (now.pair[0].losses.length >= MOST_STEPS) pause();
    else requestAnimationFrame(frame);
  }

  function move(count) {
    for (let i = 0; i < count; i++) together();
    pause();
  }

  function reset() {
    now = contest(values(model, settings));
    move(0);
  }

  const play = button("Play", () => {
    if (playing) return pause();
    if (still.matches) return move(A_JUMP);
    playing = true;
    play.textContent = "Pause";
    frame();
  });
  const buttons = [play, button("One step", () => move(1)), button("Same start", reset)];
  el.append(
    controls(model, settings, names, "training"),
    html("p", { class: "explorer-buttons" }, ...buttons, newStart(model, settings.seed)),
    shown.box,
    said,
    note(
      `${WIDTH} units in each hidden layer; gradient descent on all ${POINTS} points.`,
      "Both starts have the same random numbers, times their own size.",
    ),
  );
  onTheme(() => {
    shown.recolour();
    draw();
  });
  watchSight(el, (near) => near || !playing || pause());
  model.on("change", reset);
  reset();
}

export default { settings, render };
