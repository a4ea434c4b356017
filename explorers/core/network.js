// A fully connected network: forward and backward pass. Arrays hold one row for each example.

import { LOOPS } from "./loops.js";

/** A layer z = W a + b: W of shape (out, in), row by row. */
export function layer(W, out, into, b = new Float64Array(out)) {
  return { W, b, out, into };
}

/** Run n examples up the network; the activation stands after every layer but the last.
 * Returns each layer's input "a" and output "z". */
export function forward(layers, activation, x, n) {
  const { apply } = LOOPS[activation];
  const a = [x];
  const z = [];
  for (const each of layers) {
    const below = a[z.length];
    z.push(outputs(each, below, n));
    if (z.length === layers.length) break;
    const above = new Float64Array(n * each.out);
    apply(z.at(-1), above);
    a.push(above);
  }
  return { a, z };
}

/** Return the outputs of the last layer for n examples: forward, in two arrays used in turn. */
export function lastOutputs(layers, activation, x, n) {
  const { apply } = LOOPS[activation];
  const widest = Math.max(...layers.map(({ out }) => out));
  const rooms = [new Float64Array(n * widest), new Float64Array(n * widest)];
  let a = x;
  layers.forEach((each, i) => {
    if (i > 0) apply(a, a);
    a = outputs(each, a, n, rooms[i % 2].subarray(0, n * each.out));
  });
  return a;
}

/** Add the product of two matrices to "sum", of shape (rows, columns). In row i and column j,
 * "left" has its number at i * down + j * across, "right" at i * below + j * beside. Eight numbers
 * of the sum, two rows of four, are computed at a time, for speed. */
export function addProduct(sum, rows, columns, inner, left, down, across, right, below, beside) {
  const evenRows = rows - (rows % 2);
  const fours = columns - (columns % 4);
  for (let i = 0; i < evenRows; i += 2) {
    for (let k = 0; k < fours; k += 4) {
      const first = i * columns + k;
      const second = first + columns;
      let a = 0;
      let b = 0;
      let c = 0;
      let d = 0;
      let e = 0;
      let f = 0;
      let g = 0;
      let h = 0;
      let p = i * down;
      let q = k * beside;
      for (let j = 0; j < inner; j++) {
        const one = left[p];
        const two = left[p + down];
        const r = right[q];
        const s = right[q + beside];
        const t = right[q + 2 * beside];
        const u = right[q + 3 * beside];
        a += one * r;
        b += one * s;
        c += one * t;
        d += one * u;
        e += two * r;
        f += two * s;
        g += two * t;
        h += two * u;
        p += across;
        q += below;
      }
      sum[first] += a;
      sum[first + 1] += b;
      sum[first + 2] += c;
      sum[first + 3] += d;
      sum[second] += e;
      sum[second + 1] += f;
      sum[second + 2] += g;
      sum[second + 3] += h;
    }
  }
  for (let i = 0; i < rows; i++) {
    for (let k = i < evenRows ? fours : 0; k < columns; k++) {
      let dot = 0;
      for (let j = 0; j < inner; j++) {
        dot += left[i * down + j * across] * right[j * below + k * beside];
      }
      sum[i * columns + k] += dot;
    }
  }
}

function outputs({ W, b, out, into }, a, n, z = new Float64Array(n * out)) {
  z.set(b);
  for (let filled = out; filled < z.length; filled *= 2) z.copyWithin(filled, 0, filled);
  addProduct(z, n, out, into, a, into, 1, W, 1, into);
  return z;
}

/** Run the gradient dL/dz of the last layer down the network; returns that of every layer. */
export function backward(layers, activation, { z }, top, n) {
  const { chain } = LOOPS[activation];
  const gradients = [top];
  for (let number = layers.length - 1; number > 0; number--) {
    const below = inputGradients(layers[number], gradients[0], n);
    chain(z[number - 1], below);
    gradients.unshift(below);
  }
  return gradients;
}

function inputGradients({ W, out, into }, gradient, n) {
  const below = new Float64Array(n * into);
  addProduct(below, n, into, out, gradient, out, 1, W, into, 1);
  return below;
}

/** Return dL/dW and dL/db of a layer from its inputs a and the gradients of its outputs. */
export function weightGradients({ out, into }, a, gradient, n) {
  const W = new Float64Array(out * into);
  const b = new Float64Array(out);
  addProduct(W, out, into, n, gradient, 1, out, a, into, 1);
  for (let start = 0; start < n * out; start += out) {
    for (let unit = 0; unit < out; unit++) b[unit] += gradient[start + unit];
  }
  return { W, b };
}
