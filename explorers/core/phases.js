// Order and chaos: where the length of a signal settles, and what the gradient does there.

import { ACTIVATIONS } from "./activations.js";
import { chi, lengthMap, meanSquare } from "./theory.js";

const SMALLEST = 1e-12;
const LARGEST = 1e100;
const ROUNDING = 1e-12;

/** Return q*, to which the length map leads from q = 1: 0 where signals vanish, infinite where they
 * grow without bound. */
export function fixedPoint(activation, sigmaW, sigmaB) {
  const excess = (q) => lengthMap(q, activation, sigmaW, sigmaB) / q - 1;
  const atStart = excess(1);
  if (Math.abs(atStart) < ROUNDING) return 1;
  const factor = atStart > 0 ? 2 : 1 / 2;
  let q = 1;
  do {
    q *= factor;
    if (sigmaB === 0 && q < SMALLEST) return 0;
    if (q > LARGEST) return Infinity;
  } while (excess(q) * atStart > 0);
  let [low, high] = [Math.min(q, q / factor), Math.max(q, q / factor)];
  for (let halvings = 0; halvings < 52; halvings++) {
    const middle = (low + high) / 2;
    if (excess(middle) > 0) low = middle;
    else high = middle;
  }
  return (low + high) / 2;
}

/** Return q* and chi there: the factor of the gradient's mean square for each layer. */
export function phase(activation, sigmaW, sigmaB) {
  const q = fixedPoint(activation, sigmaW, sigmaB);
  const near = Math.min(LARGEST, Math.max(SMALLEST, q));
  return { q, chi: chi(activation, near, sigmaW) };
}

const STEPS_TO_TWO = 4;
const MOST_STEPS = 40 * STEPS_TO_TWO;

/** Return chi for each of many sigmas, for a picture: a list for each sigmaB, right to a percent.
 *
 * Both means are computed once for mean squares from 2^-40 to 2^40; the fixed point is the first
 * place, seen from q = 1, where the length map crosses the diagonal. */
export function phaseMap(activation, sigmasW, sigmasB) {
  const { f, slope } = ACTIVATIONS[activation];
  const places = Array.from({ length: 2 * MOST_STEPS + 1 }, (_, i) => i - MOST_STEPS);
  const q = places.map((place) => 2 ** (place / STEPS_TO_TWO));
  const lengths = q.map((each) => meanSquare(f, each));
  const slopes = q.map((each) => meanSquare(slope, each));

  function chiAt(sigmaW, sigmaB) {
    const excess = (i) => (sigmaW ** 2 * lengths[i] + sigmaB ** 2) / q[i] - 1;
    const towards = excess(MOST_STEPS) > 0 ? 1 : -1;
    let i = MOST_STEPS;
    while (q[i + towards] && excess(i + towards) * towards > 0) i += towards;
    if (!q[i + towards]) return sigmaW ** 2 * slopes[i];
    const part = excess(i) / (excess(i) - excess(i + towards));
    return sigmaW ** 2 * (slopes[i] + part * (slopes[i + towards] - slopes[i]));
  }

  return sigmasB.map((b) => sigmasW.map((w) => chiAt(w, b)));
}
