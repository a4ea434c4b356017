"""What all tests share: a quiet, repeatable environment, their order, the notebooks' seconds."""

from __future__ import annotations

import os
from collections import defaultdict
from pathlib import Path

import pytest

os.environ["TQDM_DISABLE"] = "1"
os.environ.pop("COURSE_SEED", None)
if "PYTEST_XDIST_WORKER" in os.environ:  # another worker needs the core on which a thread waits
    os.environ.setdefault("OMP_WAIT_POLICY", "passive")  # torch
    os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")  # NumPy, whose threads cannot sleep


def pytest_configure(config: pytest.Config) -> None:
    """Let nbval compare all of an output but the numbers that were measured in its run."""
    if hasattr(config.option, "nbval_sanitize_with"):
        config.option.nbval_sanitize_with = str(Path(__file__).parent / "tools" / "measured.txt")


@pytest.fixture(autouse=True)
def _backends(monkeypatch: pytest.MonkeyPatch) -> None:
    """No window and no TensorFlow; the notebooks' kernels are not told, they find out alone."""
    monkeypatch.setenv("MPLBACKEND", "Agg")
    monkeypatch.setenv("KERAS_BACKEND", "torch")


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Put what is fast first: the unit tests, then the site, then the notebooks."""
    items.sort(key=lambda item: (item.path.suffix == ".ipynb", "site" in item.path.parts))


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    """List the seconds of every notebook, the slowest first."""
    seconds: dict[str, float] = defaultdict(float)
    for reports in terminalreporter.stats.values():
        for report in reports:
            path = Path(str(getattr(report, "fspath", "")))
            if path.suffix == ".ipynb":
                seconds[path.as_posix()] += report.duration
    if seconds:
        terminalreporter.section("seconds per notebook")
        for name in sorted(seconds, key=seconds.__getitem__, reverse=True):
            terminalreporter.line(f"{seconds[name]:6.1f}  {name}")
