"""The settings of an experiment: its axes, its points, and the functions that take them."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from difflib import get_close_matches
from inspect import Parameter, signature
from itertools import product
from typing import Any

import numpy as np
import xarray as xr

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
        If a value on an axis is not a number, a string or a truth value and has no label.
    ValueError
        If an axis is empty, or a label stands twice.
    """
    axes: Axes = {}
    fixed: Point = {}
    for name, given in settings.items():
        if isinstance(given, Mapping):
            axes[name] = dict(given)
        elif isinstance(given, list | tuple | range | np.ndarray):
            values = given.tolist() if isinstance(given, np.ndarray) else list(given)
            for value in values:
                if not isinstance(value, bool | int | float | str | np.generic):
                    raise TypeError(
                        f"{name} holds {value!r}, which is no label. Give each value a name: "
                        f'{name}={{"first": ..., "second": ...}}'
                    )
            axes[name] = dict(zip(values, values, strict=True))
            if len(axes[name]) < len(values):
                raise ValueError(f"{name} has a value twice: {values}")
        else:
            fixed[name] = given
    if empty := [name for name, values in axes.items() if not values]:
        raise ValueError(f"{empty[0]} must have at least one value; got none")
    return axes, fixed


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
    settings: Mapping[str, Any], functions: Sequence[Callable[..., Any]], others: Sequence[str]
) -> None:
    """Raise unless each setting is an argument of a function, or one of the ``others``.

    Raises
    ------
    TypeError
        If nothing takes a setting, or the first function needs an argument that is not given.
    """
    taken = {name for function in functions for name in arguments(function)} | set(others)
    free = any(_takes_any(function) for function in functions)
    for name in settings:
        if name not in taken and not free:
            near = get_close_matches(name, taken, n=1)
            hint = f" Did you mean {near[0]!r}?" if near else ""
            raise TypeError(
                f"nothing takes the setting {name!r}.{hint} Allowed: {', '.join(sorted(taken))}."
            )
    for name, parameter in arguments(functions[0]).items():
        if name not in settings and parameter.default is Parameter.empty:
            raise TypeError(
                f"{_name(functions[0])} needs {name!r}, which is not among the settings"
            )


def arguments(function: Callable[..., Any]) -> dict[str, Parameter]:
    """Return the arguments of a function that can be given by name."""
    found = signature(function).parameters
    kinds = (Parameter.POSITIONAL_OR_KEYWORD, Parameter.KEYWORD_ONLY)
    return {name: parameter for name, parameter in found.items() if parameter.kind in kinds}


def call(function: Callable[..., Any], point: Point, without: Sequence[str] = ()) -> Any:
    """Call a function with those settings of a point that it takes."""
    own = arguments(function)
    if _takes_any(function):
        return function(**{k: v for k, v in point.items() if k in own or k not in without})
    return function(**{name: value for name, value in point.items() if name in own})


def labelled(rows: Sequence[xr.Dataset], axes: Axes) -> xr.Dataset:
    """Join the results of all points, in their order, into one with the axes as dimensions.

    Where rows differ in length, as networks of different depth do, the rest is NaN.
    """
    sizes = tuple(len(values) for values in axes.values())
    joined = xr.concat(rows, dim="point", join="outer", data_vars="all", coords="minimal")
    variables = {
        name: ((*axes, *variable.dims[1:]), variable.values.reshape(*sizes, *variable.shape[1:]))
        for name, variable in joined.data_vars.items()
    }
    own = {name: list(values) for name, values in axes.items()}
    rest = {name: joined[name] for name in joined.coords if joined[name].dims == (name,)}
    return xr.Dataset(variables, coords=own | rest)


def _takes_any(function: Callable[..., Any]) -> bool:
    found = signature(function).parameters.values()
    return any(parameter.kind is Parameter.VAR_KEYWORD for parameter in found)


def _name(function: Callable[..., Any]) -> str:
    return getattr(function, "__name__", repr(function))
