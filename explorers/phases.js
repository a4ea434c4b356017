// Phase diagram: for which weights and biases a deep network is ordered, and for which chaotic.

import { ACTIVATIONS } from "./core/activations.js";
import { phase, phaseMap } from "./core/phases.js";
import { controls } from "./view/controls.js";
import { button, foldedTable, html, note, onTheme } from "./view/elements.js";
import { choice, labels, number, values } from "./view/settings.js";
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
function paint(canvas, chis) {
  const style = getComputedStyle(canvas);
  const context = canvas.getContext("2d");
  context.clearRect(0, 0, COLUMNS, ROWS);
  chis.forEach((row, y) =>
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
  const pace = `the gradient ${verb} by a factor e in ${short(layers)} layers`;
  return `${length}${name}: χ is ${short(chi, 3)}, ${pace}.`;
}

const CHOSEN_W = [0.5, 1, 1.5, 2, 3, 4];
const CHOSEN_B = [0, 0.5, 1, 2];

/** Make the map; draw paints the phases of an activation, and point marks a place. A click calls
 * "chosen" with both sigmas. */
function phasesMap(chosen) {
  const canvas = html("canvas", { width: COLUMNS, height: ROWS, role: "img" });
  const cross = html("span", { class: "explorer-cross", "aria-hidden": "true" });
  let shown;
  let chis;

  canvas.addEventListener("click", ({ offsetX, offsetY }) => {
    const up = 1 - offsetY / canvas.clientHeight;
    chosen((MOST_W * offsetX) / canvas.clientWidth, MOST_B * up);
  });
  onTheme(() => paint(canvas, chis));

  function draw(activation, sigmaW, sigmaB, words) {
    if (activation !== shown) {
      chis = phaseMap(activation, SIGMAS_W, SIGMAS_B);
      paint(canvas, chis);
      shown = activation;
    }
    cross.style.left = `${(100 * sigmaW) / MOST_W}%`;
    cross.style.top = `${100 * (1 - sigmaB / MOST_B)}%`;
    canvas.setAttribute("aria-label", `Phases of ${ACTIVATIONS[activation].label}. ${words}`);
  }

  return { box: html("div", { class: "explorer-map" }, canvas, cross), draw };
}

/** Find an explorer: on this page, "", or on that which the place links to; null in a notebook. */
function pageOf(name, el) {
  if (document.querySelector(`[data-explorer=${name}]`)) return "";
  return el.closest("[data-explorer]")?.querySelector("a[href]")?.href ?? null;
}

function render({ model, el }) {
  const names = model.get("controls") ?? Object.keys(settings);
  const said = html("p", { role: "status" });
  const map = phasesMap((sigmaW, sigmaB) => {
    model.set("sigma_w", settings.sigma_w.read(sigmaW));
    model.set("sigma_b", settings.sigma_b.read(sigmaB));
    model.save_changes();
  });
  const columns = ["σ_b", ...CHOSEN_W.map((w) => `σ_w = ${w}`)];
  const chiOf = (w, b) => short(phase(model.get("activation"), w, b).chi);
  const table = foldedTable("χ in numbers", columns, () =>
    CHOSEN_B.map((b) => [b, ...CHOSEN_W.map((w) => chiOf(w, b))]),
  );
  const there = pageOf("signal", el);
  const run = button("Run a network there", () => {
    const { activation, sigma_w, sigma_b } = values(model, settings);
    const weights = `scheme=lecun_normal&scale=${sigma_w}&bias=${sigma_b}`;
    location.href = `${there}#signal?${weights}&activation=${activation}&depth=30`;
  });

  function update() {
    const { activation, sigma_w, sigma_b } = values(model, settings);
    said.textContent = described(phase(activation, sigma_w, sigma_b));
    map.draw(activation, sigma_w, sigma_b, said.textContent);
    table.fill();
  }

  el.append(
    controls(model, settings, names, "phases"),
    html("p", { class: "explorer-title" }, "σ_w from 0 to 4 (across), σ_b from 0 to 2 (up)"),
    map.box,
    said,
    note(
      "Below 1 the factor χ of the gradient is painted in the colour of order,",
      "above 1 in that of chaos; the paler, the nearer to the edge.",
    ),
    ...(there === null ? [] : [html("p", {}, run)]),
    table.box,
  );
  model.on("change", update);
  update();
}

export default { settings, render };
