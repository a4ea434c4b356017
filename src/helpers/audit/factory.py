"""The factory that the command names: how it is found and called, and what stopped it."""

from __future__ import annotations

import os
import re
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from importlib import import_module
from importlib.machinery import PathFinder
from traceback import format_exception
from types import TracebackType
from typing import Any

from torch import nn

import helpers
from helpers._checks import did_you_mean

_NOT_THEIRS = (
    os.path.join(os.path.dirname(helpers.__file__), ""),
    import_module.__code__.co_filename,
    "<frozen importlib",
)


class UsageError(Exception):
    """What was asked for cannot be audited; the message says why."""


def made_by(path: str) -> tuple[Any, ...]:
    """Call the factory that ``package.module:function`` names.

    Returns
    -------
    tuple
        (model, batch) or (model, batch, loss).

    Raises
    ------
    UsageError
        If there is no such function, or it returns something else.
    """
    with _their_own_helpers():
        made = _found(path)()
    if not (isinstance(made, tuple) and len(made) in (2, 3) and isinstance(made[0], nn.Module)):
        what = f"{len(made)} parts" if isinstance(made, tuple) else type(made).__name__
        raise UsageError(
            f"the factory must return (model, batch) or (model, batch, loss); got {what}"
        )
    return made


@contextmanager
def _their_own_helpers() -> Iterator[None]:
    """Let ``import helpers`` mean the file of this name in the current folder, if there is one."""
    own = PathFinder.find_spec("helpers", [os.getcwd()])
    if own is None or own.origin in (None, helpers.__file__):
        yield
        return
    ours = {name: module for name, module in sys.modules.items() if _of_helpers(name)}
    _forget_helpers()
    try:
        yield
    finally:
        _forget_helpers()
        sys.modules.update(ours)


def _of_helpers(name: str) -> bool:
    return name.partition(".")[0] == "helpers"


def _forget_helpers() -> None:
    for name in filter(_of_helpers, list(sys.modules)):
        del sys.modules[name]


def _found(path: str) -> Callable[[], Any]:
    """Return the function that ``package.module:function`` names."""
    module_name, colon, name = path.partition(":")
    if "/" in module_name or "\\" in module_name or module_name.endswith(".py"):
        dotted = re.sub(r"[/\\]+", ".", module_name.removesuffix(".py")).strip(".")
        raise UsageError(
            f"{module_name!r} is a file. Write it with dots and without .py: "
            f"{dotted}:{name or 'start'}"
        )
    if not colon or not all([*module_name.split("."), *name.split(".")]):
        raise UsageError(f"write the factory as package.module:function; got {path!r}")
    found = _imported(module_name)
    for part in name.split("."):
        if not hasattr(found, part):
            raise UsageError(f"{module_name} has no {part!r}.{did_you_mean(part, dir(found))}")
        found = getattr(found, part)
    if not callable(found):
        raise UsageError(f"{path} is not callable: it is of type {type(found).__name__}")
    return found


def _imported(module_name: str) -> Any:
    """Import a module as ``python -m`` finds it: from the current folder first."""
    if os.getcwd() not in sys.path:
        sys.path.insert(0, os.getcwd())
    try:
        return import_module(module_name)
    except ModuleNotFoundError as error:
        if error.name is None or not f"{module_name}.".startswith(f"{error.name}."):
            raise UsageError(f"{module_name} needs {error.name}, which is not installed") from error
        raise UsageError(f"there is no module {error.name!r} from {os.getcwd()}") from None


def explained(error: BaseException) -> tuple[str, str]:
    """Say what stopped the audit: where in the user's code, "" if elsewhere; and why."""
    place = _their_part(error.__traceback__)
    if place is None and isinstance(error, UsageError | TypeError | ValueError):
        cause = error.__cause__
        return _traceback(cause, _their_part(cause.__traceback__)) if cause else "", str(error)
    why = f"the audit stopped at {type(error).__name__}: {error}"
    if place is None and not isinstance(error, SyntaxError):  # a fault of this package
        place = error.__traceback__
    return _traceback(error, place), why


def _their_part(place: TracebackType | None) -> TracebackType | None:
    """Return a traceback from the first frame on that is neither of this package nor an import."""
    while place is not None and place.tb_frame.f_code.co_filename.startswith(_NOT_THEIRS):
        place = place.tb_next
    return place


def _traceback(error: BaseException, place: TracebackType | None) -> str:
    return "".join(format_exception(type(error), error, place))
