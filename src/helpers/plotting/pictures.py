"""Images side by side, and a matrix of confusions."""

from __future__ import annotations

from collections.abc import Sequence

import matplotlib.pyplot as plt
import numpy as np
from matplotlib.figure import Figure
from numpy.typing import ArrayLike

from helpers._checks import check_count, check_flag, is_list, real_array, shown
from helpers.plotting.style import WIDTH


def image_grid(
    images: ArrayLike,
    titles: Sequence[str] | None = None,
    *,
    columns: int = 8,
    diverging: bool = False,
) -> Figure:
    """Show images side by side on one common scale.

    Parameters
    ----------
    images
        Shape ``(n, height, width)``.
    titles
        One line above each image.
    columns
        Images in a row.
    diverging
        Use a scale from blue (negative) through white (0) to red (positive), for weights. Otherwise
        white stands for the smallest value and black for the largest.

    Returns
    -------
    matplotlib.figure.Figure

    Raises
    ------
    TypeError
        If an argument is of the wrong type.
    ValueError
        If a shape or a number does not fit; the message says which.
    """
    images = real_array("images", images).astype(float)
    if images.ndim != 3 or images.size == 0:
        raise ValueError(f"images must have shape (n, height, width); got {images.shape}")
    if titles is not None:
        _check_names("titles", titles, len(images))
    check_count("columns", columns, most=100)
    check_flag("diverging", diverging)
    rows = -(-len(images) // columns)
    cell = WIDTH / columns
    height = rows * (cell + (0.25 if titles is not None else 0))
    figure, axes = plt.subplots(rows, columns, figsize=(WIDTH, height), squeeze=False)
    limit = np.abs(images).max()
    scale = {"cmap": "RdBu_r", "vmin": -limit, "vmax": limit} if diverging else {}
    scale = scale or {"vmin": images.min(), "vmax": images.max()}
    for ax in axes.flat:
        ax.axis("off")
    for number, (ax, image) in enumerate(zip(axes.flat, images, strict=False)):
        ax.imshow(image, **scale)
        if titles is not None:
            ax.set_title(titles[number], fontsize=10)
    return figure


def confusion_matrix(counts: ArrayLike, classes: Sequence[str]) -> Figure:
    """Show how often each true class was predicted as each class, the errors coloured.

    Parameters
    ----------
    counts
        Shape ``(classes, classes)``; ``counts[i, j]`` is how often class ``i`` was called ``j``.
    classes
        The classes' names.

    Returns
    -------
    matplotlib.figure.Figure

    Raises
    ------
    TypeError
        If the counts are no real numbers, or the classes no list of names.
    ValueError
        If there are not as many classes as counts, or a count is negative or not finite.
    """
    counts = real_array("counts", counts)
    if counts.ndim != 2 or counts.shape[0] != counts.shape[1] or counts.size == 0:
        raise ValueError(f"counts must have the shape (classes, classes); got {counts.shape}")
    _check_names("classes", classes, len(counts))
    if not (np.isfinite(counts) & (counts >= 0)).all():
        raise ValueError("counts must be finite and at least 0")
    errors = np.where(np.eye(len(classes), dtype=bool), 0, counts)
    figure, ax = plt.subplots(figsize=(WIDTH, 5.6))
    ax.imshow(errors, cmap="Oranges", vmax=max(1, 1.6 * errors.max()))
    for (i, j), count in np.ndenumerate(counts):
        if count:
            ax.text(j, i, f"{count}", ha="center", va="center", color="0.35" if i == j else "black")
    ax.set_xticks(range(len(classes)), classes)
    ax.set_yticks(range(len(classes)), classes)
    ax.set(xlabel="predicted digit", ylabel="true digit")
    ax.grid(False)
    ax.spines[:].set_visible(False)
    return figure


def _check_names(argument: str, names: Sequence[str], count: int) -> None:
    """Raise unless there is a name, or a number, for each of ``count`` things."""
    listed = isinstance(names, str) or is_list(names)
    if not listed or not all(isinstance(name, str | int | np.integer) for name in names):
        raise TypeError(f"{argument} must be a list of names; got {shown(names)}")
    if len(names) != count:
        raise ValueError(f"{argument} must be {count}, one for each; got {len(names)}")
