"""What nbval compares: everything but the numbers that follow the sign ≈."""

from __future__ import annotations

import re
import shutil
import subprocess
import sys
from pathlib import Path

import nbformat
import pytest
from nbformat import v4

from helpers.evidence import Card, condition

ROOT = Path(__file__).resolve().parents[2]
STORED = "✓ loss, 20 layers: ≈0.31 (allowed 0.25 to 0.37)"
SAME = [
    (STORED, "✓ loss, 20 layers: ≈0.3052 (allowed 0.25 to 0.37)"),
    (STORED, "✓ loss, 20 layers: ≈0.29 to ≈0.33 (allowed 0.25 to 0.37)"),
    ("≈0.29 to ≈0.33 above ≈0.20", "≈0.31 above ≈0.19 to ≈0.21"),
    ("wrong\n0 ≈110\n1  ≈93", "wrong\n0  ≈98\n1 ≈101"),
    ("≈58,730 pairs", "≈1.2e-12 pairs"),
    ("≈-0.5, ≈9,999, ≈1.0e6.", "≈0.5, ≈10,001, ≈-99e-10."),
    ("≈0.10 (95% interval ≈0.05 to ≈0.15)", "≈0.12 (95% interval ≈-0.07 to ≈1.7e-1)"),
]
OTHER = [
    (STORED, STORED.replace("0.37", "0.38")),
    (STORED, STORED.replace("0.25", "0.24")),
    (STORED, STORED.replace("loss", "gain")),
    (STORED, STORED.replace("20", "30")),
    (STORED, STORED.replace("✓", "✗")),
    (STORED, STORED.replace("≈", "")),
    (STORED, STORED.replace("≈", "≈ ")),
    (STORED, STORED.replace("0.31 ", "0.31% ")),
    (STORED, STORED.replace("≈0.31", "not finite")),
    (STORED, STORED.replace("≈0.31", "≈0.31 to not finite")),
    (STORED, STORED.replace("≈0.31", "≈0.31 to 0.33")),
    (STORED, STORED.replace("≈0.31", "≈0.31 and ≈0.33")),
    (STORED, STORED + "\n" + STORED),
    (STORED, STORED.replace(": ≈0.31 (", ": exactly 0.31 (")),
    ("≈0.31 above ≈0.21", "≈0.31 below ≈0.21"),
    ("≈4 of 5 pairs", "≈4 of 6 pairs"),
    ("≈12 layers", "≈12 steps"),
    ("≈1,500", "≈1,50"),
    ("0.31", "0.32"),
    ("", "≈0.31"),
]


def card(measured: float, verdict: str = "holds") -> str:
    """Return the HTML of a card that rests on a condition."""
    rests_on = (condition("loss", measured, above=0, below=1),)
    heading = verdict.capitalize()
    return Card("claim", "S0-01", verdict, heading, "So it is.", "≈0.5", rests_on)._repr_html_()


@pytest.fixture(scope="module")
def compared(tmp_path_factory: pytest.TempPathFactory) -> dict[int, bool]:
    """Execute a notebook of a course with nbval, from another folder: which outputs were equal."""
    course = tmp_path_factory.mktemp("course")
    (course / "tools").mkdir()
    shutil.copy(ROOT / "conftest.py", course)
    for name in ("measured.txt", "patience.py"):
        shutil.copy(ROOT / "tools" / name, course / "tools")
    (course / "pytest.ini").write_text("[pytest]\naddopts = --nbval --nbval-current-env\n")
    cells = [
        v4.new_code_cell(f"print({new!r})", outputs=[v4.new_output("stream", text=f"{old}\n")])
        for old, new in (*SAME, *OTHER)
    ]
    for old, new in ((card(0.4), card(0.6)), (card(0.4), card(0.6, "refuted"))):
        source = f"from IPython.display import display, HTML\ndisplay(HTML({new!r}))"
        data = {"text/html": old, "text/plain": "<IPython.core.display.HTML object>"}
        cells.append(v4.new_code_cell(source, outputs=[v4.new_output("display_data", data)]))
    for number, cell in enumerate(cells, start=1):
        cell.execution_count = number
    nbformat.write(v4.new_notebook(cells=cells), course / "page.ipynb")
    result = subprocess.run(
        [sys.executable, "-m", "pytest", "-rA", "-p", "no:cacheprovider", course / "page.ipynb"],
        cwd=tmp_path_factory.mktemp("elsewhere"),
        capture_output=True,
        text=True,
        check=False,
    )
    found = re.findall(r"^(PASSED|FAILED) \S*page.ipynb::Cell (\d+)", result.stdout, flags=re.M)
    assert len(found) == len(cells), result.stdout[-3000:] + result.stderr[-3000:]
    return {int(number): verdict == "PASSED" for verdict, number in found}


def test_a_measured_number_may_change(compared: dict[int, bool]) -> None:
    assert [pair for number, pair in enumerate(SAME) if not compared[number]] == []
    assert compared[len(SAME) + len(OTHER)], "a card"


def test_nothing_else_may_change(compared: dict[int, bool]) -> None:
    assert [pair for number, pair in enumerate(OTHER, len(SAME)) if compared[number]] == []
    assert not compared[len(SAME) + len(OTHER) + 1], "a card"
