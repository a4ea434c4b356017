// A line chart: values over whole numbers, on a logarithmic or a linear axis.

import { html, svg } from "./elements.js";
import { powerOfTen } from "./words.js";

const HEIGHT = 230;
const MARGIN = { left: 46, right: 12, top: 10, bottom: 38 };
const MOST_MARKERS = 20;
const LEAST_DECADES = 2;
const SMALLEST = 1e-300;

/** Make a figure with a title and a chart; draw({ lines, theory, words }) draws it anew.
 *
 * A line has a name for its class, its values and, where there are several, a label. */
export function chart(title, { xLabel, first = 1, logarithmic = true }) {
  const picture = svg("svg", { role: "img" });
  const box = html("div", { class: "explorer-chart" }, html("p", { class: "explorer-title" }, title), picture);
  let last = null;

  function draw(given) {
    last = given;
    const width = Math.max(240, picture.parentElement.clientWidth);
    picture.setAttribute("viewBox", `0 0 ${width} ${HEIGHT}`);
    picture.setAttribute("aria-label", `${title}: ${given.words}`);
    picture.replaceChildren(...parts({ ...given, width, xLabel, first, logarithmic }));
  }

  new ResizeObserver(() => last && draw(last)).observe(box);
  return { box, draw };
}

function parts({ lines, theory = [], width, xLabel, first, logarithmic }) {
  const all = [...lines.map(({ values }) => values), ...theory];
  const count = Math.max(...all.map((values) => values.length));
  const height = logarithmic ? Math.log10 : (value) => value;
  const [low, high] = logarithmic ? decades(all.flat()) : [0, 1];
  const right = width - MARGIN.right;
  const x = (i) => MARGIN.left + ((right - MARGIN.left) * i) / Math.max(1, count - 1);
  const bottom = HEIGHT - MARGIN.bottom;
  const y = (level) => bottom - ((bottom - MARGIN.top) * (level - low)) / (high - low);
  const place = (value, i) => (shown(value, logarithmic) ? [x(i), y(height(value))] : null);
  return [
    ...horizontal(low, high, logarithmic, right, y),
    ...vertical(count, first, x, bottom),
    svg("text", { x: (MARGIN.left + right) / 2, y: HEIGHT - 4, "text-anchor": "middle" }, xLabel),
    ...theory.map((values) => path(values.map(place), "theory")),
    ...lines.flatMap(({ name, values }) => line(values.map(place), name)),
  ];
}

function shown(value, logarithmic) {
  return Number.isFinite(value) && (!logarithmic || value >= SMALLEST);
}

/** Return the logarithms between which the values lie, two decades apart at least. */
function decades(values) {
  const levels = values.filter((value) => shown(value, true)).map(Math.log10);
  if (levels.length === 0) return [-1, 1];
  const low = Math.min(...levels);
  const high = Math.max(...levels);
  const missing = Math.max(0, LEAST_DECADES - (high - low)) / 2;
  const room = 0.05 * Math.max(LEAST_DECADES, high - low);
  return [low - missing - room, high + missing + room];
}

function horizontal(low, high, logarithmic, right, y) {
  const step = logarithmic ? Math.max(1, Math.ceil((high - low) / 6)) : 0.25;
  const ticks = [];
  for (let tick = Math.ceil(low / step) * step; tick <= high; tick += step) ticks.push(tick);
  return ticks.flatMap((tick) => [
    svg("line", { class: "grid", x1: MARGIN.left, x2: right, y1: y(tick), y2: y(tick) }),
    svg(
      "text",
      { x: MARGIN.left - 6, y: y(tick) + 4, "text-anchor": "end" },
      logarithmic ? powerOfTen(tick) : `${100 * tick}%`,
    ),
  ]);
}

function vertical(count, first, x, bottom) {
  const step = [1, 2, 5, 10].find((size) => count / size <= 8) ?? 20;
  const numbers = Array.from({ length: count }, (_, i) => i + first);
  return numbers
    .filter((number) => number === first || number % step === 0)
    .filter((number) => number === first || number - first >= step / 2)
    .map((number) =>
      svg("text", { x: x(number - first), y: bottom + 16, "text-anchor": "middle" }, number),
    );
}

function line(places, name) {
  const markers = places.length > MOST_MARKERS ? [] : places.filter(Boolean);
  return [
    path(places, name),
    ...markers.map(([cx, cy]) => svg("circle", { class: name, cx, cy, r: 3 })),
  ];
}

function path(places, name) {
  let pen = "M";
  const steps = places.map((place) => {
    const step = place ? `${pen}${place[0].toFixed(1)} ${place[1].toFixed(1)}` : "";
    pen = place ? "L" : "M";
    return step;
  });
  return svg("path", { class: name, d: steps.join("") });
}
