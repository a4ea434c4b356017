// Schemes of initialization, as in helpers.initializers, and the fans of a shape.

import { randomState } from "./random.js";

/** Return the fans of a weight of the shape [out, in / groups, ...kernel], and its rows. */
export function fans([out, into, ...kernel]) {
  const field = kernel.reduce((product, size) => product * size, 1);
  return { fanIn: into * field, fanOut: out * field, rows: out };
}

/** By name: the label, the variance of the weights from their fans, and their law. */
export const SCHEMES = {
  lecun_normal: { label: "LeCun, normal", variance: ({ fanIn }) => 1 / fanIn, law: "normal" },
  lecun_uniform: { label: "LeCun, uniform", variance: ({ fanIn }) => 1 / fanIn, law: "uniform" },
  xavier_normal: { label: "Xavier, normal", variance: average, law: "normal" },
  xavier_uniform: { label: "Xavier, uniform", variance: average, law: "uniform" },
  he_normal: { label: "He, normal", variance: ({ fanIn }) => 2 / fanIn, law: "normal" },
  he_uniform: { label: "He, uniform", variance: ({ fanIn }) => 2 / fanIn, law: "uniform" },
  orthogonal: { label: "orthogonal", variance: largest, law: "orthogonal" },
  normal: { label: "N(0, 0.01²)", variance: () => 0.01 ** 2, law: "normal" },
  uniform: { label: "uniform, ±0.05", variance: () => 0.05 ** 2 / 3, law: "uniform" },
};

function average({ fanIn, fanOut }) {
  return 2 / (fanIn + fanOut);
}

function largest({ fanIn, rows }) {
  return 1 / Math.max(fanIn, rows);
}

/** By the name of a law: a function that draws "count" weights of variance 1; the orthogonal law
 * draws those of a square matrix. */
export const LAWS = {
  normal: (count, random) => random.normals(count),
  uniform: (count, random) => {
    const { uniform } = random;
    const drawn = new Float64Array(count);
    for (let k = 0; k < count; k++) drawn[k] = Math.sqrt(3) * (2 * uniform() - 1);
    return drawn;
  },
  orthogonal: (count, random) => {
    const n = Math.sqrt(count);
    const rows = orthonormalRows(random.normals(count), n);
    for (let k = 0; k < count; k++) rows[k] *= Math.sqrt(n);
    return rows;
  },
};

/** Make a function that draws the weights of a network of square layers, (n, n) each, of variance
 * 1: one array a layer, for a depth. A deeper network of the same seed has the same first layers,
 * and all schemes of one law share them, each times its own standard deviation. */
export function unitWeights(law, n, seed) {
  const random = randomState(seed);
  const drawn = [];
  return (depth) => {
    while (drawn.length < depth) drawn.push(LAWS[law](n * n, random));
    return drawn.slice(0, depth);
  };
}

/** Make the rows of a square matrix orthonormal, one after the other (Gram and Schmidt). */
function orthonormalRows(matrix, n) {
  for (let row = 0; row < n * n; row += n) {
    for (let earlier = 0; earlier < row; earlier += 2 * n) subtractTwo(matrix, row, earlier, n);
    let square = 0;
    for (let k = row; k < row + n; k++) square += matrix[k] * matrix[k];
    const length = Math.sqrt(square);
    for (let k = row; k < row + n; k++) matrix[k] /= length;
  }
  return matrix;
}

/** Take from a row what it has along two earlier ones: two at a time, for speed. */
function subtractTwo(matrix, row, first, n) {
  const second = first + n;
  let p = 0;
  let q = 0;
  for (let k = 0; k < n; k++) {
    p += matrix[row + k] * matrix[first + k];
    q += matrix[row + k] * matrix[second + k];
  }
  if (second === row) q = 0; // there is no second one
  for (let k = 0; k < n; k++) {
    matrix[row + k] -= p * matrix[first + k] + q * matrix[second + k];
  }
}
