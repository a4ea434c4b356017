r"""Weight initialization: one idea, ``variance_scaling``, the named schemes, and whole models.

An initializer draws the weight of one layer: it takes a shape and a NumPy generator and returns a
float64 array. Shapes are as torch stores weights: (out, in) for a dense layer and for each gate of
a recurrent one, (out, in / groups, \*kernel) for a convolution. The table ``INITIALIZERS`` holds
the named schemes; ``fill`` and ``initialize`` apply one to a tensor and to a model of torch, and
``lsuv`` rescales a model's weights by what a batch does in it. ``mup`` says how the start of a
layer and its learning rate follow the width of the network.
"""

from helpers._contracts import INITIALIZERS
from helpers.initializers.data_dependent import lsuv
from helpers.initializers.deferred import materialize
from helpers.initializers.filling import fill, initialize
from helpers.initializers.parametrizations import Scaling, mup
from helpers.initializers.schemes import (
    constant,
    fans,
    he_normal,
    he_uniform,
    identity,
    lecun_normal,
    lecun_uniform,
    normal,
    orthogonal,
    sign,
    uniform,
    variance_scaling,
    xavier_normal,
    xavier_uniform,
    zeros,
)
from helpers.initializers.sharded import draw_rows

__all__ = [
    "INITIALIZERS",
    "Scaling",
    "constant",
    "draw_rows",
    "fans",
    "fill",
    "he_normal",
    "he_uniform",
    "identity",
    "initialize",
    "lecun_normal",
    "lecun_uniform",
    "lsuv",
    "materialize",
    "mup",
    "normal",
    "orthogonal",
    "sign",
    "uniform",
    "variance_scaling",
    "xavier_normal",
    "xavier_uniform",
    "zeros",
]
