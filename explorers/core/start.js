// What a start does to the signal and to the gradient of a deep network.

import { dead, meanSquareOf, saturated } from "./moments.js";
import { backward, forward, layer } from "./network.js";
import { draws, randomState } from "./random.js";
import { fans, SCHEMES, unitWeights } from "./schemes.js";
import { variancePerLayer } from "./theory.js";

export const WIDTH = 64;
export const EXAMPLES = 16;
export const DEEPEST = 50;

/** Keep the last result of a function of plain values. */
function remembered(compute) {
  let key;
  let result;
  return (...values) => {
    if (key !== values.join()) {
      result = compute(...values);
      key = values.join();
    }
    return result;
  };
}

// Drawn for the deepest network: a shallower one of the same seed has the same first layers.
const weights = remembered((law, seed) => unitWeights(law, WIDTH, DEEPEST, seed));
const ends = remembered((seed) => {
  const random = randomState(seed + 2 ** 31);
  const draw = () => draws(EXAMPLES * WIDTH, random.normal);
  const [inputs, gradient] = [draw(), draw()];
  const biases = Array.from({ length: DEEPEST }, () => draws(WIDTH, random.normal));
  return { inputs, gradient, biases };
});

function times(factor, values) {
  return values.map((value) => factor * value);
}

/** Run random inputs up, and a random gradient down, a network of square layers at its start.
 *
 * Returns for each layer of weights the mean square of its outputs z, that of dL/dz relative to
 * the last layer, what theory says of both, and the shares of saturated and of dead units. */
export function start({ scheme, scale, bias, activation, depth, seed }) {
  const { variance, law } = SCHEMES[scheme];
  const deviation = scale * Math.sqrt(variance(fans([WIDTH, WIDTH])));
  const { inputs, gradient, biases } = ends(seed);
  const layers = weights(law, seed)
    .slice(0, depth)
    .map((unit, i) => layer(times(deviation, unit), WIDTH, WIDTH, times(bias, biases[i])));
  const { z } = forward(layers, activation, inputs, EXAMPLES);
  const gradients = backward(layers, activation, { z }, gradient, EXAMPLES);
  const sizes = gradients.map(meanSquareOf);
  const squares = layers.map(({ W }) => meanSquareOf(W));
  const offsets = layers.map(({ b }) => meanSquareOf(b));
  const q0 = meanSquareOf(inputs);
  return {
    signal: z.map(meanSquareOf),
    gradient: sizes.map((size) => size / sizes.at(-1)),
    theory: variancePerLayer(activation, WIDTH, squares, offsets, q0),
    saturated: z.map((each) => saturated(activation, each)),
    dead: z.map((each) => dead(activation, each, EXAMPLES)),
  };
}
