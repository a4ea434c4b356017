r"""What the mathematics predicts for wide networks with random weights, in NumPy and SciPy.

The weights of a layer have mean 0 and variance sigma_w^2 / fan_in, its biases mean 0 and variance
sigma_b^2. In a wide network the pre-activations of an input are then normal numbers; q is their
mean square in one layer, and c is the correlation between those of two inputs of the same q. The
maps take q and c from one layer to the next.

An activation phi is given by its name in ``ACTIVATIONS``, or as an ``Activation``.

References
----------
Poole et al., Exponential expressivity in deep neural networks through transient chaos, 2016, arXiv
1606.05340. Schoenholz et al., Deep information propagation, 2017, arXiv 1611.01232. Cho and Saul,
Kernel methods for deep learning, 2009.
"""

from helpers.theory.fixed_points import (
    DepthScale,
    FixedPoint,
    critical_line,
    depth_scale,
    fixed_point,
)
from helpers.theory.gaussian import CLOSED_FORMS, gaussian_mean, kernel
from helpers.theory.layers import LayerMeanSquares, gain, variance_per_layer
from helpers.theory.maps import chi, correlation_map, length_map

__all__ = [
    "CLOSED_FORMS",
    "DepthScale",
    "FixedPoint",
    "LayerMeanSquares",
    "chi",
    "correlation_map",
    "critical_line",
    "depth_scale",
    "fixed_point",
    "gain",
    "gaussian_mean",
    "kernel",
    "length_map",
    "variance_per_layer",
]
