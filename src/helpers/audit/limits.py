"""The numbers that divide sound from unsound, each with the measurement that it comes from.

The chapters show the measurements.
"""

SHRUNK = {"grave": 1e-3, "warning": 1 / 32}
"""Ten ReLU layers at 0.7 times He's scale (0.7^10 = 1/35) learned MNIST to 0.87 to 0.89, at He's to
0.9; at 0.5 (1/1,000) to 0.5 or less, or not; thirty at Xavier's (1/33,000) did not begin to."""
GROWN = {"grave": 10.0, "warning": 5.0}
"""Ten ReLU layers at 1.2 times He's scale (1.2^10 = 6) trained, at 1.3 times (14) all diverged;
twenty at 1.1 times (7) diverged in two cases of three."""
GRADIENT_GROWN = {"grave": 1e3, "warning": 32.0}
"""Ten tanh layers at four times Xavier's scale, whose gradient grows 40 times, learned to 0.3;
twenty at twice (13 times) to 0.7 to 0.8. The grave limit is a judgement: SHRUNK, inverted."""
TOLERATED = (0.8, 1.2)
"""Between these multiples of He's or Xavier's scale ten layers of ReLU or tanh learned MNIST to at
least 0.87 from every seed; the best was 0.92."""
REPEATED = 2
"""A gain is repeated where two layers or more come before the last; one alone matters little."""
SMALL_MATTER = 1.1
"""Where a stretch shrinks or grows, a gain is one of the causes if it is off by this factor."""

DEAD = {"grave": 0.85, "warning": 0.6}
"""Networks with 46% dead units in a layer still learned MNIST to 0.94 to 0.95, with 88% to between
0.37 and 0.89, and those with 98% did not. Where examples look alike, half are dead by chance."""
BY_CHANCE = 3.0
"""So many standard deviations above one half the dead of a layer are no chance. Of n units half are
dead where examples look alike, sqrt(n) / 2 more or fewer: 10 of 16 say nothing."""
DECIDING = 0.5
"""Weights decide the size of a signal that grows with this power of them or a larger one. For a
layer it is 1, for a product of two 2; behind a gate alone it is near 0."""
ENOUGH = 8
"""Of fewer inputs all can be negative by chance: one unit in 2^7 at seven."""
SATURATED = {"grave": 0.65, "warning": 0.5}
"""Ten tanh layers at twice Xavier's scale (4 in 10 entries saturated) learned MNIST to 0.8 to 0.9
in 500 steps, at 2.8 times (half) to 0.6, at 4 times (two thirds) to 0.3."""
ALIKE = {"grave": 1e-3, "warning": 1e-2}
"""Part of the signal that differs between examples. Ten sigmoid layers that left 6 in 1,000 of it
learned to 0.8 with Adam, those that left 1.3 in 1,000 to 0.7, those with 2 in 10,000 to 0.4."""
DROWNED = 3.0
"""With a bias of three standard deviations a unit's input has one sign 99.9% of the time."""
FIRST_LOSS = 2.0
"""A first loss of twice ln(classes), that of a guess, needs scores that are large and random."""
LARGE = 5.0
"""Standardized numbers have root mean square 1; pixels of 0 to 255 about 100."""
FAINT = 0.02
"""With images of this root mean square networks of one and of five hidden layers learned MNIST to
0.65 and 0.39 in 300 steps at the best of seven rates, with 0.05 to 0.86 and 0.76, with 1 to 0.93
and 0.91. With Adam it was 0.92 for 0.02 and 0.93 for 1 (one hidden layer): so it is a note."""

SAME = 1e-3
"""Gradients that differ by less than this part of them differ by rounding."""
NOTHING = 1e-6
"""A gradient below this part of the largest in the network is rounding: the outputs' gradients of
a constant start cancel but for it (chapter initialization/zero-and-constant)."""
