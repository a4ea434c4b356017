"""Images side by side, and a matrix of confusions."""

from __future__ import annotations

from collections.abc import Sequence

import matplotlib.pyplot as plt
import numpy as np
from matplotlib.figure import Figure
from numpy.typing import ArrayLike

from helpers._checks import check_count
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
    """
    images = np.asarray(images, dtype=float)
    if images.ndim != 3 or images.size == 0:
        raise ValueError(f"images must have shape (n, height, width); got {images.shape}")
    if titles is not None and len(titles) != len(images):
        raise ValueError(f"{len(images)} images need as many titles; got {len(titles)}")
    check_count("columns", columns)
    rows = -(-len(images) // columns)
    cell = WIDTH / columns
    height = rows * (cell + (0.25 if titles else 0))
    figure, axes = plt.subplots(rows, columns, figsize=(WIDTH, height), squeeze=False)
    limit = np.abs(images).max()
    scale = {"cmap": "RdBu_r", "vmin": -limit, "vmax": limit} if diverging else {}
    scale = scale or {"vmin": images.min(), "vmax": images.max()}
    for ax in axes.flat:
        ax.axis("off")
    for number, (ax, image) in enumerate(zip(axes.flat, images, strict=False)):
        ax.imshow(image, **scale)
        if titles:
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
    """
    counts = np.asarray(counts)
    if counts.shape != (len(classes), len(classes)) or counts.size == 0:
        raise ValueError(f"counts must be {len(classes)} by {len(classes)}; got {counts.shape}")
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
