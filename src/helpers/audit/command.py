"""The audit on the command line: ``python -m helpers.audit package.module:factory``."""

from __future__ import annotations

import argparse
import json
import os
import re
import sys
import traceback
from collections.abc import Callable, Sequence
from difflib import get_close_matches
from importlib import import_module
from typing import Any

from torch import nn

from helpers.audit.auditing import audit

_EPILOG = """\
The factory takes no arguments and returns (model, batch) or (model, batch, loss):

    def factory():
        model = Network()
        images, labels = next(iter(loader))
        return model, images, lambda output: cross_entropy(output, labels)

Modules are found as by "python -m", from the current folder.
Exit status: 0 without a grave finding, 1 with one, 2 if the audit could not be made.
"""


class UsageError(Exception):
    """What was asked for cannot be audited; the message says why."""


def main(arguments: Sequence[str] | None = None) -> int:
    """Audit what the factory returns, print the report, return the exit status."""
    parser = argparse.ArgumentParser(
        prog="python -m helpers.audit",
        description="Examine the start of a network: weights, signal, gradient, and what to mend.",
        epilog=_EPILOG,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("factory", help="package.module:function, as my_network.train:start")
    parser.add_argument("--json", action="store_true", help="print the report as JSON")
    chosen = parser.parse_args(arguments)
    try:
        report = audit(*_parts(_find(chosen.factory)))
    except (UsageError, TypeError, ValueError) as error:
        print(f"error: {error}", file=sys.stderr)
        return 2
    except (Exception, SystemExit) as error:  # their own status 1 would mean a grave finding
        traceback.print_exc()
        print(f"error: the audit stopped at {type(error).__name__}: {error}", file=sys.stderr)
        return 2
    print(json.dumps(report.to_dict(), indent=2) if chosen.json else repr(report))
    return 1 if report.grave else 0


def _find(path: str) -> Callable[[], Any]:
    """Return the function that ``package.module:function`` names."""
    module_name, colon, name = path.partition(":")
    if "/" in module_name or "\\" in module_name or module_name.endswith(".py"):
        dotted = re.sub(r"[/\\]+", ".", module_name.removesuffix(".py")).strip(".")
        raise UsageError(
            f"{module_name!r} is a file. Write it with dots and without .py: "
            f"{dotted}:{name or 'start'}"
        )
    if not (module_name and colon and name):
        raise UsageError(f"write the factory as package.module:function; got {path!r}")
    if os.getcwd() not in sys.path:
        sys.path.insert(0, os.getcwd())
    try:
        found = import_module(module_name)
    except ModuleNotFoundError as error:
        if error.name is None or not f"{module_name}.".startswith(f"{error.name}."):
            raise UsageError(f"{module_name} needs {error.name}, which is not installed") from error
        raise UsageError(f"there is no module {error.name!r} from {os.getcwd()}") from error
    for part in name.split("."):
        if not hasattr(found, part):
            near = get_close_matches(part, dir(found), n=1)
            hint = f" Did you mean {near[0]!r}?" if near else ""
            raise UsageError(f"{module_name} has no {part!r}.{hint}")
        found = getattr(found, part)
    if not callable(found):
        raise UsageError(f"{path} is not callable: it is of type {type(found).__name__}")
    return found


def _parts(factory: Callable[[], Any]) -> tuple[Any, ...]:
    """Call the factory and return (model, batch) or (model, batch, loss)."""
    made = factory()
    if not (isinstance(made, tuple) and len(made) in (2, 3) and isinstance(made[0], nn.Module)):
        what = f"{len(made)} parts" if isinstance(made, tuple) else type(made).__name__
        raise UsageError(
            f"the factory must return (model, batch) or (model, batch, loss); got {what}"
        )
    return made
