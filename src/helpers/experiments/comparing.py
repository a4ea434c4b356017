"""Fair comparisons: each arm at its own best rate, and differences between pairs."""

from __future__ import annotations

import numpy as np
import xarray as xr  # pip install "good-start[course]"
from scipy.special import stdtrit

from helpers._checks import finite, one_of


def best(
    values: xr.DataArray,
    over: str = "lr",
    *,
    mode: str = "max",
    seed: str = "seed",
    tolerance: float = 0.0,
) -> xr.DataArray:
    """Take each arm at its own best setting, chosen by the mean over seeds.

    Parameters
    ----------
    values
        One number for each setting, as ``runs.validation_accuracy``.
    over
        The dimension to choose on, with three numbers or more; mostly the learning rate.
    mode
        ``"max"`` if more is better, ``"min"`` for a loss.
    seed
        The dimension of the repetitions, if there are any. It stays. All other dimensions together
        are the arms.
    tolerance
        An inner setting counts as the best one if its mean is as good as this as that of the best
        at the end of the grid. An arm that learns nowhere is level, and needs it.

    Returns
    -------
    xarray.DataArray
        Without the dimension ``over``; the coordinate of that name says which setting was taken.

    Raises
    ------
    TypeError
        If ``values`` is not a DataArray, or the labels of ``over`` are not numbers.
    ValueError
        If the best of an arm lies at the end of its grid: then a better one may lie beyond it. Or
        if a network of an arm diverged at every setting: NaN makes a setting no candidate.

    Notes
    -----
    Bengio, Practical recommendations for gradient-based training of deep architectures, 2012,
    arXiv 1206.5533, section 3.4: extend a grid where the best lies near its border.

    Examples
    --------
    >>> accuracy = xr.DataArray(
    ...     [[0.2, 0.7, 0.6], [0.5, 0.9, 0.1]],
    ...     coords={"scheme": ["Xavier", "He"], "lr": [0.1, 0.2, 0.4]},
    ... )
    >>> best(accuracy).lr.values
    array([0.2, 0.2])
    """
    _check_array("values", values, over)
    one_of("mode", mode, ["max", "min"])
    finite("tolerance", tolerance, least=0)
    if not isinstance(seed, str) or seed != "seed":
        one_of("seed", seed, [str(each) for each in values.dims])
    if not np.issubdtype(values[over].dtype, np.number):
        raise TypeError(f"{over} must be labelled by numbers; got {values[over].values}")
    ordered = values.sortby(over)
    means = ordered.mean(seed, skipna=False) if seed in values.dims else ordered
    sign = 1 if mode == "max" else -1
    score = (sign * means).where(np.isfinite(means), -np.inf)
    if ordered.sizes[over] < 3:
        raise ValueError(f"{over} must have three values or more; got {ordered[over].values}")
    _refuse(score.max(over) == -np.inf, f"holds a diverged network at every {over}", score, over)
    inner = score.isel({over: slice(1, -1)})
    at_end = inner.max(over) < score.max(over) - tolerance
    _refuse(at_end, f"is best at the end of its grid of {over}; extend the grid", score, over)
    return ordered.isel({over: inner.argmax(over) + 1})


def difference(a: xr.DataArray, b: xr.DataArray, over: str = "seed") -> xr.Dataset:
    """Compare two arms pair by pair: mean difference, its interval, and how many pairs agree.

    Parameters
    ----------
    a, b
        Of the same seeds, data and order of batches; labelled by ``over``, with three pairs or
        more, and perhaps by other dimensions.
    over
        The dimension that pairs them.

    Returns
    -------
    xarray.Dataset
        ``difference``, the mean of a - b; ``low`` and ``high``, its 95% interval by Student's t;
        ``agree``, in how many pairs the sign is that of the mean; ``pairs``, how many there are.

    Raises
    ------
    TypeError
        If ``a`` or ``b`` is not a DataArray.
    ValueError
        If their labels differ, there are fewer than three pairs, or one holds NaN: a diverged
        network has no number to compare.

    Notes
    -----
    Student, The probable error of a mean, 1908. The interval supposes that the differences are
    about normal.

    Examples
    --------
    >>> seeds = {"seed": [0, 1, 2]}
    >>> he, xavier = (xr.DataArray(v, seeds) for v in ([3.0, 4.0, 5.0], [1.0, 2.0, 4.0]))
    >>> gain = difference(he, xavier)
    >>> round(gain.difference.item(), 2), gain.agree.item(), gain.pairs.item()
    (1.67, 3, 3)
    """
    for name, values in (("a", a), ("b", b)):
        _check_array(name, values, over)
        if values.isnull().any():
            raise ValueError(f"{name} holds NaN: a network that diverged has no number to compare")
    try:
        a, b = xr.align(a, b, join="exact")
    except ValueError as error:
        raise ValueError(f"a and b must have the same labels: {error}") from error
    pairs = a.sizes[over]
    if pairs < 3:
        raise ValueError(f"a and b must hold three pairs or more; got {pairs}")
    each = a.drop_vars(set(a.coords) - set(a.dims)) - b.drop_vars(set(b.coords) - set(b.dims))
    mean = each.mean(over)
    margin = stdtrit(pairs - 1, 0.975) * each.std(over, ddof=1) / np.sqrt(pairs)
    agree = (np.sign(each) == np.sign(mean)).sum(over)
    return xr.Dataset(
        {"difference": mean, "low": mean - margin, "high": mean + margin, "agree": agree}
    ).assign(pairs=pairs)


def _check_array(name: str, values: xr.DataArray, dimension: str) -> None:
    if not isinstance(values, xr.DataArray):
        raise TypeError(f"{name} must be an xarray.DataArray; got {type(values).__name__}")
    one_of("dimension", dimension, [str(each) for each in values.dims])


def _refuse(wrong: xr.DataArray, what: str, score: xr.DataArray, over: str) -> None:
    """Raise if an arm is wrong, and name the arms that are."""
    if not wrong.any():
        return
    if not wrong.dims:
        raise ValueError(f"the arm {what}: {score[over].values}")
    names = [
        ", ".join(
            f"{d}={wrong[d].values.tolist()[i]!r}" for d, i in zip(wrong.dims, at, strict=True)
        )
        for at in np.argwhere(wrong.values)
    ]
    raise ValueError(f"the arm {'; '.join(names)} {what}: {score[over].values}")
