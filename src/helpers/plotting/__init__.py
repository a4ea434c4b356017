"""The course's figure style and its recurring figures.

A figure has one message, which its caption states. Series differ by line style as well as by
colour, the colours are those of Okabe and Ito (2008), which stay apart under colour-blindness, and
the background is opaque white, so that a figure reads the same on a light and on a dark page.
"""

from helpers.plotting.grids import heat_map, strip
from helpers.plotting.on_axes import band, strip_on
from helpers.plotting.pictures import confusion_matrix, image_grid
from helpers.plotting.series import curves, layers
from helpers.plotting.style import (
    BLACK,
    BLUE,
    COLORS,
    GREEN,
    LINES,
    MARKERS,
    ORANGE,
    PINK,
    PREDICTED,
    REFERENCE,
    SKY,
    WIDTH,
    set_style,
)

__all__ = [
    "BLACK",
    "BLUE",
    "COLORS",
    "GREEN",
    "LINES",
    "MARKERS",
    "ORANGE",
    "PINK",
    "PREDICTED",
    "REFERENCE",
    "SKY",
    "WIDTH",
    "band",
    "confusion_matrix",
    "curves",
    "heat_map",
    "image_grid",
    "layers",
    "set_style",
    "strip",
    "strip_on",
]
