// A line chart in SVG: values at even distances, on one of three scales.

import { html, renew, svg } from "./elements.js";
import { percent, powerOfTen } from "./words.js";

const HEIGHT = 230;
const MARGIN = { left: 46, right: 12, top: 10, bottom: 38 };
const MOST_MARKERS = 20;
const LEAST_DECADES = 2;
const SMALLEST = 1e-300;

const SCALES = {
  logarithmic: {
    has: (value) => Number.isFinite(value) && value >= SMALLEST,
    level: Math.log10,
    range: decades,
    step: (low, high) => Math.max(1, Math.ceil((high - low) / 6)),
    text: powerOfTen,
  },
  linear: {
    has: Number.isFinite,
    level: (value) => value,
    range: (levels) => [Math.min(0, ...levels), Math.max(...levels)],
    step: (low, high) => [0.25, 0.5, 1, 2, 5].find((size) => (high - low) / size <= 8) ?? 10,
    text: String,
  },
  share: {
    has: Number.isFinite,
    level: (value) => value,
    range: () => [0, 1],
    step: () => 0.25,
    text: percent,
  },
};

/** Return the logarithms between which the values lie, two decades apart at least. */
function decades(levels) {
  if (levels.length === 0) return [-1, 1];
  const low = Math.min(...levels);
  const high = Math.max(...levels);
  const missing = Math.max(0, LEAST_DECADES - (high - low)) / 2;
  const room = 0.05 * Math.max(LEAST_DECADES, high - low);
  return [low - missing - room, high + missing + room];
}

/** Make a figure with a title and a chart; draw({ lines, theory, words, from, to }) draws it anew.
 *
 * Each line has a name, which is its class, and its values, from x = from to x = to; theory is
 * a list of values alone. The words are what a screen reader says. */
export function chart(title, xLabel, scale = "logarithmic") {
  const picture = svg("svg", { role: "img" });
  const box = html(
    "div",
    { class: "explorer-chart" },
    html("p", { class: "explorer-title" }, title),
    picture,
  );
  const measured = () => Math.max(240, box.clientWidth);
  let last = null;
  let width = null; // asked for once: each question makes the browser lay out the page

  function draw(given) {
    last = given;
    width ??= measured();
    picture.setAttribute("viewBox", `0 0 ${width} ${HEIGHT}`);
    picture.setAttribute("aria-label", `${title}: ${given.words}`);
    renew(picture, parts(given, SCALES[scale], width, xLabel));
  }

  new ResizeObserver(() => {
    if (measured() === width) return;
    width = measured();
    if (last) draw(last);
  }).observe(box);
  return { box, draw };
}

/** Return the elements of a chart: the tag, the attributes and the text of each. */
function parts({ lines, theory = [], from = 1, to }, scale, width, xLabel) {
  const all = [...lines.map(({ values }) => values), ...theory];
  const last = to ?? all[0].length;
  const [low, high] = scale.range(all.flat().filter(scale.has).map(scale.level));
  const right = width - MARGIN.right;
  const bottom = HEIGHT - MARGIN.bottom;
  const x = (place) => MARGIN.left + ((right - MARGIN.left) * (place - from)) / (last - from || 1);
  const y = (level) => bottom - ((bottom - MARGIN.top) * (level - low)) / (high - low || 1);
  const places = (values) =>
    values.map((value, i) => {
      const place = from + ((last - from) * i) / (values.length - 1 || 1);
      return scale.has(value) ? [x(place), y(scale.level(value))] : null;
    });
  return [
    ...rungs(low, high, scale, right, y),
    ...ticks(from, last).map((number) => words(number, x(number), bottom + 16, "middle")),
    words(xLabel, (MARGIN.left + right) / 2, HEIGHT - 4, "middle"),
    ...theory.map((values) => path(places(values), "theory")),
    ...lines.flatMap(({ name, values }) => line(places(values), name)),
  ];
}

function rungs(low, high, { step, text }, right, y) {
  const size = step(low, high);
  const first = Math.ceil(low / size - 1e-9);
  const last = Math.floor(high / size + 1e-9);
  const levels = Array.from({ length: last - first + 1 }, (_, i) => (first + i) * size);
  return levels.flatMap((level) => [
    ["line", { class: "grid", x1: MARGIN.left, x2: right, y1: y(level), y2: y(level) }],
    words(text(level), MARGIN.left - 6, y(level) + 4, "end"),
  ]);
}

function words(text, x, y, anchor) {
  return ["text", { x, y, "text-anchor": anchor }, text];
}

/** Return the numbers below the axis: the first, and multiples of a step that leaves room. */
function ticks(from, to) {
  const step = [1, 2, 5, 10, 20, 50].find((size) => (to - from) / size <= 8) ?? 100;
  const multiples = [];
  for (let number = Math.ceil(from / step) * step; number <= to; number += step) {
    if (number - from >= step / 2) multiples.push(number);
  }
  return [from, ...multiples];
}

function line(places, name) {
  const markers = places.length > MOST_MARKERS ? [] : places.filter(Boolean);
  return [
    path(places, name),
    ...markers.map(([cx, cy]) => ["circle", { class: name, cx, cy, r: 3 }]),
  ];
}

/** Round to a tenth: in a fifth of the time of the method toFixed. */
function tenth(value) {
  return Math.round(10 * value) / 10;
}

function path(places, name) {
  let pen = "M";
  const steps = places.map((place) => {
    const step = place ? `${pen}${tenth(place[0])} ${tenth(place[1])}` : "";
    pen = place ? "L" : "M";
    return step;
  });
  return ["path", { class: name, d: steps.join("") }];
}
