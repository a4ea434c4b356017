"""What all tests share: a quiet, repeatable environment, their order, the notebooks' seconds."""

from __future__ import annotations

import os
import tempfile
from collections import defaultdict
from pathlib import Path

import pytest
from hypothesis import HealthCheck, settings

from tools.patience import KERNEL_TIMEOUT, OUTPUT_TIMEOUT, patience

os.environ["TQDM_DISABLE"] = "1"
os.environ.pop("COURSE_SEED", None)
if "PYTEST_XDIST_WORKER" in os.environ:  # another worker needs the core on which a thread waits
    os.environ.setdefault("OMP_WAIT_POLICY", "passive")  # torch
    os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")  # NumPy, whose threads cannot sleep
if not os.access(os.environ.get("HOME", ""), os.W_OK):  # Jupyter and matplotlib write there
    HOME = tempfile.TemporaryDirectory(prefix="good-start-", ignore_cleanup_errors=True)
    os.environ["HOME"] = HOME.name

# The same examples in each run, however slow the machine is.
settings.register_profile(
    "course", derandomize=True, deadline=None, suppress_health_check=[HealthCheck.too_slow]
)
settings.load_profile("course")


def pytest_configure(config: pytest.Config) -> None:
    """Let nbval compare all of an output but the numbers that were measured in its run."""
    if hasattr(config.option, "nbval_sanitize_with"):
        config.option.nbval_sanitize_with = str(Path(__file__).parent / "tools" / "measured.txt")
        config.option.nbval_cell_timeout = patience(float(config.option.nbval_cell_timeout))
        config.option.nbval_kernel_startup_timeout = patience(KERNEL_TIMEOUT)


@pytest.hookimpl(optionalhook=True)
def pytest_xdist_auto_num_workers() -> int:
    """Start as many processes as this one may use cores, which may be fewer than there are."""
    from joblib import cpu_count

    return cpu_count()


@pytest.hookimpl(optionalhook=True)
def pytest_xdist_make_scheduler(config: pytest.Config, log: object) -> object:
    """Let one process do all that looks at the site, so that the site is built once."""
    from xdist.scheduler import LoadFileScheduling

    class OneSite(LoadFileScheduling):
        def _split_scope(self, nodeid: str) -> str:
            path = Path(nodeid.split("::", 1)[0])
            alone = path.stem == "test_jupyterlab"  # it needs no site, and takes as long as one
            return "site" if path.parent.name == "site" and not alone else path.as_posix()

    return OneSite(config, log) if config.getvalue("dist") == "loadfile" else None


@pytest.fixture(autouse=True)
def _backends(monkeypatch: pytest.MonkeyPatch) -> None:
    """No window and no TensorFlow; the notebooks' kernels are not told, they find out alone."""
    monkeypatch.setenv("MPLBACKEND", "Agg")
    monkeypatch.setenv("KERAS_BACKEND", "torch")


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Put what is fast first: the unit tests, then the site, then the notebooks."""
    items.sort(key=lambda item: (item.path.suffix == ".ipynb", "site" in item.path.parts))
    for item in items:
        if item.path.suffix == ".ipynb":
            item.output_timeout = patience(OUTPUT_TIMEOUT)


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
