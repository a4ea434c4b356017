// Random numbers that NumPy draws as well: numpy.random.RandomState(seed).
//
// Matsumoto and Nishimura, Mersenne Twister, 1998 (MT19937); normal numbers by Marsaglia's polar
// method, 1964.

const STATES = 624;
const SHIFT = 397;

function seeded(seed) {
  const state = new Uint32Array(STATES);
  state[0] = seed;
  for (let i = 1; i < STATES; i++) {
    const before = state[i - 1] ^ (state[i - 1] >>> 30);
    state[i] = Math.imul(1812433253, before) + i;
  }
  return state;
}

function twist(state) {
  for (let i = 0; i < STATES; i++) {
    const joined = (state[i] & 0x80000000) | (state[(i + 1) % STATES] & 0x7fffffff);
    const odd = joined & 1 ? 0x9908b0df : 0;
    state[i] = state[(i + SHIFT) % STATES] ^ (joined >>> 1) ^ odd;
  }
}

/** Return a generator for a whole number from 0 to 2^32 - 1, with two functions:
 * uniform() draws from [0, 1) as random_sample does, normal() from N(0, 1) as standard_normal. */
export function randomState(seed) {
  const state = seeded(seed);
  let position = STATES;
  let kept = null;

  function bits() {
    if (position === STATES) {
      twist(state);
      position = 0;
    }
    let y = state[position++];
    y ^= y >>> 11;
    y ^= (y << 7) & 0x9d2c5680;
    y ^= (y << 15) & 0xefc60000;
    return (y ^ (y >>> 18)) >>> 0;
  }

  function uniform() {
    const high = bits() >>> 5;
    const low = bits() >>> 6;
    return (high * 2 ** 26 + low) / 2 ** 53;
  }

  function normal() {
    if (kept !== null) {
      const value = kept;
      kept = null;
      return value;
    }
    let x, y, square;
    do {
      x = 2 * uniform() - 1;
      y = 2 * uniform() - 1;
      square = x * x + y * y;
    } while (square >= 1 || square === 0);
    const factor = Math.sqrt((-2 * Math.log(square)) / square);
    kept = factor * x;
    return factor * y;
  }

  return { uniform, normal };
}

/** Return n numbers, drawn one after the other. */
export function draws(n, draw) {
  return Float64Array.from({ length: n }, draw);
}
