// Phase diagram: for which weights and biases a deep network is ordered, and for which chaotic.

import { ACTIVATIONS } from "./core/activations.js";
import { phase, phaseMap } from "./core/phases.js";
import { controls } from "./view/controls.js";
import { button, foldedTable, html } from "./view/elements.js";
import { choice, labels, number } from "./view/settings.js";
import { short } from "./view/words.js";

const COLUMNS = 48;
const ROWS = 24;
const MOST_W = 4;
const MOST_B = 2;
const SIGMAS_W = Array.from({ length: COLUMNS }, (_, i) => (MOST_W * (i + 0.5)) / COLUMNS);
const SIGMAS_B = Array.from({ length: ROWS }, (_, i) => MOST_B * (1 - (i + 0.5) / ROWS));

const settings = {
  activation: choice("Activation", labels(ACTIVATIONS), "tanh"),
  sigma_w: number("Weights: σ_w", 0.1, MOST_W, 0.05, 1.5),
  sigma_b: number("Biases: σ_b", 0, MOST_B, 0.05, 0.2),
};

/** Mix the ground with the colour of order or of chaos: the more, the fewer layers a gradient
 * takes to change by a factor e. */
function paint(canvas, values) {
  const style = getComputedStyle(canvas);
  const context = canvas.getContext("2d");
  context.clearRect(0, 0, COLUMNS, ROWS);
  values.forEach((row, y) =>
    row.forEach((chi, x) => {
      context.globalAlpha = Math.min(1, Math.sqrt(Math.abs(Math.log(chi)) / 2));
      const side = chi < 1 ? "--explorer-signal" : "--explorer-gradient";
      context.fillStyle = style.getPropertyValue(side);
      context.fillRect(x, y, 1, 1);
    }),
  );
}

function described({ q, chi }) {
  const layers = 1 / Math.abs(Math.log(chi));
  const length = Number.isFinite(q) && q > 0 ? `The signal settles at q* = ${short(q)}. ` : "";
  if (Math.abs(chi - 1) < 0.005) return `${length}On the edge: χ is 1, the gradient stays level.`;
  const [name, verb] = chi < 1 ? ["Order", "falls"] : ["Chaos", "grows"];
  return `${length}${name}: χ is ${short(chi, 3)}, the gradient ${verb} by a factor e in ${short(layers)} layers.`;
}

function render({ model, el }) {
  const names = model.get("controls") ?? Object.keys(settings);
  const canvas = html("canvas", { width: COLUMNS, height: ROWS, role: "img" });
  const cross = html("span", { class: "explorer-cross", "aria-hidden": "true" });
  const map = html("div", { class: "explorer-map" }, canvas, cross);
  const said = html("p", { role: "status" });
  const table = foldedTable("χ in numbers");
  let shown, values;

  function update() {
    const [w, b] = [model.get("sigma_w"), model.get("sigma_b")];
    const activation = model.get("activation");
    if (activation !== shown) {
      values = phaseMap(activation, SIGMAS_W, SIGMAS_B);
      shown = activation;
      paint(canvas, values);
      fill();
    }
    cross.style.left = `${(100 * w) / MOST_W}%`;
    cross.style.top = `${100 * (1 - b / MOST_B)}%`;
    said.textContent = described(phase(activation, w, b));
    const label = ACTIVATIONS[activation].label;
    canvas.setAttribute("aria-label", `Phases of ${label}. ${said.textContent}`);
  }

  function fill() {
    if (!table.folded.open) return;
    const chosen = [0.5, 1, 1.5, 2, 3, 4];
    const rows = [0, 0.5, 1, 2].map((b) => [
      b,
      ...chosen.map((w) => short(phase(shown, w, b).chi)),
    ]);
    table.fill(["σ_b", ...chosen.map((w) => `σ_w = ${w}`)], rows);
  }

  canvas.addEventListener("click", ({ offsetX, offsetY }) => {
    model.set("sigma_w", settings.sigma_w.read((MOST_W * offsetX) / canvas.clientWidth));
    model.set("sigma_b", settings.sigma_b.read(MOST_B * (1 - offsetY / canvas.clientHeight)));
    model.save_changes();
  });
  const run = button("Run a network there", () => {
    const [w, b] = [model.get("sigma_w"), model.get("sigma_b")];
    const activation = model.get("activation");
    location.hash = `signal?scheme=lecun_normal&scale=${w}&bias=${b}&activation=${activation}&depth=30`;
  });
  table.folded.addEventListener("toggle", fill);

  el.append(
    controls(model, settings, names, "phases"),
    html("p", { class: "explorer-title" }, "σ_w from 0 to 4 (across), σ_b from 0 to 2 (up)"),
    map,
    said,
    html(
      "p",
      { class: "explorer-note" },
      "Below 1 the factor χ of the gradient is painted in the colour of order, above 1 in that of chaos; the paler, the nearer to the edge.",
    ),
    html("p", {}, run),
    table.folded,
  );
  const scheme = matchMedia("(prefers-color-scheme: dark)");
  scheme.addEventListener("change", () => paint(canvas, values));
  new MutationObserver(() => paint(canvas, values)).observe(document.documentElement, {
    attributes: true,
    attributeFilter: ["data-theme"],
  });
  model.on("change", update);
  update();
}

export default { settings, render };
