// Small networks and their training; what becomes of units that start equal.

import { addGradients, backward, forward, layer, roomFor, transposed } from "./network.js";
import { randomState } from "./random.js";
import { fans, LAWS } from "./schemes.js";

export const HIDDEN = 8;
export const EXAMPLES = 64;
export const STEPS = 300;

/** Take one step of gradient descent on half the mean squared error; returns that before it. */
export function step(layers, activation, x, y, rate, room = roomFor(layers, y.length)) {
  const n = y.length;
  const { a, z, gradients } = forward(layers, activation, x, room);
  const top = gradients.at(-1);
  let loss = 0;
  for (let i = 0; i < n; i++) {
    top[i] = (z.at(-1)[i] - y[i]) / n;
    loss += (n * top[i] * top[i]) / 2;
  }
  backward(layers, activation, room);
  layers.forEach((each, i) => addGradients(each, a[i], gradients[i], n, -rate));
  return loss;
}

/** Return the layers of a network of these widths from a scheme, with biases 0. The random numbers
 * are the same for all schemes of one law. */
export function stackOf(widths, { variance, law }, random) {
  return widths.slice(1).map((out, i) => {
    const deviation = Math.sqrt(variance(fans([out, widths[i]])));
    const W = LAWS[law](out * widths[i], random).map((each) => deviation * each);
    return layer(W, out, widths[i]);
  });
}

const STARTS = {
  zero: (W) => W.fill(0),
  constant: (W) => W.fill(0.5),
  twins: (W, into) => {
    if (into === 2) W.copyWithin(2, 0, 2);
    else W[1] = W[0];
  },
  random: () => {},
};

/** Return a network of two inputs, eight hidden units and one output at one of its starts, to
 * which noise of this size is added. */
export function smallNetwork(kind, noise, random) {
  const matrix = (out, into) => {
    const W = random.normals(out * into).map((each) => each / Math.sqrt(into));
    STARTS[kind](W, into);
    return layer(W.map((each) => each + noise * random.normal()), out, into);
  };
  return [matrix(HIDDEN, 2), matrix(1, HIDDEN)];
}

/** Return the distance between the first two hidden units: of the weights into and out of them. */
export function distance([first, second]) {
  const { W, b } = first;
  return Math.hypot(W[0] - W[2], W[1] - W[3], b[0] - b[1], second.W[0] - second.W[1]);
}

/** Train from a start; returns the loss and the distance of two units before each step. */
export function train({ kind, noise, rate, seed }) {
  const random = randomState(seed);
  const x = transposed(random.normals(2 * EXAMPLES), EXAMPLES);
  const target = (_, i) => Math.sin(2 * x[i]) + x[EXAMPLES + i] / 2;
  const y = Float64Array.from({ length: EXAMPLES }, target);
  const layers = smallNetwork(kind, noise, random);
  const room = roomFor(layers, EXAMPLES);
  const distances = [];
  const losses = [];
  for (let count = 0; count < STEPS; count++) {
    distances.push(distance(layers));
    losses.push(step(layers, "tanh", x, y, rate, room));
  }
  return { distances, losses };
}
