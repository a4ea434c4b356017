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
    return rows.map((weight) => Math.sqrt(n) * weight);
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
  for (let i = 0; i < n; i++) {
    const row = matrix.subarray(i * n, (i + 1) * n);
    for (let j = 0; j < i; j++) {
      const earlier = matrix.subarray(j * n, (j + 1) * n);
      const overlap = dot(row, earlier);
      for (let k = 0; k < n; k++) row[k] -= overlap * earlier[k];
    }
    const length = Math.sqrt(dot(row, row));
    for (let k = 0; k < n; k++) row[k] /= length;
  }
  return matrix;
}

function dot(a, b) {
  let sum = 0;
  for (let k = 0; k < a.length; k++) sum += a[k] * b[k];
  return sum;
}
