// Activation functions and their derivatives, as in helpers.activations.

const SELU_ALPHA = 1.6732632423543772;
const SELU_SCALE = 1.0507009873554805;
const SLOPE = 0.01;
const ROOT_TWO_PI = Math.sqrt(2 * Math.PI);

const bell = (x) => Math.exp((-x * x) / 2);

/** Density of N(0, 1). */
export function density(x) {
  return bell(x) / ROOT_TWO_PI;
}

// The mean of N(0, 1) above x, for x >= 0: rational approximation of Hart, 1968, and beyond 5 a
// continued fraction; West, Better approximations to cumulative normal functions, 2005.
// The polynomials are written out, without a loop: that is several times as fast.
function ratio(x) {
  const above =
    (((((0.0352624965998911 * x + 0.700383064443688) * x + 6.37396220353165) * x +
      33.912866078383) * x + 112.079291497871) * x + 221.213596169931) * x + 220.206867912376;
  const below =
    ((((((0.0883883476483184 * x + 1.75566716318264) * x + 16.064177579207) * x +
      86.7807322029461) * x + 296.564248779674) * x + 637.333633378831) * x +
      793.826512519948) * x + 440.413735824752;
  return above / below;
}

function upperTail(x, height) {
  if (height === 0) return 0;
  if (x < 5) return height * ratio(x);
  let fraction = x;
  for (let k = 30; k > 0; k--) fraction = x + k / fraction;
  return height / (fraction * ROOT_TWO_PI);
}

/** Distribution function of N(0, 1); who has the height of the bell at x hands it over. */
export function normalBelow(x, height = bell(x)) {
  return x < 0 ? upperTail(-x, height) : 1 - upperTail(x, height);
}

/** max(x, 0) without a branch: faster. */
export function positivePart(x) {
  return (x + Math.abs(x)) / 2;
}

function gelu(x) {
  const size = Math.abs(x);
  return positivePart(x) - size * upperTail(size, bell(x));
}

function geluSlope(x) {
  const height = bell(x);
  return normalBelow(x, height) + (x * height) / ROOT_TWO_PI;
}

function sigmoid(x) {
  const e = Math.exp(-Math.abs(x));
  return (x >= 0 ? 1 : e) / (1 + e);
}

function siluSlope(x) {
  const s = sigmoid(x);
  return s * (1 + x * (1 - s));
}

function sigmoidSlope(x) {
  const e = Math.exp(-Math.abs(x));
  return e / ((1 + e) * (1 + e));
}

// Several times as fast as Math.tanh: near 0, where 1 - 2 / (e + 1) loses digits, six levels of
// Lambert's continued fraction, which are exact to the last digits up to 0.3.
function tanh(x) {
  const size = Math.abs(x);
  if (size > 0.3) {
    const above = 1 - 2 / (Math.exp(2 * size) + 1);
    return x < 0 ? -above : above;
  }
  const s = x * x;
  return (x * (10395 + s * (1260 + s * 21))) / (10395 + s * (4725 + s * (210 + s)));
}

function tanhSlope(x) {
  const e = Math.exp(-Math.abs(x));
  const root = (2 * e) / (1 + e * e);
  return root * root;
}

const elu = (x, alpha = 1) => (x > 0 ? x : alpha * Math.expm1(x));
const eluSlope = (x, alpha = 1) => (x > 0 ? 1 : alpha * Math.exp(x));

/** By name: the label of each, its function and its derivative; at a kink that from the left.
 * "bounds" are those of its values, where it has two. */
export const ACTIVATIONS = {
  identity: { label: "identity", f: (x) => x, slope: () => 1 },
  sigmoid: { label: "sigmoid", f: sigmoid, slope: sigmoidSlope, bounds: [0, 1] },
  tanh: { label: "tanh", f: tanh, slope: tanhSlope, bounds: [-1, 1] },
  relu: { label: "ReLU", f: (x) => (x > 0 ? x : 0), slope: (x) => Number(x > 0) },
  leaky_relu: {
    label: "leaky ReLU",
    f: (x) => (x > 0 ? x : SLOPE * x),
    slope: (x) => (x > 0 ? 1 : SLOPE),
  },
  elu: { label: "ELU", f: (x) => elu(x), slope: (x) => eluSlope(x) },
  selu: {
    label: "SELU",
    f: (x) => SELU_SCALE * elu(x, SELU_ALPHA),
    slope: (x) => SELU_SCALE * eluSlope(x, SELU_ALPHA),
  },
  gelu: { label: "GELU", f: gelu, slope: geluSlope },
  silu: { label: "SiLU", f: (x) => x * sigmoid(x), slope: siluSlope },
  softplus: {
    label: "softplus",
    f: (x) => positivePart(x) + Math.log1p(Math.exp(-Math.abs(x))),
    slope: sigmoid,
  },
};

/** The square of the rectifier: So et al., Primer, 2021. The helpers do not have it. */
export const SQUARED_RELU = {
  label: "ReLU²",
  f: (x) => Math.max(x, 0) ** 2,
  slope: (x) => 2 * Math.max(x, 0),
};
