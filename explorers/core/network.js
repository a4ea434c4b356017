// A fully connected network: forward and backward pass. Arrays hold one row for each example.

import { ACTIVATIONS } from "./activations.js";

/** A layer z = W a + b: W of shape (out, in), row by row. */
export function layer(W, out, into, b = new Float64Array(out)) {
  return { W, b, out, into };
}

/** Run n examples up the network; the activation stands after every layer but the last.
 * Returns each layer's input "a" and output "z". */
export function forward(layers, activation, x, n) {
  const { f } = ACTIVATIONS[activation];
  const a = [x];
  const z = [];
  for (const each of layers) {
    z.push(outputs(each, a.at(-1), n));
    if (z.length < layers.length) a.push(applied(f, z.at(-1)));
  }
  return { a, z };
}

// A loop: it is many times as fast as the method map of typed arrays.
function applied(f, values) {
  const results = new Float64Array(values.length);
  for (let k = 0; k < values.length; k++) results[k] = f(values[k]);
  return results;
}

function outputs({ W, b, out, into }, a, n) {
  const z = new Float64Array(n * out);
  for (let example = 0; example < n; example++) {
    const start = example * into;
    for (let unit = 0; unit < out; unit++) {
      const row = unit * into;
      let sum = b[unit];
      for (let k = 0; k < into; k++) sum += W[row + k] * a[start + k];
      z[example * out + unit] = sum;
    }
  }
  return z;
}

/** Run the gradient dL/dz of the last layer down the network; returns that of every layer. */
export function backward(layers, activation, { z }, top, n) {
  const { slope } = ACTIVATIONS[activation];
  const gradients = [top];
  for (let number = layers.length - 1; number > 0; number--) {
    const below = inputGradients(layers[number], gradients[0], n);
    const slopes = applied(slope, z[number - 1]);
    for (let k = 0; k < below.length; k++) below[k] *= slopes[k];
    gradients.unshift(below);
  }
  return gradients;
}

function inputGradients({ W, out, into }, gradient, n) {
  const below = new Float64Array(n * into);
  for (let example = 0; example < n; example++) {
    const start = example * into;
    for (let unit = 0; unit < out; unit++) {
      const size = gradient[example * out + unit];
      const row = unit * into;
      for (let k = 0; k < into; k++) below[start + k] += size * W[row + k];
    }
  }
  return below;
}

/** Return dL/dW and dL/db of a layer from its inputs a and the gradients of its outputs. */
export function weightGradients({ out, into }, a, gradient, n) {
  const W = new Float64Array(out * into);
  const b = new Float64Array(out);
  for (let example = 0; example < n; example++) {
    for (let unit = 0; unit < out; unit++) {
      const size = gradient[example * out + unit];
      b[unit] += size;
      for (let k = 0; k < into; k++) W[unit * into + k] += size * a[example * into + k];
    }
  }
  return { W, b };
}
