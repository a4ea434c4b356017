// Rate, scale and budget: which starts train, at which rate, and for how long.

import { bestOf, rightAfter } from "./core/budget.js";
import { BATCH, DEPTH, EVERY, RUNS, SCALES, SEEDS, WIDTH } from "./core/rates.js";
import { controls } from "./view/controls.js";
import { html, note } from "./view/elements.js";
import { choice, number, values } from "./view/settings.js";

const MOST = EVERY * RUNS.sgd.right[0][0].length;
const OPTIMIZERS = { sgd: "gradient descent", adam: "Adam" };
const NAMES = SCALES.map((scale) => scale.toFixed(2)); // "1" would stand before "0.25"
const scales = Object.fromEntries(NAMES.map((name, i) => [name, `× ${SCALES[i]}`]));

const settings = {
  batches: number("Batches", EVERY, MOST, EVERY, 100),
  optimizer: choice("Optimizer", OPTIMIZERS, "sgd"),
  scale: choice("Scale: He's weights", scales, "1.00"),
};

/** Make the map, a table of numbers whose ground is the darker, the more is right. */
function map() {
  const table = html("table", { class: "explorer-shares" });
  const attributes = { tabindex: "0", role: "region", "aria-label": "Percent right" };
  const cell = (right) => html("td", { style: `--share: ${right}%` }, right);
  const head = (scope, text) => html("th", { scope }, text);

  function draw(rows, rates, scale) {
    const columns = html("tr", {}, head("col", "scale"), ...rates.map((rate) => head("col", rate)));
    const lines = rows.map((row, i) => {
      const chosen = NAMES[i] === scale ? { class: "explorer-chosen" } : {};
      return html("tr", chosen, head("row", `× ${SCALES[i]}`), ...row.map(cell));
    });
    table.replaceChildren(html("thead", {}, columns), html("tbody", {}, ...lines));
  }

  return { box: html("div", attributes, table), draw };
}

const GUESS = 20; // percent: what is below is not told from a guess, 10%

function described({ right, rate, trained }, { scale, batches, optimizer }, rates) {
  const start = `from He's weights ${scales[scale]}`;
  const given = `After ${batches} batches of ${OPTIMIZERS[optimizer]}, ${start}:`;
  if (right < GUESS) return `${given} at most ${right}% right, hardly more than a guess.`;
  return (
    `${given} ${right}% right at the best rate, ${rate}; half or more right at ${trained} of ` +
    `${rates.length} rates.`
  );
}

function render({ model, el }) {
  const names = model.get("controls") ?? Object.keys(settings);
  const shown = map();
  const said = html("p", { role: "status" });

  function update() {
    const setting = values(model, settings);
    const { batches, optimizer, scale } = setting;
    const { rates } = RUNS[optimizer];
    const rows = rightAfter(batches, optimizer);
    shown.draw(rows, rates, scale);
    const best = bestOf(rows[NAMES.indexOf(scale)], rates);
    said.textContent = described(best, setting, rates);
  }

  el.append(
    controls(model, settings, names, "rates"),
    html("p", { class: "explorer-title" }, "Percent right, by rate (across) and scale (down)"),
    shown.box,
    said,
    note(
      `Stored: ${DEPTH} layers of ${WIDTH} ReLU units on digits, the last ${EVERY} batches of`,
      `${BATCH}, mean over ${SEEDS} seeds. What diverged counts as a guess, 10%.`,
    ),
  );
  model.on("change", update);
  update();
}

export default { settings, render };
