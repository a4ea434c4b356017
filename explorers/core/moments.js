// What a layer's numbers look like as a whole: probes, as in helpers.probes.

import { ACTIVATIONS } from "./activations.js";

/** Return the mean square of an array. */
export function meanSquareOf(values) {
  let squares = 0;
  for (const value of values) squares += value * value;
  return squares / values.length;
}

/** Return the share of activations within 5% of the range from a bound; NaN without bounds. */
export function saturated(activation, z) {
  const { f, bounds } = ACTIVATIONS[activation];
  if (!bounds) return NaN;
  const margin = 0.05 * (bounds[1] - bounds[0]);
  let count = 0;
  for (const value of z) {
    const a = f(value);
    if (a < bounds[0] + margin || a > bounds[1] - margin) count++;
  }
  return count / z.length;
}

/** Return the share of units whose activation is 0 for every one of n examples. */
export function dead(activation, z, n) {
  const { f } = ACTIVATIONS[activation];
  const units = z.length / n;
  let count = 0;
  for (let unit = 0; unit < units; unit++) {
    let example = 0;
    while (example < n && f(z[example * units + unit]) === 0) example++;
    if (example === n) count++;
  }
  return count / units;
}
