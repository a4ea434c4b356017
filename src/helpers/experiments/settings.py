"""The settings of an experiment: its axes, its points, and the functions that take them."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from inspect import Parameter, Signature, signature
from itertools import product
from typing import Any

import numpy as np
import xarray as xr

from helpers._checks import did_you_mean, shown

Point = dict[str, Any]
Axes = dict[str, dict[Any, Any]]


def split(settings: Mapping[str, Any]) -> tuple[Axes, Point]:
    """Separate the settings that are varied from those that are fixed.

    Parameters
    ----------
    settings
        A mapping from labels to values is an axis; so is a list, a tuple, a range or an array,
        whose values are their own labels. Anything else is one value.

    Returns
    -------
    axes
        From a setting's name to its values by label.
    fixed
        From a setting's name to its value.

    Raises
    ------
    TypeError
        If a value on an axis is not a number, a string or a truth value and has no label; or if
        an axis has labels of different kinds.
    ValueError
        If an axis is empty, or a label stands twice.

    Examples
    --------
    >>> split({"scheme": {"He": "he_normal"}, "depth": [5, 10], "lr": 0.1})
    ({'scheme': {'He': 'he_normal'}, 'depth': {5: 5, 10: 10}}, {'lr': 0.1})
    """
    axes: Axes = {}
    fixed: Point = {}
    for name, given in settings.items():
        if isinstance(given, Mapping):
            axes[name] = dict(given)
        elif isinstance(given, list | tuple | range) or _is_listed(given):
            values = given.tolist() if isinstance(given, np.ndarray) else list(given)
            _check_labels(name, values)
            axes[name] = dict(zip(values, values, strict=True))
            if len(axes[name]) < len(values):
                raise ValueError(f"{name} has a value twice: {values}")
        else:
            fixed[name] = given
    for name, values in axes.items():
        _check_labels(name, values)
    return axes, fixed


def _is_listed(given: Any) -> bool:
    """Tell whether this is an array with an axis, and no single number."""
    return isinstance(given, np.ndarray) and given.ndim > 0


def _check_labels(name: str, given: Iterable[Any]) -> None:
    labels = list(given)
    if not labels:
        raise ValueError(f"{name} must have at least one value; got none")
    for label in labels:
        if not isinstance(label, bool | int | float | str | np.generic):
            raise TypeError(
                f"{name} holds {label!r}, which is no label. Give each value a name: "
                f'{name}={{"first": ..., "second": ...}}'
            )
    if len({isinstance(label, str) for label in labels}) > 1:
        raise TypeError(f"{name} must be labelled by numbers or by names; got both: {labels}")


def points(axes: Axes, fixed: Point) -> Iterator[Point]:
    """Yield every combination of the axes' values, the last axis fastest."""
    for values in product(*(each.values() for each in axes.values())):
        yield fixed | dict(zip(axes, values, strict=True))


def labels(axes: Axes) -> list[Point]:
    """Return the labels of every combination, in the order of ``points``."""
    return [dict(zip(axes, each, strict=True)) for each in product(*axes.values())]


def describe(labelled: Point) -> str:
    """Write labelled settings as they would be typed: ``scheme='He', depth=30``."""
    return ", ".join(f"{name}={label!r}" for name, label in labelled.items()) or "the one setting"


def check_taken(
    settings: Iterable[str],
    functions: Sequence[Callable[..., Any]],
    *,
    options: Iterable[str] = (),
    others: Iterable[str] = (),
) -> None:
    """Raise unless the settings and the arguments of the functions fit one another.

    Parameters
    ----------
    settings
        Each must be an argument of a function, or one of the ``others``.
    functions
        Each of their arguments must be a setting or an option, or have a default.

    Raises
    ------
    TypeError
        If nothing takes a setting, or a function needs an argument that is not given.
    """
    given = {*settings, *options}
    taken = {name for function in functions for name in arguments(function)} | {*options, *others}
    free = any(_takes_any(function) for function in functions)
    for name in settings:
        if name not in taken and not free:
            raise TypeError(
                f"nothing takes the setting {name!r}.{did_you_mean(name, taken)} "
                f"Allowed: {', '.join(sorted(taken))}."
            )
    for function in functions:
        for name, parameter in arguments(function).items():
            if name not in given and parameter.default is Parameter.empty:
                raise TypeError(
                    f"{_name(function)} needs {name!r}, which is not among the settings."
                    f"{did_you_mean(name, given)}"
                )


def check_free(settings: Iterable[str], names: Iterable[str]) -> None:
    """Raise unless the names of the settings are free: the result has names of its own.

    Raises
    ------
    ValueError
        If a setting has the name of a variable or dimension of the result.
    """
    for name in names:
        if name in settings:
            raise ValueError(f"the result has {name!r} of its own; give the setting another name")


def arguments(function: Callable[..., Any]) -> dict[str, Parameter]:
    """Return the arguments of a function that can be given by name."""
    found = _signature(function).parameters
    kinds = (Parameter.POSITIONAL_OR_KEYWORD, Parameter.KEYWORD_ONLY)
    return {name: parameter for name, parameter in found.items() if parameter.kind in kinds}


def call(function: Callable[..., Any], point: Point, without: Sequence[str] = ()) -> Any:
    """Call a function with those settings of a point that it takes; see ``own``."""
    return function(**own(function, point, without))


def own(function: Callable[..., Any], point: Point, without: Sequence[str] = ()) -> Point:
    """Return those settings of a point that a function takes.

    One with ``**settings`` takes all but those ``without`` which it does not name.
    """
    named = arguments(function)
    free = set(point) - set(without) if _takes_any(function) else set()
    return {name: value for name, value in point.items() if name in named or name in free}


def labelled(rows: Sequence[xr.Dataset], axes: Axes) -> xr.Dataset:
    """Join the results of all points, in their order, into one with the axes as dimensions.

    Where rows differ in length, as networks of different depth do, the rest is NaN.
    """
    sizes = tuple(len(values) for values in axes.values())
    joined = xr.concat(rows, dim="point", join="outer", data_vars="all", coords="minimal")
    variables = {
        name: ((*axes, *variable.dims[1:]), variable.values.reshape((*sizes, *variable.shape[1:])))
        for name, variable in joined.data_vars.items()
    }
    along = {name: list(values) for name, values in axes.items()}
    rest = {name: joined[name] for name in joined.coords if joined[name].dims == (name,)}
    return xr.Dataset(variables, coords=along | rest)


def _takes_any(function: Callable[..., Any]) -> bool:
    found = _signature(function).parameters.values()
    return any(parameter.kind is Parameter.VAR_KEYWORD for parameter in found)


def _signature(function: Callable[..., Any]) -> Signature:
    """Return the arguments of a function, if it tells them."""
    try:
        return signature(function)
    except (TypeError, ValueError):
        raise TypeError(
            f"a function of settings is needed, whose arguments have names; got {shown(function)}"
        ) from None


def _name(function: Callable[..., Any]) -> str:
    return getattr(function, "__name__", repr(function))
