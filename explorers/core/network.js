// A fully connected network: forward and backward pass. Arrays of signals and gradients hold one
// row for each unit, and in it a number for each example.

import { LOOPS } from "./loops.js";

/** A layer z = W a + b: W of shape (out, in), row by row. */
export function layer(W, out, into, b = new Float64Array(out)) {
  return { W, b, out, into };
}

/** Make the arrays of a pass of n examples: each layer's input "a", output "z" and gradient dL/dz.
 * A network that is trained uses the same ones for all steps: new ones cost time. */
export function roomFor(layers, n) {
  const arrays = () => layers.map(({ out }) => new Float64Array(n * out));
  return { n, a: [null, ...arrays().slice(0, -1)], z: arrays(), gradients: arrays() };
}

/** Run examples up the network; the activation stands after every layer but the last. Returns the
 * room, with each layer's input "a" and output "z". */
export function forward(layers, activation, x, room) {
  const { apply } = LOOPS[activation];
  const { n, a, z } = room;
  a[0] = x;
  layers.forEach((each, i) => {
    if (i > 0) apply(z[i - 1], a[i]);
    outputs(each, a[i], n, z[i]);
  });
  return room;
}

/** Make two arrays for the outputs of each layer in turn, for n examples. */
export function twoRooms(layers, n) {
  const widest = Math.max(...layers.map(({ out }) => out));
  return [new Float64Array(n * widest), new Float64Array(n * widest)];
}

/** Return the outputs of the last layer for n examples: forward, in two arrays used in turn. */
export function lastOutputs(layers, activation, x, n, rooms = twoRooms(layers, n)) {
  const { apply } = LOOPS[activation];
  let a = x;
  layers.forEach((each, i) => {
    if (i > 0) apply(a, a);
    a = outputs(each, a, n, rooms[i % 2].subarray(0, n * each.out));
  });
  return a;
}

/** Turn a matrix, stored row by row, into its columns, one after the other. */
export function transposed(matrix, rows) {
  const columns = matrix.length / rows;
  return matrix.map((_, k) => matrix[(k % rows) * columns + Math.floor(k / rows)]);
}

/** Add to "sum", (rows, n), the product of "left" and "right", (inner, n). In row i and column j
 * "left" has its number at i * down + j * across. */
export function addProduct(sum, rows, n, inner, left, down, across, right) {
  for (let i = 0; i < rows; i += 4) {
    for (let j = 0; j < inner; j += 4) {
      const [y, p, x] = [i * n, i * down + j * across, j * n];
      const [height, width] = [Math.min(4, rows - i), Math.min(4, inner - j)];
      if (height === 4 && width === 4) addBlock(sum, y, n, left, p, down, across, right, x);
      else addEdge(sum, y, n, left, p, down, across, right, x, height, width);
    }
  }
}

/** Add to four rows of "sum" what four columns of "left" give: these 16 numbers are read once. The
 * blocks begin at y, p and x. "| 0" tells the browser that an index is a small whole number. */
function addBlock(sum, y, n, left, p, down, across, right, x) {
  const q = p + across;
  const r = q + across;
  const s = r + across;
  const two = 2 * down;
  const three = 3 * down;
  const a1 = left[p];
  const a2 = left[q];
  const a3 = left[r];
  const a4 = left[s];
  const b1 = left[p + down];
  const b2 = left[q + down];
  const b3 = left[r + down];
  const b4 = left[s + down];
  const c1 = left[p + two];
  const c2 = left[q + two];
  const c3 = left[r + two];
  const c4 = left[s + two];
  const d1 = left[p + three];
  const d2 = left[q + three];
  const d3 = left[r + three];
  const d4 = left[s + three];
  for (const end = y + n; y < end; y = (y + 1) | 0) {
    const first = right[x];
    const second = right[(x + n) | 0];
    const third = right[(x + 2 * n) | 0];
    const fourth = right[(x + 3 * n) | 0];
    sum[y] += a1 * first + a2 * second + a3 * third + a4 * fourth;
    sum[(y + n) | 0] += b1 * first + b2 * second + b3 * third + b4 * fourth;
    sum[(y + 2 * n) | 0] += c1 * first + c2 * second + c3 * third + c4 * fourth;
    sum[(y + 3 * n) | 0] += d1 * first + d2 * second + d3 * third + d4 * fourth;
    x = (x + 1) | 0;
  }
}

/** The same for less than four columns or rows: one number of "left" after the other. */
function addEdge(sum, y, n, left, p, down, across, right, x, height, width) {
  for (let i = 0; i < height; i++) {
    for (let j = 0; j < width; j++) {
      const factor = left[p + i * down + j * across];
      for (let k = 0; k < n; k++) sum[y + i * n + k] += factor * right[x + j * n + k];
    }
  }
}

/** Add to "sum" the product of each row of "left" with each row of "right", both of n numbers, times
 * a factor. Eight are computed at a time, two rows with four, for speed. */
export function addRowProducts(sum, left, right, n, factor) {
  const [rows, columns] = [left.length / n, right.length / n];
  const evenRows = rows - (rows % 2);
  const fours = columns - (columns % 4);
  for (let i = 0; i < evenRows; i += 2) {
    for (let j = 0; j < fours; j += 4) {
      addEight(sum, i * columns + j, columns, left, i * n, right, j * n, n, factor);
    }
  }
  for (let i = 0; i < rows; i++) {
    for (let j = i < evenRows ? fours : 0; j < columns; j++) {
      let product = 0;
      for (let k = 0; k < n; k++) product += left[i * n + k] * right[j * n + k];
      sum[i * columns + j] += factor * product;
    }
  }
}

function addEight(sum, place, columns, left, x, right, y, n, factor) {
  let a = 0;
  let b = 0;
  let c = 0;
  let d = 0;
  let e = 0;
  let f = 0;
  let g = 0;
  let h = 0;
  for (const end = x + n; x < end; x = (x + 1) | 0) {
    const one = left[x];
    const two = left[(x + n) | 0];
    const r = right[y];
    const s = right[(y + n) | 0];
    const t = right[(y + 2 * n) | 0];
    const u = right[(y + 3 * n) | 0];
    a += one * r;
    b += one * s;
    c += one * t;
    d += one * u;
    e += two * r;
    f += two * s;
    g += two * t;
    h += two * u;
    y = (y + 1) | 0;
  }
  sum[place] += factor * a;
  sum[place + 1] += factor * b;
  sum[place + 2] += factor * c;
  sum[place + 3] += factor * d;
  sum[place + columns] += factor * e;
  sum[place + columns + 1] += factor * f;
  sum[place + columns + 2] += factor * g;
  sum[place + columns + 3] += factor * h;
}

function outputs({ W, b, out, into }, a, n, z) {
  for (let unit = 0; unit < out; unit++) z.fill(b[unit], unit * n, (unit + 1) * n);
  addProduct(z, out, n, into, W, into, 1, a);
  return z;
}

/** Run the gradient dL/dz of the last layer, which stands in the room, down to the first one.
 * Returns that of every layer. */
export function backward(layers, activation, { n, z, gradients }) {
  const { chain } = LOOPS[activation];
  for (let i = layers.length - 1; i > 0; i--) {
    const { W, out, into } = layers[i];
    gradients[i - 1].fill(0);
    addProduct(gradients[i - 1], into, n, out, W, 1, into, gradients[i]);
    chain(z[i - 1], gradients[i - 1]);
  }
  return gradients;
}

/** Add dL/dW and dL/db, times a factor, to the W and b of a layer, from the inputs a of a layer and
 * the gradients of its outputs. */
export function addGradients({ W, b, out }, a, gradient, n, factor) {
  addRowProducts(W, gradient, a, n, factor);
  for (let unit = 0; unit < out; unit++) {
    let sum = 0;
    for (let k = unit * n; k < (unit + 1) * n; k++) sum += gradient[k];
    b[unit] += factor * sum;
  }
}
