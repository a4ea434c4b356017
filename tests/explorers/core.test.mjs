// The explorers' computations beside what the helpers computed: fixtures.json.

import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { test } from "node:test";

import { ACTIVATIONS } from "../../explorers/core/activations.js";
import { moments } from "../../explorers/core/moments.js";
import { backward, forward, layer, weightGradients } from "../../explorers/core/network.js";
import { draws, randomState } from "../../explorers/core/random.js";
import { fans, SCHEMES, unitWeights } from "../../explorers/core/schemes.js";
import { start } from "../../explorers/core/start.js";
import { chi, gain, lengthMap, variancePerLayer } from "../../explorers/core/theory.js";

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
    const { uniform: draw } = randomState(seed);
    assert.deepEqual([...draws(1008, draw).slice(-8)], uniform);
  }
});

test("normal random numbers are NumPy's", () => {
  for (const { seed, normal } of FIXTURES.random) {
    assertNear(draws(1008, randomState(seed).normal).slice(-8), normal, `seed ${seed}`);
  }
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
    unitWeights(law, 8, 2, 5).forEach((each, i) => assertNear(each, weights[i], law));
  }
});

test("moments", () => {
  const { mean, std, meanSquare } = moments([1, 2, 6]);
  assertNear([mean, std, meanSquare], [3, Math.sqrt(14 / 3), 41 / 3], "moments");
});

for (const each of FIXTURES.networks) {
  test(`a network of ${each.activation}: forward and backward pass`, () => {
    const layers = each.weights.map((W, i) =>
      layer(W, each.widths[i + 1], each.widths[i], each.biases[i]),
    );
    const n = each.x.length / each.widths[0];
    const { a, z } = forward(layers, each.activation, Float64Array.from(each.x), n);
    const top = Float64Array.from(each.top);
    const gradients = backward(layers, each.activation, { z }, top, n);
    layers.forEach((one, i) => {
      assertNear(z[i], each.z[i], `z of layer ${i}`);
      assertNear(gradients[i], each.gradients[i], `gradient of layer ${i}`);
      const { W, b } = weightGradients(one, a[i], gradients[i], n);
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
    assertNear(seen.dead.slice(0, -1), expected.dead, "dead");
    if (expected.saturated) assertNear(seen.saturated.slice(0, -1), expected.saturated, "saturated");
    else assert.ok(seen.saturated.every(Number.isNaN));
  });
}

test("theory is exact for one layer", () => {
  assert.deepEqual(variancePerLayer("relu", 10, [0.3], 2), { q: [6], gradient: [1] });
});
