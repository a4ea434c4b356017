// Schemes of initialization, as in helpers.initializers, and the fans of a shape.

import { draws, randomState } from "./random.js";

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

const LAWS = {
  normal: (n, random) => draws(n * n, random.normal),
  uniform: (n, random) => draws(n * n, () => Math.sqrt(3) * (2 * random.uniform() - 1)),
  orthogonal: (n, random) => {
    const rows = orthonormalRows(draws(n * n, random.normal), n);
    for (let k = 0; k < n * n; k++) rows[k] *= Math.sqrt(n);
    return rows;
  },
};

/** Draw the weights of a network of square layers, (n, n) each, of variance 1: one array a layer.
 * All schemes of one law share them, each times its own standard deviation. */
export function unitWeights(law, n, depth, seed) {
  const random = randomState(seed);
  return Array.from({ length: depth }, () => LAWS[law](n, random));
}

/** Make the rows of a square matrix orthonormal, one after the other (Gram and Schmidt). */
function orthonormalRows(matrix, n) {
  for (let row = 0; row < n * n; row += n) {
    for (let earlier = 0; earlier < row; earlier += n) {
      const overlap = dot(matrix, row, earlier, n);
      for (let k = 0; k < n; k++) matrix[row + k] -= overlap * matrix[earlier + k];
    }
    const length = Math.sqrt(dot(matrix, row, row, n));
    for (let k = 0; k < n; k++) matrix[row + k] /= length;
  }
  return matrix;
}

/** Return the product of two rows: in two sums, for one waits for itself. */
function dot(matrix, one, other, n) {
  let [even, odd] = [0, 0];
  for (let k = 0; k < n; k += 2) {
    even += matrix[one + k] * matrix[other + k];
    odd += matrix[one + k + 1] * matrix[other + k + 1];
  }
  return even + odd;
}
