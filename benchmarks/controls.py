"""Milliseconds from a change of a control to its new picture, for every control of the chapters.

    python -m benchmarks.controls            # minutes; prints a Markdown table
    python -m benchmarks.controls --smoke    # one control without a chapter, in seconds

README.md says what the figures cover.
"""

from __future__ import annotations

import argparse
import time
from collections.abc import Sequence
from pathlib import Path
from statistics import median
from typing import Any

import ipywidgets
import nbformat
from nbclient import NotebookClient

from helpers import plotting
from helpers.widgets import Explorer, explore_start
from tools.notebooks import chapter_names, chapter_path
from tools.patience import patience

ROOT = Path(__file__).resolve().parents[1]
MEASURE = "from benchmarks.controls import milliseconds\nprint(*milliseconds(_))"


def other_value(control: ipywidgets.ValueWidget) -> Any:
    """Return a value that the control offers and does not have: the next one, or the one before."""
    if isinstance(control, ipywidgets.Checkbox | ipywidgets.ToggleButton):
        return not control.value
    if hasattr(control, "options"):
        values = list(control._options_values)
        index = values.index(control.value)
        return values[index + 1] if index + 1 < len(values) else values[index - 1]
    factor = control.base**control.step if hasattr(control, "base") else None
    higher = control.value * factor if factor else control.value + control.step
    highest = control.base**control.max if factor else control.max
    if higher <= highest:
        return higher
    return control.value / factor if factor else control.value - control.step


def milliseconds(explorer: Explorer, rounds: int = 3) -> list[float]:
    """Change each control in turn and back again; return what each change took."""
    taken = []
    for _ in range(rounds):
        for control in (part for part in explorer.children if getattr(part, "description", "")):
            before = control.value
            for value in (other_value(control), before):
                start = time.perf_counter()
                control.value = value
                taken.append(1000 * (time.perf_counter() - start))
    return taken


def of_chapter(name: str) -> list[list[float]]:
    """Run a chapter's notebook and measure each of its controls where it is shown."""
    notebook = nbformat.read(chapter_path(name), as_version=4)
    cells = []
    for cell in notebook.cells:
        cells.append(cell)
        if cell.cell_type == "code" and "widgets.explore" in cell.source:
            cells.append(nbformat.v4.new_code_cell(MEASURE))
    notebook.cells = cells
    NotebookClient(
        notebook, timeout=patience(600), resources={"metadata": {"path": ROOT}}
    ).execute()
    outputs = [cell.outputs for cell in cells if cell.get("source") == MEASURE]
    return [[float(word) for word in output[0]["text"].split()] for output in outputs]


def row(name: str, taken: Sequence[float]) -> str:
    """Return one row of the table."""
    return f"| {name} | {len(taken)} | {median(taken):.0f} | {max(taken):.0f} |"


def main(arguments: Sequence[str] | None = None) -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--smoke", action="store_true", help="one control, without a chapter")
    smoke = parser.parse_args(arguments).smoke
    print("| Control | Changes | Milliseconds: median | longest |\n| --- | --- | --- | --- |")
    plotting.set_style()
    for depth in (10, 50):
        taken = milliseconds(explore_start(depth=depth), rounds=1 if smoke else 3)
        print(row(f"`explore_start`, depth {depth}", taken), flush=True)
    for name in [] if smoke else chapter_names():
        for taken in of_chapter(name):
            print(row(f"`{name}`", taken), flush=True)


if __name__ == "__main__":
    main()
