// The explorers' computations beside what the helpers computed: fixtures.json.

import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { test } from "node:test";

import { ACTIVATIONS, SQUARED_RELU } from "../../explorers/core/activations.js";
import { bestOf, rightAfter } from "../../explorers/core/budget.js";
import { allowedGroups, code, law } from "../../explorers/core/layers.js";
import { LOOPS } from "../../explorers/core/loops.js";
import { meanSquareOf } from "../../explorers/core/moments.js";
import {
  addGradients,
  addProduct,
  addRowProducts,
  backward,
  forward,
  lastOutputs,
  layer,
  roomFor,
  transposed,
} from "../../explorers/core/network.js";
import { phase, phaseMap } from "../../explorers/core/phases.js";
import { points } from "../../explorers/core/points.js";
import { randomState } from "../../explorers/core/random.js";
import { RUNS } from "../../explorers/core/rates.js";
import { fans, SCHEMES, unitWeights } from "../../explorers/core/schemes.js";
import { start } from "../../explorers/core/start.js";
import {
  chi,
  gain,
  gaussianMean,
  lengthMap,
  outputMoments,
  variancePerLayer,
} from "../../explorers/core/theory.js";
import { distance, smallNetwork, stackOf, step, train } from "../../explorers/core/training.js";

const FIXTURES = JSON.parse(readFileSync(new URL("fixtures.json", import.meta.url), "utf-8"));
const TOLERANCE = 1e-9;

function assertNear(values, expected, what) {
  assert.equal(values.length, expected.length, what);
  expected.forEach((wanted, i) => {
    const near = Math.abs(values[i] - wanted) <= TOLERANCE * Math.abs(wanted);
    assert.ok(near, `${what}, number ${i}: ${values[i]}, expected ${wanted}`);
  });
}

test("uniform random numbers are NumPy's, to the last bit", () => {
  for (const { seed, uniform } of FIXTURES.random) {
    const drawn = Array.from({ length: 1008 }, randomState(seed).uniform);
    assert.deepEqual(drawn.slice(-8), uniform);
  }
});

test("normal random numbers are NumPy's", () => {
  for (const { seed, normal } of FIXTURES.random) {
    assertNear(randomState(seed).normals(1008).slice(-8), normal, `seed ${seed}`);
  }
});

test("random numbers are one stream, however many are asked for at a time", () => {
  const { normal, normals } = randomState(3);
  const parts = [...normals(3), normal(), ...normals(0), normal(), ...normals(4), normal()];
  assert.deepEqual(parts, [...randomState(3).normals(10)]);
});

test("the activations are those of the helpers", () => {
  assert.deepEqual(Object.keys(ACTIVATIONS), Object.keys(FIXTURES.activations));
});

for (const [name, expected] of Object.entries(FIXTURES.activations)) {
  const { f, slope } = ACTIVATIONS[name];
  test(`${name}: values and slopes`, () => {
    assertNear(FIXTURES.points.map(f), expected.values, "values");
    assertNear(FIXTURES.points.map(slope), expected.slopes, "slopes");
  });

  test(`${name}: gains and maps`, () => {
    assertNear([gain(f), gain(slope)], [expected.gain, expected.gradientGain], "gains");
    const lengths = expected.q.map((q) => lengthMap(q, name, 1.3, 0.2));
    assertNear(lengths, expected.lengthMap, "length map");
    const factors = expected.q.map((q) => chi(name, q, 1.3));
    assertNear(factors, expected.chi, "chi");
  });
}

test("the loops over arrays are those of the same functions", () => {
  assert.deepEqual(Object.keys(LOOPS), Object.keys(ACTIVATIONS));
  const z = Float64Array.from(FIXTURES.points);
  for (const [name, { apply, chain }] of Object.entries(LOOPS)) {
    const { f, slope } = ACTIVATIONS[name];
    const [a, g] = [new Float64Array(z.length), z.map((_, i) => i + 1)];
    apply(z, a);
    chain(z, g);
    assertNear(a, FIXTURES.points.map(f), `${name}: values`);
    assertNear(g, FIXTURES.points.map((each, i) => (i + 1) * slope(each)), `${name}: slopes`);
  }
});

test("tanh is that of the language, also near 0", () => {
  const places = [1e-300, 1e-9, 0.01, 0.29999, 0.30001, 1, 5, 20, 800].flatMap((x) => [x, -x]);
  assertNear(places.map(ACTIVATIONS.tanh.f), places.map(Math.tanh), "tanh");
  assert.equal(ACTIVATIONS.tanh.f(0), 0);
});

/** Multiply two matrices as the definition says: (rows, inner) and (inner, columns). */
function product(left, right, rows, inner) {
  const columns = right.length / inner;
  return Array.from({ length: rows * columns }, (_, place) => {
    const [i, k] = [Math.floor(place / columns), place % columns];
    let sum = 0;
    for (let j = 0; j < inner; j++) sum += left[i * inner + j] * right[j * columns + k];
    return sum;
  });
}

test("matrix products of every small shape", () => {
  const random = randomState(7);
  const n = 3;
  for (let rows = 1; rows <= 9; rows++) {
    for (let inner = 1; inner <= 9; inner++) {
      const [left, right, sum] = [rows * inner, inner * n, rows * n].map(random.normals);
      const expected = product(left, right, rows, inner).map((each, k) => sum[k] + each);
      const turned = sum.slice();
      addProduct(sum, rows, n, inner, left, inner, 1, right);
      assertNear(sum, expected, `${rows} by ${inner}`);
      addProduct(turned, rows, n, inner, transposed(left, rows), 1, rows, right);
      assertNear(turned, expected, `${rows} by ${inner}, transposed`);
    }
  }
});

test("row products of every small shape", () => {
  const random = randomState(8);
  const n = 3;
  for (let rows = 1; rows <= 5; rows++) {
    for (let columns = 1; columns <= 9; columns++) {
      const [left, right] = [rows * n, columns * n].map(random.normals);
      const sum = random.normals(rows * columns);
      const products = product(left, transposed(right, columns), rows, n);
      const expected = products.map((each, k) => sum[k] - 0.1 * each);
      addRowProducts(sum, left, right, n, -0.1);
      assertNear(sum, expected, `${rows} by ${columns}`);
    }
  }
});

test("a matrix is turned", () => {
  assert.deepEqual(transposed([1, 2, 3, 4, 5, 6], 2), [1, 4, 2, 5, 3, 6]);
});

test("fans of a shape", () => {
  for (const { shape, expected } of FIXTURES.fans) {
    const { fanIn, fanOut } = fans(shape);
    assert.deepEqual([fanIn, fanOut], expected);
  }
});

test("variances of the schemes", () => {
  const names = new Set(FIXTURES.variances.map(({ scheme }) => scheme));
  assert.deepEqual([...names].sort(), Object.keys(SCHEMES).sort());
  for (const { scheme, shape, variance } of FIXTURES.variances) {
    assertNear([SCHEMES[scheme].variance(fans(shape))], [variance], `${scheme}, ${shape}`);
  }
});

test("weights of each law", () => {
  for (const { law, weights } of FIXTURES.unitWeights) {
    unitWeights(law, 8, 5)(2).forEach((each, i) => assertNear(each, weights[i], law));
  }
});

test("a deeper network of a seed has the same first layers, whatever was asked before", () => {
  const draw = unitWeights("normal", 4, 3);
  const [shallow, deep] = [draw(1), draw(3)];
  assert.equal(deep.length, 3);
  assert.equal(deep[0], shallow[0]);
  assert.deepEqual(deep, unitWeights("normal", 4, 3)(3));
  const setting = { scheme: "lecun_normal", scale: 1, bias: 0, activation: "relu", depth: 3 };
  const first = start({ ...setting, seed: 0 }).signal;
  for (let seed = 1; seed < 9; seed++) start({ ...setting, seed });
  assert.deepEqual(start({ ...setting, seed: 0 }).signal, first);
});

test("the mean square of an array", () => {
  assert.equal(meanSquareOf([1, 2, 6]), 41 / 3);
});

for (const each of FIXTURES.networks) {
  test(`a network of ${each.activation}: forward and backward pass`, () => {
    const layers = each.weights.map((W, i) =>
      layer(W, each.widths[i + 1], each.widths[i], each.biases[i]),
    );
    const n = each.x.length / each.widths[0];
    const room = roomFor(layers, n);
    const { a, z, gradients } = forward(layers, each.activation, Float64Array.from(each.x), room);
    assertNear(lastOutputs(layers, each.activation, a[0], n), each.z.at(-1), "last outputs");
    gradients.at(-1).set(each.top);
    backward(layers, each.activation, room);
    layers.forEach((one, i) => {
      assertNear(z[i], each.z[i], `z of layer ${i}`);
      assertNear(gradients[i], each.gradients[i], `gradient of layer ${i}`);
      const { W, b } = layer(new Float64Array(one.W.length), one.out, one.into);
      addGradients({ ...one, W, b }, a[i], gradients[i], n, 1);
      assertNear(W, each.weightGradients[i], `dL/dW of layer ${i}`);
      assertNear(b, each.biasGradients[i], `dL/db of layer ${i}`);
    });
  });
}

for (const { setting, ...expected } of FIXTURES.starts) {
  test(`a start: ${Object.values(setting).join(", ")}`, () => {
    const seen = start(setting);
    assertNear(seen.signal, expected.signal, "signal");
    assertNear(seen.gradient, expected.gradient, "gradient");
    assertNear(seen.theory.q, expected.theory.q, "theory of the signal");
    assertNear(seen.theory.gradient, expected.theory.gradient, "theory of the gradient");
    assertNear(seen.dead, expected.dead, "dead");
    if (expected.saturated) assertNear(seen.saturated, expected.saturated, "saturated");
    else assert.ok(seen.saturated.every(Number.isNaN));
  });
}

test("means over normal laws", () => {
  for (const { activation, mean, deviation, value } of FIXTURES.means) {
    const found = gaussianMean(ACTIVATIONS[activation].f, mean, deviation);
    assertNear([found], [value], `${activation}, N(${mean}, ${deviation}²)`);
  }
});

test("the squared rectifier and a gate, by their moments in closed form", () => {
  const squared = outputMoments(SQUARED_RELU, 0, 1, false);
  assertNear(Object.values(squared), [1, 1 / 2, 3 / 2, 2], "ReLU², N(0, 1)");
  const gated = outputMoments(ACTIVATIONS.identity, 1.5, 0.5, true);
  assertNear(Object.values(gated), [2.5, 1.5 ** 2, 2.5 ** 2, 2.5], "u v, N(1.5, 0.25)");
});

test("fixed points and chi", () => {
  for (const { activation, sigmaW, sigmaB, q, chi } of FIXTURES.phases) {
    const found = phase(activation, sigmaW, sigmaB);
    assertNear([found.q, found.chi], [q, chi], `${activation}, ${sigmaW}, ${sigmaB}`);
  }
  assert.equal(phase("tanh", 0.5, 0).q, 0);
  assert.equal(phase("relu", 1.5, 0).q, Infinity);
  assertNear([phase("relu", 1.5, 0).chi, phase("relu", 1, 0).chi], [1.125, 0.5], "chi of ReLU");
});

test("the map of phases shows chi", () => {
  for (const activation of ["tanh", "gelu", "sigmoid", "relu"]) {
    for (const [sigmaW, sigmaB] of [[0.4, 0.3], [1.2, 0.1], [3.5, 1.6]]) {
      const [[seen]] = phaseMap(activation, [sigmaW], [sigmaB]);
      const { chi } = phase(activation, sigmaW, sigmaB);
      const what = `${activation}, ${sigmaW}, ${sigmaB}: ${seen}, expected ${chi}`;
      assert.ok(Math.abs(seen / chi - 1) < 0.01, what);
    }
  }
});

test("ten steps of training", () => {
  const given = FIXTURES.tenSteps;
  const layers = given.weights.map((W, i) =>
    layer(Float64Array.from(W), given.widths[i + 1], given.widths[i], [...given.biases[i]]),
  );
  const x = Float64Array.from(given.x);
  const losses = given.losses.map(() => step(layers, "tanh", x, given.y, given.rate));
  assertNear(losses, given.losses, "losses");
  layers.forEach(({ W, b }, i) => {
    assertNear(W, given.trained[i], `weights of layer ${i}`);
    assertNear(b, given.trainedBiases[i], `biases of layer ${i}`);
  });
});

test("units that start equal stay equal to the last bit, and others do not", () => {
  for (const kind of ["twins", "constant", "zero"]) {
    const { distances, losses } = train({ kind, noise: 0, rate: 0.3, seed: 1 });
    assert.ok(distances.every((each) => each === 0), kind);
    assert.ok(losses.at(-1) < losses[0], kind);
    const noisy = train({ kind, noise: 1e-6, rate: 0.3, seed: 1 });
    assert.ok(noisy.distances.every((each) => each > 0), kind);
  }
  const { distances } = train({ kind: "random", noise: 0, rate: 0.3, seed: 1 });
  assert.ok(distances[0] > 0.1);
});

test("two schemes of one law share their random numbers, and each has its variance", () => {
  const [lecun, he] = ["lecun_normal", "he_normal"].map((name) =>
    stackOf([2, 16, 1], SCHEMES[name], randomState(2)),
  );
  const first = randomState(2).normals(32);
  assertNear(lecun[0].W, [...first].map((each) => each / Math.sqrt(2)), "LeCun");
  he.forEach(({ W }, i) => {
    assertNear(W, [...lecun[i].W].map((each) => Math.sqrt(2) * each), `He, layer ${i}`);
  });
  const uniform = stackOf([300, 300], SCHEMES.xavier_uniform, randomState(2))[0].W;
  assert.ok(Math.abs(300 * meanSquareOf(uniform) - 1) < 0.02);
  assert.ok(uniform.every((each) => Math.abs(each) <= Math.sqrt(3 / 300)));
});

test("points are of two classes that can be told apart", () => {
  const radius = (x, i) => Math.hypot(x[i], x[100 + i]);
  const { x, y } = points("circles", 100, randomState(1));
  assert.equal(y.reduce((sum, side) => sum + side, 0), 0);
  assert.ok(y.every((side, i) => radius(x, i) < 1.25 === side > 0));
  const corners = points("corners", 100, randomState(1));
  assert.ok(corners.y.every((side, i) => corners.x[i] * corners.x[100 + i] * side > 0));
  const spirals = points("spirals", 100, randomState(1));
  assert.ok(spirals.y.every((_, i) => radius(spirals.x, i) < 2.6));
  assert.deepEqual(points("spirals", 100, randomState(1)), spirals);
});

test("the two spirals are half a turn apart", () => {
  const still = { uniform: () => 0.5, normal: () => 0 };
  const parts = [0.125, 0.375, 0.625, 0.875];
  const radii = parts.map((part) => 0.2 + 1.8 * part);
  const angles = parts.map((part, i) => 4 * part + (i % 2) * Math.PI);
  const across = radii.map((radius, i) => radius * Math.cos(angles[i]));
  const up = radii.map((radius, i) => radius * Math.sin(angles[i]));
  assertNear(points("spirals", 4, still).x, [...across, ...up], "place");
});

test("noise is added to every weight of a start", () => {
  const layers = smallNetwork("zero", 0.1, randomState(3));
  assert.ok(layers.every(({ W }) => W.every((each) => each !== 0)));
  assert.equal(distance(smallNetwork("zero", 0, randomState(3))), 0);
});

test("theory is exact for one layer", () => {
  assert.deepEqual(variancePerLayer("relu", 10, [0.3], [1], 2), { q: [7], gradient: [1] });
});

test("groups divide inputs and outputs", () => {
  assert.equal(allowedGroups({ inputs: 12, outputs: 18, groups: 5 }), 3);
  assert.equal(allowedGroups({ inputs: 7, outputs: 9, groups: 4 }), 1);
});

test("the true fans of a convolution know its stride and its groups", () => {
  const setting = { inputs: 8, outputs: 12, kernel: 4, stride: 2, groups: 2, mode: "fan_out" };
  const of = (layer) => law({ ...setting, layer, activation: "identity" });
  const { shape, fanIn, fanOut, variance } = of("convolution");
  assert.deepEqual([shape, fanIn, fanOut], [[12, 4, 4, 4], 4 * 16, 6 * 4]);
  assertNear([variance], [1 / fanOut], "variance");
  const transposed = of("transposed");
  assert.deepEqual(transposed.shape, [8, 6, 4, 4]);
  assert.deepEqual([transposed.fanIn, transposed.fanOut], [4 * 4, 6 * 16]);
});

test("each framework's line holds the numbers of the law", () => {
  const found = { std: 0.123456, limit: 0.213832 };
  for (const line of Object.values(code(found, "normal"))) assert.match(line, /\b0\.1235\b/);
  for (const line of Object.values(code(found, "uniform"))) {
    assert.match(line, /-0\.2138, (maxval=)?0\.2138/);
  }
});

test("of a scale the best rate is taken, and half right counts as trained", () => {
  assert.deepEqual(bestOf([49, 51, 50], [1, 2, 3]), { right: 51, rate: 2, trained: 2 });
});

for (const { optimizer, batches, right, ...expected } of FIXTURES.budgets) {
  test(`trainings after ${batches} batches of ${optimizer}`, () => {
    const rows = rightAfter(batches, optimizer);
    assert.deepEqual(rows, right);
    const best = rows.map((row) => bestOf(row, RUNS[optimizer].rates));
    assertNear(best.map((each) => each.right), expected.best, "right");
    assertNear(best.map((each) => each.rate), expected.rates, "rate");
    assertNear(best.map((each) => each.trained), expected.trained, "trained");
  });
}
