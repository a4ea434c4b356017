"""The audit on the command line: ``good-start-audit package.module:factory``.

Standard output holds the report and nothing else; the exit status is the verdict, whatever becomes
of the output.
"""

from __future__ import annotations

import argparse
import io
import json
import os
import sys
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager, redirect_stdout, suppress
from shutil import get_terminal_size
from typing import Any

from torch.nn.modules.module import register_module_forward_hook

from helpers.audit.auditing import audit
from helpers.audit.factory import UsageError, explained, made_by
from helpers.audit.report import Report

_EPILOG = """\
The factory takes no arguments. It returns (model, batch)
or (model, batch, loss):

    # project/check.py
    def start():
        model = Network()
        images, labels = next(iter(loader))
        loss = lambda output: cross_entropy(output, labels)
        return model, images, loss

Modules are found from the current folder:

    good-start-audit project.check:start
    good-start-audit project.check:start --json > start.json

Standard output holds the report alone. What the factory and
the model print goes to standard error.

Exit status: 0  no grave finding
             1  a grave finding
             2  the audit could not be made
           130  interrupted
"""


def main(arguments: Sequence[str] | None = None) -> int:
    """Audit what the factory returns, print the report, return the exit status."""
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, io.TextIOWrapper):  # a name that the terminal cannot show is escaped
            stream.reconfigure(errors="backslashreplace")
    chosen = _parsed(arguments)
    try:
        with _prints_to_stderr(), _progress():
            report = audit(*made_by(chosen.factory))
        _write(_written(report, chosen.json) + "\n")
    except KeyboardInterrupt:
        _complain("interrupted")
        return 130
    except BaseException as error:  # whatever it is: status 1 would mean a grave finding
        before, why = explained(error)
        _complain(f"{before}error: {why}")
        return 2
    return 1 if report.grave else 0


def _parsed(arguments: Sequence[str] | None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        prog="good-start-audit",
        description="Examine the start of a network: weights, signal,\ngradient, and what to mend.",
        epilog=_EPILOG,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("factory", help="package.module:function, as project.check:start")
    parser.add_argument("--json", action="store_true", help="print the report as JSON")
    try:
        return parser.parse_args(arguments)
    except SystemExit:
        with suppress(UsageError):
            _write("")  # the help may go to a closed pipe
        raise


def _written(report: Report, as_json: bool) -> str:
    """Return the report as JSON, or as text that fits the terminal where there is one."""
    if as_json:
        return json.dumps(report.to_dict(), indent=2, allow_nan=False)
    return report.to_text(get_terminal_size(fallback=(0, 0)).columns or None)


@contextmanager
def _prints_to_stderr() -> Iterator[None]:
    """Send to standard error what others print, programs that know nothing of Python included."""
    out, numbers = sys.stdout, _file_numbers()
    with ExitStack() as stack:
        if numbers:
            number, other = numbers
            kept = os.dup(number)
            stack.callback(os.close, kept)
            stack.callback(os.dup2, kept, number)
            stack.callback(out.flush)
            os.dup2(other, number)
        stack.enter_context(redirect_stdout(sys.stderr))
        yield


def _file_numbers() -> tuple[int, int] | None:
    """Return the numbers of standard output and error; None where one is closed or no file."""
    try:
        return sys.stdout.fileno(), sys.stderr.fileno()
    except (AttributeError, OSError):
        return None


@contextmanager
def _progress() -> Iterator[None]:
    """Count the layers that have run, for those who wait at a terminal and have tqdm."""
    try:
        from tqdm import tqdm  # pip install "good-start[course]"
    except ImportError:
        tqdm = None
    if tqdm is None:
        yield
        return
    form = "{n_fmt} layers have run [{elapsed}]"
    with tqdm(bar_format=form, delay=1, leave=False, disable=None) as bar:

        def count(*_: Any) -> None:
            bar.update()

        hook = register_module_forward_hook(count)
        try:
            yield
        finally:
            hook.remove()


def _write(text: str) -> None:
    """Write to standard output; a reader who has closed it has seen enough.

    Raises
    ------
    UsageError
        If it cannot be written, as where the disk is full.
    """
    try:
        print(text, end="", flush=True)
    except OSError as error:
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())  # for the flush at the end
        if not isinstance(error, BrokenPipeError):
            raise UsageError(f"the report cannot be written: {error.strerror}") from None


def _complain(text: str) -> None:
    """Write why there is no report to standard error, if anybody listens there."""
    if sys.stderr is not None:  # print would take standard output instead
        with suppress(OSError):
            print(text, file=sys.stderr, flush=True)
