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

/** Add the product of two matrices to "sum", of shape (rows, columns). The number of "left" in row
 * i and column j stands at i * down + j * across; "right", of shape (inner, columns), lies row by
 * row. Four of its rows are taken at a time, for speed. */
function addProduct(sum, { left, down, across }, right, rows, inner, columns) {
  for (let i = 0; i < rows; i++) {
    const to = i * columns;
    let at = i * down;
    let j = 0;
    for (; j + 3 < inner; j += 4, at += 4 * across) {
      const p = left[at];
      const q = left[at + across];
      const r = left[at + 2 * across];
      const s = left[at + 3 * across];
      const second = (j + 1) * columns;
      const third = (j + 2) * columns;
      const fourth = (j + 3) * columns;
      for (let k = 0; k < columns; k++) {
        sum[to + k] +=
          p * right[j * columns + k] +
          q * right[second + k] +
          r * right[third + k] +
          s * right[fourth + k];
      }
    }
    for (; j < inner; j++, at += across) {
      for (let k = 0; k < columns; k++) sum[to + k] += left[at] * right[j * columns + k];
    }
  }
}

function outputs({ W, b, out, into }, a, n) {
  const across = new Float64Array(into * out);
  for (let unit = 0; unit < out; unit++) {
    for (let k = 0; k < into; k++) across[k * out + unit] = W[unit * into + k];
  }
  const z = new Float64Array(n * out);
  for (let start = 0; start < n * out; start += out) {
    for (let unit = 0; unit < out; unit++) z[start + unit] = b[unit];
  }
  addProduct(z, { left: a, down: into, across: 1 }, across, n, into, out);
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
  addProduct(below, { left: gradient, down: out, across: 1 }, W, n, out, into);
  return below;
}

/** Return dL/dW and dL/db of a layer from its inputs a and the gradients of its outputs. */
export function weightGradients({ out, into }, a, gradient, n) {
  const W = new Float64Array(out * into);
  const b = new Float64Array(out);
  addProduct(W, { left: gradient, down: 1, across: out }, a, out, n, into);
  for (let start = 0; start < n * out; start += out) {
    for (let unit = 0; unit < out; unit++) b[unit] += gradient[start + unit];
  }
  return { W, b };
}
