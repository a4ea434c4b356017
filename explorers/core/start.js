// What a start does to the signal and to the gradient of a deep network.

import { dead, meanSquareOf, saturated } from "./moments.js";
import { backward, forward, layer, roomFor, transposed } from "./network.js";
import { randomState } from "./random.js";
import { fans, SCHEMES, unitWeights } from "./schemes.js";
import { variancePerLayer } from "./theory.js";

export const WIDTH = 64;
export const EXAMPLES = 16;
export const DEEPEST = 50;

const MOST_KEPT = 4;

/** Keep the last results of a function of plain values. */
function remembered(compute) {
  const kept = new Map();
  return (...values) => {
    const key = values.join();
    if (!kept.has(key)) kept.set(key, compute(...values));
    if (kept.size > MOST_KEPT) kept.delete(kept.keys().next().value);
    return kept.get(key);
  };
}

const weights = remembered((law, seed) => unitWeights(law, WIDTH, seed));
const ends = remembered((seed) => {
  const random = randomState(seed + 2 ** 31);
  const draw = () => transposed(random.normals(EXAMPLES * WIDTH), EXAMPLES);
  const [inputs, gradient] = [draw(), draw()];
  const biases = Array.from({ length: DEEPEST }, () => random.normals(WIDTH));
  return { inputs, gradient, biases };
});

// New arrays cost time: every start uses the same ones.
const deepest = remembered(() => {
  const square = () => layer(new Float64Array(WIDTH ** 2), WIDTH, WIDTH);
  const layers = Array.from({ length: DEEPEST }, square);
  return { layers, room: roomFor(layers, EXAMPLES) };
});

/** Return the layers and the room of a network of this depth; what was in them is lost. */
function blank(depth) {
  const { layers, room } = deepest();
  const [a, z, gradients] = [room.a, room.z, room.gradients].map((all) => all.slice(0, depth));
  return { layers: layers.slice(0, depth), room: { n: EXAMPLES, a, z, gradients } };
}

/** Write the values times a factor to "results". */
function multiply(values, factor, results) {
  for (let k = 0; k < values.length; k++) results[k] = factor * values[k];
}

/** Run random inputs up, and a random gradient down, a network of square layers at its start.
 *
 * Returns for each layer of weights the mean square of its outputs z, that of dL/dz relative to
 * the last layer, and what theory says of both; for each hidden layer the shares of saturated and
 * of dead units. */
export function start({ scheme, scale, bias, activation, depth, seed }) {
  const { variance, law } = SCHEMES[scheme];
  const deviation = scale * Math.sqrt(variance(fans([WIDTH, WIDTH])));
  const { inputs, gradient, biases } = ends(seed);
  const { layers, room } = blank(depth);
  weights(law, seed)(depth).forEach((unit, i) => {
    multiply(unit, deviation, layers[i].W);
    multiply(biases[i], bias, layers[i].b);
  });
  const { a, z, gradients } = forward(layers, activation, inputs, room);
  gradients.at(-1).set(gradient);
  backward(layers, activation, room);
  const sizes = gradients.map(meanSquareOf);
  const squares = layers.map(({ W }) => meanSquareOf(W));
  const offsets = layers.map(({ b }) => meanSquareOf(b));
  const q0 = meanSquareOf(inputs);
  const hidden = a.slice(1);
  return {
    signal: z.map(meanSquareOf),
    gradient: sizes.map((size) => size / sizes.at(-1)),
    theory: variancePerLayer(activation, WIDTH, squares, offsets, q0),
    saturated: hidden.map((each) => saturated(activation, each)),
    dead: hidden.map((each) => dead(each, EXAMPLES)),
  };
}
