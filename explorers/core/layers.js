// Layers: the shape of their weight, and the numbers that meet in it.

import { ACTIVATIONS } from "./activations.js";
import { fans } from "./schemes.js";
import { gain } from "./theory.js";

const DENSE = {
  shape: ({ inputs, outputs }) => [outputs, inputs],
  fans: ({ inputs, outputs }) => [inputs, outputs],
};

/** By name: the label, the shape of the weight as PyTorch stores it, and the true fans: how many
 * numbers enter one output, and how many outputs one input enters, away from the edges. The lowest
 * has no activation below it. */
export const LAYERS = {
  dense: { label: "dense", ...DENSE },
  convolution: {
    label: "convolution, 2-D",
    shape: ({ inputs, outputs, kernel, groups }) => [outputs, inputs / groups, kernel, kernel],
    fans: ({ inputs, outputs, kernel, stride, groups }) => [
      (inputs / groups) * kernel ** 2,
      (outputs / groups) * (kernel / stride) ** 2,
    ],
  },
  transposed: {
    label: "transposed convolution, 2-D",
    shape: ({ inputs, outputs, kernel, groups }) => [inputs, outputs / groups, kernel, kernel],
    fans: ({ inputs, outputs, kernel, stride, groups }) => [
      (inputs / groups) * (kernel / stride) ** 2,
      (outputs / groups) * kernel ** 2,
    ],
  },
  recurrent: { label: "recurrent, one gate", ...DENSE },
  embedding: {
    label: "embedding",
    lowest: true,
    shape: ({ inputs, outputs }) => [inputs, outputs],
    fans: ({ outputs }) => [1, outputs],
  },
};

function commonDivisor(a, b) {
  return b === 0 ? a : commonDivisor(b, a % b);
}

/** Return the largest number of groups up to the wanted one that divides inputs and outputs. */
export function allowedGroups({ inputs, outputs, groups }) {
  const common = commonDivisor(inputs, outputs);
  let allowed = Math.min(groups, common);
  while (common % allowed !== 0) allowed--;
  return allowed;
}

const FANS = {
  fan_in: (fanIn) => fanIn,
  fan_out: (fanIn, fanOut) => fanOut,
  fan_avg: (fanIn, fanOut) => (fanIn + fanOut) / 2,
};

/** Return the law of a layer's weights that keeps a mean square of 1: that of the signal for
 * fan_in, that of the gradient for fan_out. */
export function law(setting) {
  const { lowest, shape, fans: truth } = LAYERS[setting.layer];
  const given = { ...setting, groups: allowedGroups(setting) };
  const [fanIn, fanOut] = truth(given);
  const { f, slope } = ACTIVATIONS[setting.activation];
  const scale = lowest ? 1 : gain(setting.mode === "fan_out" ? slope : f) ** 2;
  const variance = scale / FANS[setting.mode](fanIn, fanOut);
  const size = shape(given);
  return {
    shape: size,
    groups: given.groups,
    fanIn,
    fanOut,
    counted: fans(size),
    scale,
    variance,
    std: Math.sqrt(variance),
    limit: Math.sqrt(3 * variance),
  };
}

/** Return the line of code that draws the law, for each framework. */
export function code({ std, limit }, distribution) {
  const s = Number(std.toPrecision(4));
  const l = Number(limit.toPrecision(4));
  if (distribution === "uniform") {
    return {
      PyTorch: `torch.nn.init.uniform_(layer.weight, -${l}, ${l})`,
      Keras: `keras.initializers.RandomUniform(-${l}, ${l})`,
      JAX: `jax.random.uniform(key, shape, minval=-${l}, maxval=${l})`,
    };
  }
  return {
    PyTorch: `torch.nn.init.normal_(layer.weight, std=${s})`,
    Keras: `keras.initializers.RandomNormal(stddev=${s})`,
    JAX: `${s} * jax.random.normal(key, shape)`,
  };
}
