"""The numbers that the site gives to figures, formulas, theorems and exercises."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import yaml
from nbformat import NotebookNode

TOC = Path(__file__).resolve().parents[1] / "_toc.yml"
LABELLED = re.compile(
    r"^(?:`{3,}|:{3,})\{(math|exercise|exercise-start|prf:theorem)\}.*\n:label: (\S+)$", re.M
)
FORMS = {
    "figure": ("Fig. {}", "{}"),
    "math": ("({})", "equation-{}"),
    "exercise": ("Exercise {}", "{}"),
    "theorem": ("Theorem {}", "{}"),
}
"""The text of a link to each kind, and its anchor."""


@dataclass(frozen=True)
class Label:
    """Where something stands that has a number."""

    chapter: str
    number: str
    text: str
    anchor: str


def chapter_numbers(toc: Path = TOC) -> dict[str, int]:
    """Give each chapter the number that it has on the site, through all numbered parts."""
    parts = yaml.safe_load(toc.read_text("utf-8"))["parts"]
    files = [page["file"] for part in parts if part.get("numbered") for page in part["chapters"]]
    return {file.removeprefix("chapters/"): number for number, file in enumerate(files, start=1)}


def labelled(notebook: NotebookNode) -> Iterator[tuple[str, str]]:
    """Find the kind and the label of everything that gets a number, in its order."""
    for cell in notebook.cells:
        if cell.cell_type == "markdown":
            for kind, label in LABELLED.findall(cell.source):
                yield kind.removeprefix("prf:").removesuffix("-start"), label
        elif figure := cell.metadata.get("mystnb", {}).get("figure"):
            yield "figure", figure["name"]


def labels_of(chapter: str, number: int, notebook: NotebookNode) -> dict[str, Label]:
    """Return what the labels of a chapter stand for."""
    counts: Counter[str] = Counter()
    found = {}
    for kind, label in labelled(notebook):
        counts[kind] += 1
        own = f"{number}.{counts[kind]}"
        text, anchor = FORMS[kind]
        found[label] = Label(chapter, own, text.format(own), anchor.format(label))
    return found
