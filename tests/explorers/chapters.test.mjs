// The explorers of the chapters: their first settings, and the answers that chapters give.

import assert from "node:assert/strict";
import { readdirSync, readFileSync } from "node:fs";
import { test } from "node:test";

import activation from "../../explorers/activation.js";
import { ACTIVATIONS, SQUARED_RELU } from "../../explorers/core/activations.js";
import { bestOf, rightAfter } from "../../explorers/core/budget.js";
import { law } from "../../explorers/core/layers.js";
import { lastOutputs } from "../../explorers/core/network.js";
import { phase } from "../../explorers/core/phases.js";
import { points } from "../../explorers/core/points.js";
import { randomState } from "../../explorers/core/random.js";
import { RUNS, SCALES } from "../../explorers/core/rates.js";
import { SCHEMES } from "../../explorers/core/schemes.js";
import { start } from "../../explorers/core/start.js";
import { outputMoments } from "../../explorers/core/theory.js";
import { stackOf, step, train } from "../../explorers/core/training.js";
import fans from "../../explorers/fans.js";
import phases from "../../explorers/phases.js";
import rates from "../../explorers/rates.js";
import signal from "../../explorers/signal.js";
import symmetry from "../../explorers/symmetry.js";
import training from "../../explorers/training.js";
import { mistaken, parse } from "../../explorers/view/settings.js";

const EXPLORERS = { activation, fans, phases, rates, signal, symmetry, training };
const CHAPTERS = new URL("../../chapters/", import.meta.url);
const PLACE = /:class: explorer\n[^`]*`(\w+)`: `([^`]+)`[^]*?\n:::\n([^]*)/;

/** Find the explorer of a chapter: its name, its first state, and the text below it; or null. */
function explorerOf(page) {
  const { cells } = JSON.parse(readFileSync(new URL(`${page}.ipynb`, CHAPTERS), "utf-8"));
  const texts = cells.map(({ source }) => source.join("")).filter((text) => PLACE.test(text));
  if (texts.length === 0) return null;
  const [, name, state, answer] = texts[0].match(PLACE);
  return { count: texts.length, name, state, answer };
}

const PAGES = readdirSync(CHAPTERS, { withFileTypes: true })
  .filter((part) => part.isDirectory())
  .flatMap((part) =>
    readdirSync(new URL(`${part.name}/`, CHAPTERS))
      .filter((file) => file.endsWith(".ipynb"))
      .map((file) => `${part.name}/${file.replace(".ipynb", "")}`),
  );

test("the chapters have explorers", () => {
  assert.ok(PAGES.filter((page) => explorerOf(page)).length >= 31);
});

for (const page of PAGES.filter(explorerOf)) {
  test(`${page}: every setting that is named is one of its explorer's`, () => {
    const { count, name, state, answer } = explorerOf(page);
    assert.equal(count, 1);
    const { settings } = EXPLORERS[name];
    const named = [...answer.matchAll(/`([a-z_]+=[^`]+)`/g)].map(([, text]) => text);
    for (const text of [state, ...named]) assert.deepEqual(mistaken(settings, text), [], text);
  });
}

const FUNCTIONS = { ...ACTIVATIONS, relu_squared: SQUARED_RELU };

/** Return what the explorer of a chapter computes for its own state, with changes. */
const COMPUTE = {
  signal(setting) {
    const { signal, gradient, dead, saturated } = start(setting);
    const [first, last] = [signal[0], signal.at(-1)];
    return { first, last, gradient: gradient[0], dead: dead.at(-1), saturated: saturated.at(-1) };
  },
  activation({ activation, gate, mean, deviation }) {
    const found = outputMoments(FUNCTIONS[activation], mean, deviation, gate === "yes");
    return { ...found, gain: Math.sqrt(found.given / found.square) };
  },
  fans: law,
  rates({ batches, optimizer, scale }) {
    const row = rightAfter(batches, optimizer)[SCALES.indexOf(Number(scale))];
    return bestOf(row, RUNS[optimizer].rates);
  },
  phases: ({ activation, sigma_w, sigma_b }) => phase(activation, sigma_w, sigma_b),
  symmetry({ noise, ...setting }) {
    const { distances } = train({ ...setting, noise: Number(noise) });
    return { from: distances[0], to: distances.at(-1) };
  },
  training({ shape, left, activation, depth, rate, seed }) {
    const { x, y } = points(shape, 100, randomState(seed + 2 ** 31));
    const widths = [2, ...Array(depth - 1).fill(16), 1];
    const layers = stackOf(widths, SCHEMES[left], randomState(seed));
    for (let count = 0; count < 1000; count++) step(layers, activation, x, y, rate);
    const output = lastOutputs(layers, activation, x, 100);
    return { right: y.filter((side, i) => side * output[i] > 0).length };
  },
};

/** Make a function that computes for the state of a chapter, changed by a text. */
function chapter(page) {
  const { name, state } = explorerOf(page);
  const { settings } = EXPLORERS[name];
  return (text = "") => COMPUTE[name](parse(settings, text, parse(settings, state)));
}

function assertAbout(value, expected, share = 0.05) {
  assert.ok(Math.abs(value / expected - 1) <= share, `${value}, said to be about ${expected}`);
}

function answers(page, check) {
  test(`${page}: the answer is what the explorer shows`, () => check(chapter(page)));
}

const seeds = (n) => Array.from({ length: n }, (_, seed) => seed);

answers("background/why-training-stalls", (at) => {
  const small = seeds(10).map((seed) => at(`seed=${seed}`).last);
  const level = seeds(10).map((seed) => at(`scale=1&seed=${seed}`).last);
  assertAbout(Math.min(...small), 4e-18, 0.1);
  assertAbout(Math.max(...small), 4e-16, 0.1);
  assert.ok(Math.min(...level) > 0.005 && Math.max(...level) < 1.4);
  small.forEach((last, i) => assertAbout(last / level[i], 0.7 ** 100, 1e-6));
});

answers("background/networks-weights-activations", (at) => {
  for (const depth of [2, 4, 12]) {
    for (const left of ["lecun_normal", "lecun_uniform"]) {
      assertAbout(at(`depth=${depth}&left=${left}`).right, 50, 0.1);
    }
  }
  assert.equal(at("activation=relu&rate=0.1").right, 100);
});

answers("initialization/zero-and-constant", (at) => {
  assertAbout(at().from, 3e-4, 0.2);
  assertAbout(at().to, 0.0056);
  assertAbout(at("rate=1").to, 3.2);
  const tiny = at("noise=1e-8&rate=1");
  assert.ok(tiny.to / tiny.from > 3000 && tiny.to / tiny.from < 30_000);
  assert.equal(at("noise=0").to, 0);
});

answers("initialization/orthogonal", (at) => {
  for (const seed of seeds(3)) {
    assertAbout(at(`seed=${seed}`).last, at(`seed=${seed}`).first, 1e-9);
    assertAbout(at(`scheme=lecun_normal&seed=${seed}`).last, [0.16, 0.21, 0.81][seed]);
    assertAbout(at(`activation=tanh&seed=${seed}`).last, 0.011);
    assert.ok(at(`scheme=lecun_normal&activation=tanh&seed=${seed}`).last < 0.007);
  }
});

answers("initialization/data-dependent", (at) => {
  assertAbout(at().gain, 1.593, 1e-3);
  assertAbout(at("activation=sigmoid").gain, 1.846, 1e-3);
  assertAbout(at("activation=softplus").gain, 1.042, 1e-3);
  assertAbout(1 / Math.sqrt(at().slopeSquare), 1.467, 1e-3);
});

answers("activations/sigmoid", (at) => {
  assertAbout(at().gradient, 2e-12, 0.2);
  assertAbout(at("scale=10").gradient, 0.52);
  assert.ok(at("scale=8").gradient < 0.05);
  assertAbout(at("scale=10").saturated, 2 / 3, 0.02);
});

answers("activations/tanh", (at) => {
  assertAbout(at("scale=1.19").gradient, 0.67);
  assertAbout(at("scale=1.26").gradient, 1.5);
  assert.ok(at("scale=1.19").last > 0.2 && at("scale=1.26").last < 0.32);
  assert.ok(at().last < 0.01 && at().gradient < 0.01);
});

answers("activations/relu", (at) => {
  for (const scale of [0.2, 1, 5]) assertAbout(at(`scale=${scale}`).dead, 0.45, 0.01);
  assertAbout(at("depth=10").dead, 0.31, 0.01);
  assertAbout(at("bias=0.5").dead, 0.48, 0.01);
});

answers("activations/relu-family", (at) => {
  assertAbout(at("deviation=1").gain, 1.53, 0.005);
  assertAbout(at("deviation=0.3").gain, 1.87, 0.005);
  assertAbout(at("deviation=2").gain, 1.44, 0.005);
  for (const size of [0.3, 1, 2]) {
    assertAbout(at(`activation=relu&deviation=${size}`).gain, Math.SQRT2, 1e-6);
  }
});

answers("activations/output-layers", (at) => {
  assertAbout(at().slopeSquare, 0.045, 0.01);
  assertAbout(at("mean=3").slopeSquare, 0.0059, 0.01);
  assertAbout(at("mean=-3").slopeSquare, at("mean=3").slopeSquare, 1e-9);
});

answers("derivations/activation-derivatives", (at) => {
  const square = (name, mean) => at(`activation=${name}&mean=${mean}`).slopeSquare;
  const above = (mean) =>
    Object.keys(ACTIVATIONS).filter((name) => square(name, mean) > 1 + 1e-9);
  assert.deepEqual(above(0), ["selu"]);
  assert.deepEqual(above(3), ["selu", "gelu", "silu"]);
  assertAbout(at().slopeSquare, 1.07, 0.005);
  assertAbout(at("mean=3").slopeSquare, 1.1, 0.01);
  assertAbout(at("mean=3&activation=gelu").slopeSquare, 1.06, 0.005);
  assertAbout(at("mean=3&activation=silu").slopeSquare, 1.14, 0.005);
});

answers("derivations/variance", (at) => {
  assertAbout(at().last, 2e-6, 0.15);
  assertAbout(at("scale=1.41").first, 1.7, 0.03);
  assertAbout(at("scale=1.41").last, 1.7, 0.03);
  const uniform = at("scheme=lecun_uniform&scale=1.41");
  assertAbout(uniform.first, 2, 0.03);
  assertAbout(uniform.last, 0.48, 0.03);
});

answers("derivations/mean-field", (at) => {
  assertAbout(at("sigma_w=1.3").chi, 0.998, 0.001);
  assertAbout(at("sigma_w=1.3").q, 0.51, 0.02);
  assertAbout(at("sigma_w=1.25").chi, 0.97, 0.005);
  assertAbout(at("sigma_w=1.35").chi, 1.02, 0.005);
});

answers("practice/mnist-cnn", (at) => {
  assertAbout(at().last, 1.7e6, 0.03);
  assertAbout(at("activation=tanh").last, 25, 0.03);
});

answers("practice/initialization-grid", (at) => {
  assert.equal(at().right, 17);
  const { right, rate } = at("batches=1000");
  assert.deepEqual([right, rate], [88, 0.1]);
  assert.ok(at("batches=1000&scale=0.25").right < 15);
  assert.equal(at("batches=1000&scale=0.25&optimizer=adam").right, 81);
  const most = (scale) =>
    ["sgd", "adam"].map((name) => at(`batches=1000&scale=${scale}&optimizer=${name}`).right);
  assert.ok(most("2.00")[0] < 40);
  assert.ok(most("4.00").every((each) => each < 40));
});

answers("practice/starting-a-run", (at) => {
  const best = (text) => [at(text).right, at(text).rate];
  assert.deepEqual(best(), [14, 0.3]);
  assert.deepEqual(best("batches=1000"), [88, 0.1]);
  assert.equal(at("scale=1.00").rate, 0.1);
  assert.equal(at("batches=1000&scale=1.00").rate, 0.1);
  for (const scale of ["0.50", "1.00"]) {
    const [early, late] = [50, 1000].map(
      (batches) => at(`optimizer=adam&scale=${scale}&batches=${batches}`).rate,
    );
    assertAbout(early / late, 3, 0.15);
  }
});

answers("practice/image-classification", (at) => {
  assertAbout(at().std, 0.03571, 1e-3);
  assertAbout(at("inputs=49").std, 0.1429, 1e-3);
});

answers("practice/photographs", (at) => {
  const runs = (text) => seeds(3).map((seed) => at(`${text}&seed=${seed}`));
  const left = (text) => runs(text).map(({ first, last }) => last / first);
  const relu = left("");
  assertAbout(Math.min(...relu), 1 / 930, 0.01);
  assertAbout(Math.max(...relu), 1 / 490, 0.01);
  for (const share of left("activation=tanh")) assertAbout(share, 1 / 20, 0.1);
  const he = left("scheme=he_normal");
  assertAbout(Math.min(...he), 1.1, 0.02);
  assertAbout(Math.max(...he), 2.1, 0.02);
});

answers("practice/speech", (at) => {
  assertAbout(at().limit, 0.25, 1e-6);
  assertAbout(at("activation=identity").limit, 0.1768, 1e-3);
});

answers("practice/text", (at) => {
  assertAbout(at().gradient, 2e-12, 0.05);
  assertAbout(at("activation=tanh").gradient, 1 / 100, 0.1);
  assertAbout(at("scheme=orthogonal&activation=tanh").gradient, 1 / 50, 0.1);
});

answers("practice/frameworks", (at) => {
  assertAbout(at().std, 0.07071, 1e-3);
  assertAbout(at("mode=fan_out").std, 0.1768, 1e-3);
});

answers("practice/audit-your-network", (at) => {
  assertAbout(at().last, 4e4, 0.05);
  assertAbout(at().gradient, 5400, 0.02);
  assertAbout(at("scale=0.4").last, 4e-8, 0.15);
  assertAbout(at("scale=0.4").gradient, 8e-8, 0.05);
});

answers("frontier/start-and-learning-rate", (at) => {
  const best = (text) => [at(text).rate, at(text).right];
  assert.deepEqual(best("scale=1.00"), [0.1, 91]);
  assert.deepEqual(best("scale=1.40"), [0.03, 84]);
  assert.deepEqual(best("scale=2.00"), [0.003, 39]);
});

answers("frontier/residual-networks", (at) => {
  const ends = seeds(3).map((seed) => at(`seed=${seed}`));
  assertAbout(Math.min(...ends.map(({ last }) => last)), 3e14, 0.05);
  assertAbout(Math.max(...ends.map(({ last }) => last)), 1e15, 0.15);
});

answers("frontier/small-data", (at) => {
  assert.equal(at().to, 0);
  assertAbout(at("noise=1e-8").to, 0.8);
});

answers("frontier/width", (at) => {
  const [narrow, wide] = [at(), at("inputs=512&outputs=512")];
  assertAbout(narrow.std, 0.25, 1e-6);
  assertAbout(wide.std, 0.0625, 1e-6);
  assert.equal(wide.fanIn / narrow.fanIn, 16);
});

answers("frontier/transformer-start", (at) => {
  assertAbout(at().square, 0.356, 0.002);
  assertAbout(at("deviation=2").square, 7.03, 0.001);
  const growth = (text) => at(`${text}&deviation=2`).square / at(text).square;
  assertAbout(growth("gate=yes"), 20, 0.02);
  assertAbout(growth("activation=relu_squared&gate=no"), 16, 1e-6);
  assertAbout(growth("activation=gelu&gate=no"), 4.5, 0.02);
});

answers("frontier/large-networks", (at) => {
  const apart = (text) => seeds(3).map((seed) => at(`${text}&seed=${seed}`).to);
  assert.deepEqual(apart("noise=0"), [0, 0, 0]);
  const noisy = apart("noise=1e-4");
  assertAbout(Math.min(...noisy), 0.0005);
  assertAbout(Math.max(...noisy), 0.005, 0.1);
  assertAbout(Math.min(...apart("kind=random")), 1.8);
  assertAbout(Math.max(...apart("kind=random")), 3.1);
});

answers("frontier/adaptive-initialization", (at) => {
  assert.equal(at().right, 42);
  assert.equal(at("optimizer=adam").right, 81);
  assert.ok(at("batches=600").right < 81 && at("batches=800").right > 81);
  assert.equal(at("scale=2.00&batches=1000").right, 39);
  assert.equal(at("scale=2.00&batches=1000&optimizer=adam").right, 70);
});
