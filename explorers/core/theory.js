// What mean-field theory says of wide networks, as in helpers.theory.

import { ACTIVATIONS, density } from "./activations.js";

// Nodes and weights for means over the positive half of N(0, 1): u = exp(t - exp(-t)) and the
// trapezoidal rule in t, whose nodes lie ever closer towards 0; Takahasi and Mori, 1974.
const STEP = 1 / 16;
const NODES = Array.from({ length: 112 }, (_, i) => {
  const t = -4.5 + STEP * i;
  const z = Math.exp(t - Math.exp(-t));
  return { z, weight: STEP * z * (1 + Math.exp(-t)) * density(z) };
});

/** Return E[f(u)^2] for u ~ N(0, q). */
export function meanSquare(f, q) {
  const deviation = Math.sqrt(q);
  let sum = 0;
  for (const { z, weight } of NODES) {
    sum += weight * (f(deviation * z) ** 2 + f(-deviation * z) ** 2);
  }
  return sum;
}

/** Return E[f(u)] for u ~ N(mean, deviation^2): the same rule, with nodes that lie close enough for
 * a mean of ten deviations. */
export function gaussianMean(f, mean, deviation) {
  const step = STEP / 4;
  const p = (x) => density((x - mean) / deviation) / deviation;
  const largest = Math.abs(mean) + 9 * deviation;
  let sum = 0;
  for (let t = -4.5; ; t += step) {
    const x = Math.exp(t - Math.exp(-t));
    if (x > largest) return step * sum;
    sum += x * (1 + Math.exp(-t)) * (f(x) * p(x) + f(-x) * p(-x));
  }
}

/** Return what an activation makes of inputs u ~ N(mean, deviation^2): their own mean square, and
 * the mean and mean square of its output, and the mean square of its slope. A gate multiplies the
 * output by a second input v of the same law, as in gated linear units: Shazeer, 2020. */
export function outputMoments({ f, slope }, mean, deviation, gated) {
  const expected = (of) => gaussianMean(of, mean, deviation);
  const given = deviation ** 2 + mean ** 2;
  const [gate, gateSquare] = gated ? [mean, given] : [1, 1];
  return {
    given,
    mean: gate * expected(f),
    square: gateSquare * expected((u) => f(u) ** 2),
    slopeSquare: gateSquare * expected((u) => slope(u) ** 2),
  };
}

/** Return the factor g for which weights of variance g^2 / fan keep a mean square of 1: that of
 * the signal with f, that of the gradient with its slope. */
export function gain(f) {
  return 1 / Math.sqrt(meanSquare(f, 1));
}

/** Return q of the next layer: sigmaW^2 E[phi(u)^2] + sigmaB^2. */
export function lengthMap(q, activation, sigmaW, sigmaB = 0) {
  return sigmaW ** 2 * meanSquare(ACTIVATIONS[activation].f, q) + sigmaB ** 2;
}

/** Return the factor of the mean square gradient per layer: sigmaW^2 E[phi'(u)^2]. */
export function chi(activation, q, sigmaW) {
  return sigmaW ** 2 * meanSquare(ACTIVATIONS[activation].slope, q);
}

/** Predict the mean squares of z, and of dL/dz relative to the last layer, in a network whose
 * layers all have the same width; "variances" and "biases" have the mean squares of the weights
 * and of the biases of each layer. */
export function variancePerLayer(activation, width, variances, biases, q0) {
  const { f, slope } = ACTIVATIONS[activation];
  const q = [];
  variances.forEach((variance, i) => {
    const below = i === 0 ? q0 : meanSquare(f, q[i - 1]);
    q.push(width * variance * below + biases[i]);
  });
  const gradient = [1];
  for (let layer = variances.length - 1; layer > 0; layer--) {
    gradient.unshift(width * variances[layer] * meanSquare(slope, q[layer - 1]) * gradient[0]);
  }
  return { q, gradient };
}
