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

function mixed(here, next, far) {
  const joined = (here & 0x80000000) | (next & 0x7fffffff);
  return far ^ (joined >>> 1) ^ (-(joined & 1) & 0x9908b0df);
}

function twist(state) {
  const turn = STATES - SHIFT;
  for (let i = 0; i < turn; i++) state[i] = mixed(state[i], state[i + 1], state[i + SHIFT]);
  for (let i = turn; i < STATES - 1; i++) {
    state[i] = mixed(state[i], state[i + 1], state[i - turn]);
  }
  state[STATES - 1] = mixed(state[STATES - 1], state[0], state[SHIFT - 1]);
}

/** Write the random bits of a state: all at once, because that is several times as fast. */
function temper(state, bits) {
  for (let i = 0; i < STATES; i++) {
    let y = state[i];
    y ^= y >>> 11;
    y ^= (y << 7) & 0x9d2c5680;
    y ^= (y << 15) & 0xefc60000;
    bits[i] = y ^ (y >>> 18);
  }
}

/** Return a generator for a whole number from 0 to 2^32 - 1, with two functions that draw one
 * number: uniform() from [0, 1) as random_sample does, normal() from N(0, 1) as standard_normal;
 * normals(n) draws n of the latter, one after the other. */
export function randomState(seed) {
  const state = seeded(seed);
  const bits = new Uint32Array(STATES);
  let position = STATES;
  let second = NaN; // normal numbers come in pairs: the one that waits

  function uniform() {
    if (position === STATES) {
      twist(state);
      temper(state, bits);
      position = 0;
    }
    const high = bits[position++] >>> 5;
    const low = bits[position++] >>> 6;
    return (high * 67108864 + low) / 9007199254740992; // 2^26 and 2^53
  }

  function normals(n) {
    const drawn = new Float64Array(n);
    let i = 0;
    if (n > 0 && !Number.isNaN(second)) {
      drawn[i++] = second;
      second = NaN;
    }
    while (i < n) {
      const x = 2 * uniform() - 1;
      const y = 2 * uniform() - 1;
      const square = x * x + y * y;
      if (square >= 1 || square === 0) continue;
      const factor = Math.sqrt((-2 * Math.log(square)) / square);
      drawn[i++] = factor * y;
      if (i < n) drawn[i++] = factor * x;
      else second = factor * x;
    }
    return drawn;
  }

  return { uniform, normals, normal: () => normals(1)[0] };
}
