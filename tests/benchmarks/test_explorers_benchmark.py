"""The benchmark of the explorers measures every one of them, and the bytes that the site sends."""

from __future__ import annotations

import os
import subprocess
import sys

import pytest

from benchmarks.explorers import NAMES, ROOT
from tools.chromium import NO_CHROMIUM, chromium


def test_every_explorer_and_all_bytes_are_measured() -> None:
    if chromium() is None:
        (pytest.fail if os.environ.get("CI") == "true" else pytest.skip)(NO_CHROMIUM)
    command = [sys.executable, "-m", "benchmarks.explorers", "--smoke"]
    result = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)
    assert result.returncode == 0, result.stderr
    rows = [line.strip("| ").split(" | ") for line in result.stdout.splitlines() if "|" in line]
    sizes = {row[0]: [int(cell.replace(",", "")) for cell in row[1:]] for row in rows[2:5]}
    assert sizes["both"][0] == sizes["script"][0] + sizes["style"][0]
    assert all(packed < plain for plain, packed in sizes.values())
    measured = {row[0]: [int(cell) for cell in row[1:]] for row in rows[7:]}
    assert list(measured) == NAMES
    assert all(
        changes >= 6 and 0 < median <= longest for changes, median, longest in measured.values()
    )
