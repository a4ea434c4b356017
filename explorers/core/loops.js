// Each activation and its derivative over an array. A browser puts a function into the loop that
// calls it, if this loop calls no other: so each has its own, and takes a tenth of the time.

import { ACTIVATIONS, positivePart } from "./activations.js";

const { sigmoid, tanh, relu, leaky_relu, elu, selu, gelu, silu, softplus } = ACTIVATIONS;

/** By name: apply(z, a) writes f(z) to a, and chain(z, g) multiplies g by the slope at z. */
export const LOOPS = {
  identity: {
    apply: (z, a) => a.set(z),
    chain: () => {},
  },
  sigmoid: {
    apply(z, a) {
      for (let k = 0; k < z.length; k++) a[k] = sigmoid.f(z[k]);
    },
    chain(z, g) {
      for (let k = 0; k < z.length; k++) g[k] *= sigmoid.slope(z[k]);
    },
  },
  tanh: {
    apply(z, a) {
      for (let k = 0; k < z.length; k++) a[k] = tanh.f(z[k]);
    },
    chain(z, g) {
      for (let k = 0; k < z.length; k++) g[k] *= tanh.slope(z[k]);
    },
  },
  relu: {
    apply(z, a) {
      for (let k = 0; k < z.length; k++) a[k] = positivePart(z[k]);
    },
    chain(z, g) {
      for (let k = 0; k < z.length; k++) g[k] *= relu.slope(z[k]);
    },
  },
  leaky_relu: {
    apply(z, a) {
      for (let k = 0; k < z.length; k++) a[k] = leaky_relu.f(z[k]);
    },
    chain(z, g) {
      for (let k = 0; k < z.length; k++) g[k] *= leaky_relu.slope(z[k]);
    },
  },
  elu: {
    apply(z, a) {
      for (let k = 0; k < z.length; k++) a[k] = elu.f(z[k]);
    },
    chain(z, g) {
      for (let k = 0; k < z.length; k++) g[k] *= elu.slope(z[k]);
    },
  },
  selu: {
    apply(z, a) {
      for (let k = 0; k < z.length; k++) a[k] = selu.f(z[k]);
    },
    chain(z, g) {
      for (let k = 0; k < z.length; k++) g[k] *= selu.slope(z[k]);
    },
  },
  gelu: {
    apply(z, a) {
      for (let k = 0; k < z.length; k++) a[k] = gelu.f(z[k]);
    },
    chain(z, g) {
      for (let k = 0; k < z.length; k++) g[k] *= gelu.slope(z[k]);
    },
  },
  silu: {
    apply(z, a) {
      for (let k = 0; k < z.length; k++) a[k] = silu.f(z[k]);
    },
    chain(z, g) {
      for (let k = 0; k < z.length; k++) g[k] *= silu.slope(z[k]);
    },
  },
  softplus: {
    apply(z, a) {
      for (let k = 0; k < z.length; k++) a[k] = softplus.f(z[k]);
    },
    chain(z, g) {
      for (let k = 0; k < z.length; k++) g[k] *= softplus.slope(z[k]);
    },
  },
};
