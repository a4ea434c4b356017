"""The form of the chapters' notebooks: every rule holds for every chapter, and can fail."""

from __future__ import annotations

import re
import tomllib
from collections import Counter
from collections.abc import Callable
from dataclasses import replace
from functools import cache
from importlib.metadata import packages_distributions
from itertools import chain
from pathlib import Path

import nbformat
import pytest
from nbformat import v4
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

from helpers.evidence import load_ledger
from tools.notebooks import CHAPTERS, NOTEBOOK_METADATA, chapter_names, chapter_path
from tools.page import Page, words
from tools.rules import RULES, normal_form

ROOT = Path(__file__).resolve().parents[2]
NAMES = chapter_names()
LEDGER = {
    "S1-26": {"id": "S1-26", "chapter": "practice/demo", "verdict": "broken", "claim": "It runs."},
    "R05": {"id": "R05", "chapter": "practice/demo", "paper": "He 2015", "result": "It trains."},
    "S1-27": {"id": "S1-27", "chapter": "practice/other", "verdict": "holds", "claim": "More."},
}
PNG = {"image/png": "iVBORw0KGgo=", "text/plain": "<Figure>"}
FIGURE = {
    "mystnb": {
        "image": {"alt": "A curve that falls from 2.3 to 0.1"},
        "figure": {"name": "fig-demo", "caption": "The loss in 10 epochs: it falls."},
    }
}


@cache
def declared_modules() -> frozenset[str]:
    """Return the importable names that the packages declared in pyproject.toml provide."""
    project = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))["project"]
    lines = [*project["dependencies"], *chain(*project["optional-dependencies"].values())]
    declared = {canonicalize_name(Requirement(line).name) for line in lines} | {"good-start"}
    return frozenset(
        module
        for module, packages in packages_distributions().items()
        if declared & {canonicalize_name(package) for package in packages}
    ) | {"helpers"}


@cache
def stored(name: str) -> Page:
    """Read a chapter, once for all rules."""
    text = chapter_path(name).read_text("utf-8")
    notebook = nbformat.reads(text, as_version=4)
    return Page(name, text, notebook, load_ledger(), declared_modules())


def code(source: str, count: int, *outputs: nbformat.NotebookNode, **metadata: object):
    """Make an executed code cell."""
    return v4.new_code_cell(
        source, id=f"code-{count}", execution_count=count, outputs=list(outputs), metadata=metadata
    )


def good(change: Callable[[list], object] | None = None) -> Page:
    """Make a page that keeps every rule, or one with a change to its cells."""
    cells = [
        v4.new_markdown_cell("(demo)=\n# Does it run?\n\nA question.", id="title"),
        code("import numpy as np\nrng = np.random.default_rng(0)", 1),
        code("rng.normal()", 2, v4.new_output("execute_result", {"text/plain": "0.1"})),
        code("draw()", 3, v4.new_output("display_data", PNG), **FIGURE),
        code('evidence.claim("S1-26", verdict="broken", holds=True, measured="no")', 4),
        code('evidence.reproduction("R05", holds=True, measured="yes")', 5),
        code("1 / 0", 6, v4.new_output("error", ename="E", evalue="e"), tags=["raises-exception"]),
    ]
    cells[2].outputs[0].execution_count = 2
    if change:
        change(cells)
    notebook = nbformat.from_dict(
        {"cells": cells, "metadata": NOTEBOOK_METADATA, "nbformat": 4, "nbformat_minor": 5}
    )
    text = v4.writes_json(notebook) + "\n"
    return Page("practice/demo", text, notebook, LEDGER, frozenset({"numpy", "helpers"}))


def source(position: int, text: str) -> Callable[[list], object]:
    """Replace the source of a cell."""
    return lambda cells: cells[position].update(source=text)


def extra(text: str, *outputs: nbformat.NotebookNode, **metadata: object):
    """Append a code cell."""
    return lambda cells: cells.append(code(text, 7, *outputs, **metadata))


def stream(text: str, name: str = "stdout") -> nbformat.NotebookNode:
    """Make an output stream."""
    return v4.new_output("stream", text=text, name=name)


def show(text: str) -> Callable[[list], object]:
    """Append a cell that prints a text."""
    return extra("print(x)", stream(text))


def figure(position: int = 3, **changes: object) -> Callable[[list], object]:
    """Change what a cell says of its figure."""

    def change(cells: list) -> None:
        settings = cells[position].metadata["mystnb"]
        for name, value in changes.items():
            settings["image" if name == "alt" else "figure"][name] = value

    return change


def second_figure(cells: list) -> None:
    """Append a second figure with the words of the first."""
    cells.append(code("draw()", 7, v4.new_output("display_data", PNG), **FIGURE))


BAD: dict[str, list[Callable[[list], object]]] = {
    "title_first": [
        lambda cells: cells.pop(0),
        source(0, "## Does it run?"),
        source(0, "(demo)=\n\nDoes it run?"),
        lambda cells: cells.append(v4.new_markdown_cell("# Another title", id="second")),
    ],
    "executed_in_order": [
        lambda cells: cells[2].update(execution_count=5),
        lambda cells: cells[1].update(execution_count=None),
        lambda cells: cells.insert(1, cells.pop(2)),
        lambda cells: cells[2].outputs[0].update(execution_count=9),
        source(1, " \n"),
    ],
    "no_error": [
        lambda cells: cells[6].metadata.clear(),
        lambda cells: cells[6].update(outputs=[]),
    ],
    "no_stderr": [extra("f()", stream("help", "stderr"))],
    "stable_outputs": [
        show("<Net object at 0x7f3a2b1c9d10>"),
        show("/home/me/course/data"),
        show("see (/tmp/x)"),
        show(" 50%|#####     | 5/10 [00:01<00:01, 3.20it/s]"),
        show("UserWarning: old"),
        extra("x", v4.new_output("display_data", {"text/html": "<b>at 0x7f3a2b1c9d10</b>"})),
    ],
    "cell_length": [
        extra("\n".join(f"x = {i}" for i in range(16))),
        extra("\n".join(f"x = {i}" for i in range(26)), tags=["helper"]),
    ],
    "page_length": [
        lambda cells: cells.extend(code("x", 7 + i) for i in range(20)),
        source(0, "# Title\n" + "word " * 1800),
    ],
    "file_size": [lambda cells: cells[3].outputs[0].data.update({"image/png": "A" * 1_000_000})],
    "normal_form": [
        lambda cells: cells[1].metadata.update(execution={"iopub.status.busy": "2026-01-01"}),
        lambda cells: cells[1].update(id="code-2"),
        extra("w", v4.new_output("display_data", {"application/vnd.jupyter.widget-view+json": {}})),
    ],
    "figures_described": [
        figure(alt=""),
        figure(caption=" "),
        figure(name=None),
        figure(alt="The loss in 10 epochs: it falls."),
        lambda cells: cells[3].metadata.clear(),
        lambda cells: cells[3].outputs.append(v4.new_output("display_data", PNG)),
        lambda cells: cells[3].outputs[0].update(data={"image/svg+xml": "<svg/>"}),
        second_figure,
    ],
    "evidence_in_ledger": [
        extra('evidence.claim("S9-99", verdict="holds", holds=True, measured="x")'),
        extra('evidence.claim("R05", verdict="holds", holds=True, measured="x")'),
        extra('evidence.reproduction("S1-26", holds=True, measured="x")'),
        extra('evidence.claim(which, verdict="holds", holds=True, measured="x")'),
        extra('evidence.claim("S1-27", verdict="holds", holds=True, measured="x")'),
        source(4, 'evidence.claim("S1-26", verdict="holds", holds=True, measured="no")'),
    ],
    "ledger_settled": [
        lambda cells: cells.pop(4),
        lambda cells: cells.pop(5),
        source(4, '# evidence.claim("S1-26", verdict="broken")'),
        extra('evidence.reproduction("R05", holds=True, measured="again")'),
    ],
    "no_ignored_output": [
        extra("f()", tags=["nbval-ignore-output"]),
        extra("f()", tags=["nbval-skip"]),
        extra("# NBVAL_IGNORE_OUTPUT\nf()"),
        extra("# NBVAL_SKIP\nf()"),
    ],
    "plain_python": [extra("%matplotlib inline"), extra("!pip list"), extra("plot(x);")],
    "no_global_randomness": [
        extra("np.random.seed(0)"),
        extra("x = np.random.randn(3)"),
        extra("import random\nrandom.random()"),
        extra("torch.manual_seed(0)"),
        extra("torch.cuda.manual_seed_all(0)"),
        extra("keras.utils.set_random_seed(0)"),
        extra("x = torch.randn(3)"),
        extra("layer.weight.normal_(0, 1)"),
    ],
    "imports_declared": [extra("import pandas"), extra("from sklearn.svm import SVC")],
}


@pytest.mark.parametrize("rule", RULES, ids=lambda rule: rule.__name__)
@pytest.mark.parametrize("name", NAMES)
def test_chapter_keeps_rule(name: str, rule: Callable[[Page], list[str]]) -> None:
    faults = rule(stored(name))
    assert not faults, "\n".join([f"{name}: {rule.__doc__}", *faults])


@pytest.mark.parametrize("rule", RULES, ids=lambda rule: rule.__name__)
def test_rule_accepts_a_good_page_and_finds_every_bad_one(
    rule: Callable[[Page], list[str]],
) -> None:
    assert rule(good()) == []
    assert BAD[rule.__name__]
    for number, change in enumerate(BAD[rule.__name__]):
        assert rule(good(change)), f"bad page {number} was not found"


def test_another_layout_of_the_file_is_found() -> None:
    page = good()
    faults = normal_form(replace(page, text=page.text.replace("\n ", "\n  ")))
    assert faults == ["the file is not laid out as make notebooks does"]


def test_good_code_is_not_taken_for_bad() -> None:
    page = good(
        extra(
            "# a comment is not code\n"
            "from helpers.device import generator\n"
            "w = torch.randn(3, generator=generator(0))\n"
            "w.normal_(0, 1, generator=generator(1))\n"
            "rng = np.random.default_rng(np.random.SeedSequence(1))\n"
            "rng.normal(); rng.random()"
        )
    )
    assert [fault for rule in RULES for fault in rule(page)] == []


def test_words_are_those_that_a_reader_reads() -> None:
    markdown = (
        "(label)=\n## Two words\n\n```{figure} a.png\n:name: fig-a\nThe caption.\n```\n"
        "The mean $\\bar x$ of [these](https://example.org/a/b) is\n\n$$\nx = 1\n$$\n\n"
        "not it's. <!-- a note\nfor us -->"
    )
    assert words(markdown) == 2 + 2 + 5 + 2


def test_figure_names_are_unique_in_the_book() -> None:
    names = Counter(
        cell.metadata.get("mystnb", {}).get("figure", {}).get("name")
        for name in NAMES
        for _, cell in stored(name).code
    )
    del names[None]
    assert [name for name, count in names.items() if count > 1] == []


def test_chapters_are_where_the_design_puts_them() -> None:
    form = re.compile(r"[a-z]+(-[a-z]+)*/[a-z]+(-[a-z]+)*")
    assert [name for name in NAMES if not form.fullmatch(name)] == []
    others = {path.relative_to(CHAPTERS) for path in CHAPTERS.rglob("*") if path.is_file()}
    others = {path for path in others if not any(part.startswith(".") for part in path.parts)}
    assert others - {Path(f"{name}.ipynb") for name in NAMES} <= {Path("ruff.toml")}
