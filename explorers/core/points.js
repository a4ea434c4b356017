// Points in the plane, in two classes.

import { transposed } from "./network.js";

const NOISE = 0.1;

// Each takes a number from 0 to 1, the class (1 or -1) and a generator, and returns a point.
const SHAPES = {
  circles: (part, side, random) => around(side > 0 ? 0.7 : 1.8, 2 * Math.PI * part, random),
  corners: (part, side, random) => {
    const right = part < 0.5 ? 1 : -1;
    return [right * (0.2 + 1.6 * random.uniform()), right * side * (0.2 + 1.6 * random.uniform())];
  },
  spirals: (part, side, random) =>
    around(0.2 + 1.8 * part, 4 * part + (side > 0 ? 0 : Math.PI), random),
};

function around(radius, angle, random) {
  const shaken = (place) => place + NOISE * random.normal();
  return [shaken(radius * Math.cos(angle)), shaken(radius * Math.sin(angle))];
}

/** Return n points, all first coordinates before all second ones, and the class of each: 1 and -1
 * in turn. */
export function points(shape, n, random) {
  const y = Float64Array.from({ length: n }, (_, i) => (i % 2 === 0 ? 1 : -1));
  const x = Array.from(y, (side, i) => SHAPES[shape]((i + random.uniform()) / n, side, random));
  return { x: transposed(Float64Array.from(x.flat()), n), y };
}
