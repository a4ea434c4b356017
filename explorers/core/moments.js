// What a layer's numbers look like as a whole: probes, as in helpers.probes.

import { ACTIVATIONS } from "./activations.js";

/** Return the mean square of an array. */
export function meanSquareOf(values) {
  let squares = 0;
  for (let i = 0; i < values.length; i++) squares += values[i] * values[i];
  return squares / values.length;
}

/** Return the share of activations within 5% of the range from a bound; NaN without bounds. */
export function saturated(activation, a) {
  const { bounds } = ACTIVATIONS[activation];
  if (!bounds) return NaN;
  const margin = 0.05 * (bounds[1] - bounds[0]);
  const [low, high] = [bounds[0] + margin, bounds[1] - margin];
  let count = 0;
  for (let i = 0; i < a.length; i++) if (a[i] < low || a[i] > high) count++;
  return count / a.length;
}

/** Return the share of units whose activation is 0 for every one of n examples. */
export function dead(a, n) {
  let count = 0;
  for (let unit = 0; unit < a.length; unit += n) {
    let example = 0;
    while (example < n && a[unit + example] === 0) example++;
    if (example === n) count++;
  }
  return count / (a.length / n);
}
