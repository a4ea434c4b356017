// What a rate, a scale and a budget make of one network: trainings that were stored.

import { EVERY, RUNS } from "./rates.js";

/** Return the percent right in the batches that end a budget: a list of rates for each scale. */
export function rightAfter(batches, optimizer) {
  return RUNS[optimizer].right.map((row) => row.map((run) => run[batches / EVERY - 1]));
}

/** Return the best rate of a scale, its percent right, and how many rates have half right. */
export function bestOf(row, rates) {
  const right = Math.max(...row);
  const trained = row.filter((each) => each >= 50).length;
  return { right, rate: rates[row.indexOf(right)], trained };
}
