"""The benchmark of the explorers measures every one of them, and the bytes that the site sends."""

from __future__ import annotations

import os
import subprocess
import sys

import pytest

from benchmarks.explorers import NAMES, NETWORKS, ROOT
from tools.chromium import NO_CHROMIUM, chromium


def numbers(table: str) -> dict[str, list[int]]:
    """Return the numbers in each row of a Markdown table, by the row's name."""
    rows = [line.strip("| ").split(" | ") for line in table.splitlines()[2:]]
    return {name: [int(cell.replace(",", "")) for cell in cells] for name, *cells in rows}


def test_every_explorer_and_all_bytes_are_measured() -> None:
    if chromium() is None:
        (pytest.fail if os.environ.get("CI") == "true" else pytest.skip)(NO_CHROMIUM)
    command = [sys.executable, "-m", "benchmarks.explorers", "--smoke"]
    result = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)
    assert result.returncode == 0, result.stderr
    sizes, times, pictures = map(numbers, result.stdout.strip().split("\n\n"))
    assert sizes["both"][0] == sizes["script"][0] + sizes["style"][0]
    assert all(packed < plain for plain, packed in sizes.values())
    assert list(times) == [*NAMES, "the same sums"]
    for changes, median, slowest, longest, first in times.values():
        assert changes >= 6
        assert 0 < median <= slowest <= longest
        assert 0 < first <= longest
    assert len(pictures) == len(NETWORKS)
    assert all(rate > 0 for (rate,) in pictures.values())
