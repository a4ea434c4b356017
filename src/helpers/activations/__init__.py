r"""Activation functions in NumPy, their derivatives, and the table ``ACTIVATIONS``.

Each formula is written so that no step of it overflows and no digits cancel. Its values are right
to a relative 1e-12 far out in the tails; at plus and minus infinity they are the limits.
"""

from helpers.activations.functions import (
    ACTIVATIONS,
    Activation,
    elu,
    gelu,
    identity,
    leaky_relu,
    relu,
    selu,
    sigmoid,
    silu,
    softmax,
    softplus,
    tanh,
)

__all__ = [
    "ACTIVATIONS",
    "Activation",
    "elu",
    "gelu",
    "identity",
    "leaky_relu",
    "relu",
    "selu",
    "sigmoid",
    "silu",
    "softmax",
    "softplus",
    "tanh",
]
