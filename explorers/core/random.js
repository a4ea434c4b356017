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
  const mixed = (i, next, far) => {
    const joined = (state[i] & 0x80000000) | (state[next] & 0x7fffffff);
    state[i] = state[far] ^ (joined >>> 1) ^ (joined & 1 ? 0x9908b0df : 0);
  };
  for (let i = 0; i < STATES - SHIFT; i++) mixed(i, i + 1, i + SHIFT);
  for (let i = STATES - SHIFT; i < STATES - 1; i++) mixed(i, i + 1, i + SHIFT - STATES);
  mixed(STATES - 1, 0, SHIFT - 1);
}

/** Return a generator for a whole number from 0 to 2^32 - 1, with two functions:
 * uniform() draws from [0, 1) as random_sample does, normal() from N(0, 1) as standard_normal. */
export function randomState(seed) {
  const state = seeded(seed);
  const second = new Float64Array(1); // numbers come in pairs
  let position = STATES;
  let waiting = false;

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
    return (high * 67108864 + low) / 9007199254740992; // 2^26 and 2^53
  }

  function normal() {
    waiting = !waiting;
    if (!waiting) return second[0];
    let x, y, square;
    do {
      x = 2 * uniform() - 1;
      y = 2 * uniform() - 1;
      square = x * x + y * y;
    } while (square >= 1 || square === 0);
    const factor = Math.sqrt((-2 * Math.log(square)) / square);
    second[0] = factor * x;
    return factor * y;
  }

  return { uniform, normal };
}

/** Return n numbers, drawn one after the other. */
export function draws(n, draw) {
  const drawn = new Float64Array(n);
  for (let i = 0; i < n; i++) drawn[i] = draw();
  return drawn;
}
