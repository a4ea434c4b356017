"""Every limit of time is stretched by one factor; the tests start on any machine."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from pathlib import Path

import pytest
from nbformat import v4, write

from tools.patience import patience

ROOT = Path(__file__).resolve().parents[2]
COURSE = {"conftest.py", "tools/patience.py", "tools/measured.txt"}


@pytest.mark.parametrize(("factor", "limit"), [(None, 60), ("1", 60), ("0.5", 30), ("4", 240)])
def test_a_limit_is_stretched(
    factor: str | None, limit: float, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("COURSE_PATIENCE", raising=False)
    if factor:
        monkeypatch.setenv("COURSE_PATIENCE", factor)
    assert patience(60) == limit


@pytest.mark.parametrize("factor", ["", "0", "-1", "nan", "inf", "long"])
def test_a_factor_that_is_none_is_named(factor: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("COURSE_PATIENCE", factor)
    with pytest.raises(ValueError, match=f"COURSE_PATIENCE must be .*; got '{factor}'"):
        patience(60)


@pytest.fixture
def course(tmp_path: Path) -> Path:
    """Make a folder with the course's conftest.py."""
    for name in COURSE:
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).write_bytes((ROOT / name).read_bytes())
    (tmp_path / "pytest.ini").write_text("[pytest]\naddopts = --nbval --nbval-current-env\n")
    return tmp_path


def pytest_says(course: Path, *arguments: str, **variables: str) -> str:
    """Run pytest on the course and return what it prints."""
    command = [sys.executable, "-m", "pytest", "-p", "no:cacheprovider", *arguments]
    return printed(command, course, **variables)


def printed(command: list[str], course: Path, **variables: str) -> str:
    """Run a command in the folder of a course and return what it prints."""
    result = subprocess.run(
        command,
        cwd=course,
        env=os.environ | variables,
        capture_output=True,
        text=True,
        check=False,
        timeout=patience(300),
    )
    return result.stdout + result.stderr


@pytest.mark.parametrize("workers", [[], ["-n", "1"]], ids=["alone", "beside others"])
def test_nbval_waits_for_a_cell_a_kernel_and_outputs_as_long_as_patience_says(
    course: Path, workers: list[str]
) -> None:
    cells = [v4.new_code_cell("x = 1", execution_count=1)]
    write(v4.new_notebook(cells=cells), course / "page.ipynb")
    (course / "test_limit.py").write_text(
        "def test_limit(request):\n"
        "    assert request.config.option.nbval_cell_timeout == 14\n"
        "    assert request.config.option.nbval_kernel_startup_timeout == 600\n"
        "    (cell,) = (item for item in request.session.items if item.path.suffix == '.ipynb')\n"
        "    assert cell.output_timeout == 120"
    )
    limits = ["--nbval-cell-timeout=7", "test_limit.py", "page.ipynb", *workers]
    assert "2 passed" in pytest_says(course, *limits, COURSE_PATIENCE="2")


@pytest.mark.skipif(not hasattr(os, "sched_setaffinity"), reason="cores cannot be chosen here")
def test_no_more_processes_are_started_than_cores_may_be_used(course: Path) -> None:
    (course / "test_one.py").write_text("def test_one(): pass")
    program = (
        "import os, pytest; os.sched_setaffinity(0, [min(os.sched_getaffinity(0))]); "
        "pytest.main(['-n', 'logical', '-p', 'no:cacheprovider'])"
    )
    said = printed([sys.executable, "-c", program], course)
    assert re.search(r"\b1 worker\b", said), said


def test_a_notebook_runs_where_the_home_folder_cannot_be_written(course: Path) -> None:
    cells = [v4.new_code_cell("import matplotlib.pyplot", execution_count=1)]
    write(v4.new_notebook(cells=cells), course / "page.ipynb")
    variables = {"HOME": "/proc/no-such-home", "XDG_CONFIG_HOME": "", "XDG_CACHE_HOME": ""}
    assert "1 passed" in pytest_says(course, "page.ipynb", **variables)
