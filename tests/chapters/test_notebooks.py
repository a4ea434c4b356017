"""The form of the chapters' notebooks: every rule holds for every chapter, and can fail."""

from __future__ import annotations

import re
import tomllib
from collections import Counter
from collections.abc import Callable
from copy import deepcopy
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
from tools.content_rules import CONTENT_RULES, plain_cells
from tools.form_rules import cell_length, label_of, subject_visible
from tools.notebooks import CHAPTERS, NOTEBOOK_METADATA, chapter_names, chapter_path, fold
from tools.page import Page, words
from tools.rules import RULES, file_size, normal_form, page_length, stable_outputs

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
    """Make an executed code cell, folded as make notebooks does."""
    cell = v4.new_code_cell(
        source,
        id=f"code-{count}",
        execution_count=count,
        outputs=list(outputs),
        metadata=deepcopy(metadata),
    )
    fold(cell)
    return cell


def folded(source: str, count: int, *outputs: nbformat.NotebookNode, **metadata: object):
    """Make an executed code cell whose code a reader sees after a click."""
    return code(source, count, *outputs, tags=["hide-input"], **metadata)


SET_UP = """# Set up
import numpy as np
from helpers import evidence
from helpers.evidence import about
"""
CLAIM = """# How it was measured
loss = rng.normal(size=5)
evidence.check("loss", loss, above=-9)
evidence.claim(
    "S1-26",
    verdict="broken",
    measured=f"in {loss.size} runs {about(loss.mean())}",
    conditions=[evidence.condition("loss", loss.mean(), above=-9, below=9)],
)"""
REPRODUCTION = """# How it was measured
conditions = [evidence.condition("loss", loss, below=9)]
evidence.reproduction("R05", measured=about(loss), conditions=conditions)"""


def good(change: Callable[[list], object] | None = None, name: str = "practice/demo") -> Page:
    """Make a page that keeps every rule, or one with a change to its cells."""
    cells = [
        v4.new_markdown_cell("(demo)=\n# Does it run?\n\nA question.", id="title"),
        folded(SET_UP, 1),
        code("rng = np.random.default_rng(0)\nrng.normal()", 2, result("0.1", 2)),
        folded("# Draw the figure\ndraw()", 3, v4.new_output("display_data", PNG), **FIGURE),
        folded(CLAIM, 4),
        folded(REPRODUCTION, 5),
        code("1 / 0", 6, v4.new_output("error", ename="E", evalue="e"), tags=["raises-exception"]),
    ]
    if change:
        change(cells)
    notebook = nbformat.from_dict(
        {"cells": cells, "metadata": NOTEBOOK_METADATA, "nbformat": 4, "nbformat_minor": 5}
    )
    text = v4.writes_json(notebook) + "\n"
    return Page(name, text, notebook, LEDGER, frozenset({"numpy", "helpers"}))


def result(text: str, count: int) -> nbformat.NotebookNode:
    """Make the result of a cell."""
    return v4.new_output("execute_result", {"text/plain": text}, execution_count=count)


def source(position: int, text: str) -> Callable[[list], object]:
    """Replace the source of a cell."""
    return lambda cells: cells[position].update(source=text)


def extra(text: str, *outputs: nbformat.NotebookNode, **metadata: object):
    """Append a code cell."""
    return lambda cells: cells.append(code(text, 7, *outputs, **metadata))


def checked(text: str) -> Callable[[list], object]:
    """Append a folded cell of evidence, which may use ``loss``."""
    return lambda cells: cells.append(folded(f"# How it was measured\n{text}", 7))


def claimed(measured: str, before: str = "") -> Callable[[list], object]:
    """Let the claim say something else."""
    old = 'measured=f"in {loss.size} runs {about(loss.mean())}"'
    text = CLAIM.replace(old, f"measured={measured}").replace(
        "evidence.claim", f"{before}\nevidence.claim"
    )
    return source(4, text)


def stream(text: str, name: str = "stdout") -> nbformat.NotebookNode:
    """Make an output stream."""
    return v4.new_output("stream", text=text, name=name)


def show(text: str) -> Callable[[list], object]:
    """Append a cell that prints a text."""
    return extra("print(x)", stream(text))


def stored_as(kind: str, text: str | dict) -> Callable[[list], object]:
    """Append a cell that shows something of this kind."""
    return extra("f()", v4.new_output("display_data", {kind: text}))


def shown_html(text: str) -> Callable[[list], object]:
    """Append a cell that shows HTML."""
    return stored_as("text/html", text)


def figure(position: int = 3, **changes: object) -> Callable[[list], object]:
    """Change what a cell says of its figure."""

    def change(cells: list) -> None:
        settings = cells[position].metadata["mystnb"]
        for name, value in changes.items():
            settings["image" if name == "alt" else "figure"][name] = value

    return change


def second_figure(cells: list) -> None:
    """Append a second figure with the words of the first."""
    cells.append(folded("# Draw\ndraw()", 7, v4.new_output("display_data", PNG), **FIGURE))


ALSO: dict[Callable[[list], object], set[str]] = {}


def also(*others: str) -> Callable[[Callable[[list], object]], Callable[[list], object]]:
    """Say which other rules a change breaks as well."""

    def mark(change: Callable[[list], object]) -> Callable[[list], object]:
        ALSO[change] = set(others)
        return change

    return mark


def folding(position: int = 3, **changes: object) -> Callable[[list], object]:
    """Change how a cell is folded on the site, in JupyterLab or both."""

    def change(cells: list) -> None:
        metadata = cells[position].metadata
        if "label" in changes:
            metadata.setdefault("mystnb", {})["code_prompt_show"] = changes["label"]
        if "hidden" in changes:
            metadata["jupyter"] = {"source_hidden": changes["hidden"]}

    return change


def fold_all(cells: list) -> None:
    """Fold every cell under a label."""
    for position, cell in enumerate(cells):
        if cell.cell_type == "code" and "hide-input" not in cell.metadata.get("tags", []):
            own = cell.metadata.get("tags", [])
            cells[position].update(source=f"# A label\n{cell.source}")
            cell.metadata["tags"] = ["hide-input", *own]
            fold(cell)


def lines(count: int) -> str:
    """Return so many lines of code."""
    return "\n".join(f"x = {i}" for i in range(count))


BAD: dict[str, list[Callable[[list], object]]] = {
    "title_first": [
        lambda cells: cells.insert(1, cells.pop(0)),
        source(0, "## Does it run?"),
        source(0, "(demo)=\n\nDoes it run?"),
        lambda cells: cells.append(v4.new_markdown_cell("# Another title", id="second")),
    ],
    "executed_in_order": [
        lambda cells: cells[2].update(execution_count=5),
        lambda cells: cells[1].update(execution_count=None),
        lambda cells: cells.append(cells.pop(5)),
        lambda cells: cells[2].outputs[0].update(execution_count=9),
        source(6, " \n"),
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
        extra(lines(16)),
        checked(lines(26)),
    ],
    "page_length": [
        lambda cells: cells.extend(code("x", 7 + i) for i in range(28)),
        source(0, "# Title\n" + "word " * 1800),
    ],
    "file_size": [lambda cells: cells[3].outputs[0].data.update({"image/png": "A" * 1_000_000})],
    "normal_form": [
        lambda cells: cells[1].metadata.update(execution={"iopub.status.busy": "2026-01-01"}),
        lambda cells: cells[1].update(id="code-2"),
        also("passive_outputs")(stored_as("application/vnd.jupyter.widget-view+json", {})),
    ],
    "figures_described": [
        figure(alt=""),
        figure(caption=" "),
        figure(name=None),
        figure(alt="The loss in 10 epochs: it falls."),
        also("folded_with_a_label")(lambda cells: cells[3].metadata.pop("mystnb")),
        lambda cells: cells[3].outputs.append(v4.new_output("display_data", PNG)),
        also("passive_outputs")(
            lambda cells: cells[3].outputs[0].update(data={"image/svg+xml": "<svg/>"})
        ),
        second_figure,
    ],
    "evidence_in_ledger": [
        checked('evidence.claim("S9-99", verdict="holds", conditions=conditions, measured="x")'),
        also("ledger_settled")(
            checked('evidence.claim("R05", verdict="holds", conditions=conditions, measured="x")')
        ),
        also("ledger_settled")(
            checked('evidence.reproduction("S1-26", conditions=conditions, measured="x")')
        ),
        checked('evidence.claim(which, verdict="holds", conditions=conditions, measured="x")'),
        checked('evidence.claim("S1-27", verdict="holds", conditions=conditions, measured="x")'),
        source(4, CLAIM.replace("broken", "holds")),
    ],
    "ledger_settled": [
        source(4, CLAIM.partition("evidence.claim")[0]),
        source(5, REPRODUCTION.partition("evidence.reproduction")[0]),
        source(4, CLAIM.replace("\n", "\n# ").replace("# loss", "loss")),
        checked('evidence.reproduction("R05", conditions=conditions, measured="again")'),
    ],
    "no_ignored_output": [
        also("folded_with_a_label")(extra("f()", tags=["nbval-ignore-output"])),
        also("folded_with_a_label")(extra("f()", tags=["nbval-skip"])),
        extra("# NBVAL_IGNORE_OUTPUT\nf()"),
        extra("# NBVAL_SKIP\nf()"),
    ],
    "plain_python": [
        extra("%matplotlib inline"),
        extra("!pip list"),
        extra("draw(x);"),
        extra("f(\n    1,\n)  # fmt: skip"),
    ],
    "no_global_randomness": [
        extra("np.random.seed(0)"),
        extra("x = np.random.randn(3)"),
        source(1, SET_UP + "import random\nrandom.random()"),
        extra("torch.manual_seed(0)"),
        extra("torch.cuda.manual_seed_all(0)"),
        extra("keras.utils.set_random_seed(0)"),
        *(
            extra(f"x = torch.{name}(3)")
            for name in (
                *("rand", "randn", "randint", "randperm", "normal", "bernoulli", "multinomial"),
                *("set_rng_state", "manual_seed"),
            )
        ),
        *(
            extra(f"w.{law}_(0)")
            for law in ("normal", "trunc_normal", "uniform", "bernoulli", "exponential", "random")
        ),
    ],
    "imports_declared": [
        source(1, SET_UP + "import pandas"),
        source(1, SET_UP + "from sklearn.svm import SVC"),
    ],
    "folded_with_a_label": [
        folding(label="Another label"),
        folding(hidden=False),
        folding(2, hidden=True),
        folding(2, label="A label"),
        source(3, "draw()"),
        source(3, "#\ndraw()"),
        source(3, "# Another label\ndraw()"),
        extra("f()", tags=["helper"]),
        extra("f()", tags=["hide-cell"]),
        extra("f()", tags=["remove-input"]),
    ],
    "one_caption": [
        lambda cells: (
            source(3, CLAIM.replace("How it was measured", "Draw the figure"))(cells),
            source(4, '# How it was measured\nevidence.check("again", loss, above=-9)')(cells),
        ),
    ],
    "one_set_up": [
        also("folded_with_a_label")(source(1, SET_UP.replace("Set up", "Imports"))),
        also("folded_with_a_label")(source(1, SET_UP.partition("\n")[2])),
        lambda cells: cells[1].metadata.clear(),
        extra("import numpy as np"),
        checked("if True:\n    from numpy import pi"),
    ],
    "subject_visible": [
        lambda cells: cells[6].update(source="ax.plot(x)\nprint(x)"),
        extra("ax.set(y=1)\naxes[i].grid()\nfigure.text(0, 0, x)\nplotting.curves(x)"),
        lambda cells: cells.extend(code(lines(9), 7 + i) for i in range(3)),
        fold_all,
    ],
    "evidence_folded": [
        extra('evidence.check("loss", loss, above=-9)'),
        extra("f()\nplt.show()"),
        extra("figure, ax = plt.subplots()\nf()\ng()\nh()"),
    ],
    "names_not_positions": [
        extra("x = loss.reshape(2, 3)"),
        extra("x = loss.T"),
        extra("x = np.transpose(loss)"),
        extra("x = loss.swapaxes(0, 1)"),
        extra("x = loss.permute(1, 0)"),
        extra("x = loss[0]"),
        extra("x = loss[-1]"),
        extra("x = loss[:2]"),
        extra("x = loss[:, None]"),
        extra("x = loss[a, b]"),
        extra("# the first\nx = loss[0]"),
    ],
    "checks_can_fail": [
        checked('evidence.check("1.1^50", 1.1**50, 117, 1)'),
        checked('year = 2010\nevidence.check("the year", year, 2010)'),
        checked('evidence.check("relu(-1)", np.maximum(-1, 0), 0)'),
        checked('evidence.check("the power", value=1.1**50, above=100)'),
        checked('evidence.condition("the power", 1.1**50, above=100)'),
        checked('evidence.check("itself", loss.mean(), loss.mean(), 0.1)'),
        checked('evidence.check("itself", loss, below=loss)'),
        checked('def hold(v):\n    evidence.check("it", v, 1)\n\n\nhold(1.1**50)'),
        checked('loss = 3\nevidence.check("loss", loss, above=-9)'),
    ],
    "measured_by_about": [
        claimed("about(0.31)"),
        claimed('f"from {evidence.about(scale)}"', "scale = 0.7"),
        claimed('f"{loss.mean():.2f}"'),
        claimed('f"{loss.mean():.0%}"'),
        *(claimed(f'f"{{loss.mean():{form}}}"') for form in "eEfF%"),
        claimed("text", 'text = f"{loss.mean():.2e}"'),
        checked('evidence.check(f"of {loss.max():.1f}", loss, above=-9)'),
    ],
    "numbers_shown": [
        checked('evidence.check("it is so", loss)'),
        checked('evidence.check("it is so", loss.mean() < 9)'),
        checked('evidence.check("it is so", loss.mean() < 9, True)'),
        checked('evidence.check("it is so", np.all(loss < 9), 1)'),
        checked('evidence.check("it is so", (loss < 9).all().item(), above=0)'),
        checked('evidence.check("it is so", loss.max() < 9 and loss.min() > -9, 1)'),
        checked('evidence.check("it is so", not loss.any(), 1)'),
        checked('held = loss < 9\nevidence.check("it is so", held, True)'),
        checked('evidence.check("it is so", value=min(loss < 9), expected=True)'),
    ],
    "verdicts_rest_on_conditions": [
        source(4, CLAIM.replace("conditions=[", "holds=[")),
        source(5, REPRODUCTION.replace("conditions=conditions", "holds=True")),
        claimed('"0.31"'),
        claimed('f"a loss of 2.3 and {about(loss)}"'),
        claimed('"a loss of " + "2.3"'),
        claimed("text", 'text = "a loss"\ntext += " of 2.3"'),
        claimed('"; ".join(parts)', 'parts = [f"a loss of 2.3, {about(loss)}"]'),
    ],
    "passive_text": [
        source(0, "# Title\n\n<script>alert(1)</script>"),
        source(0, "# Title\n\nA <b onclick='alert(1)'>word</b>"),
        source(0, "# Title\n\n<!-- a note -->"),
        source(0, "# Title\n\n{term}`a <b>` and <iframe src=a></iframe>"),
        source(0, "# Title\n\n{{ cycler.__init__.__globals__ }}"),
        source(0, "# Title\n\n```{raw} html\n&lt;\n```"),
        source(0, "# Title\n\n> - :::{raw} html\n> :::"),
        source(0, "# Title\n\n:::{admonition} A\n```{include} /etc/hosts\n```\n:::"),
        source(0, "# Title\n\n{download}`the file <hosts>`"),
        source(0, "# Title\n\n[here](javascript:alert(1))"),
        source(0, "# Title\n\n[here](java&#115;cript:alert)"),
        source(0, "# Title\n\n[here](/etc/hosts)"),
        source(0, "# Title\n\n[here][a]\n\n> [a]: data:text/html,x"),
        source(0, "# Title\n\n$\\href{JavaScript :alert(1)}{x}$"),
    ],
    "passive_outputs": [
        *map(
            shown_html,
            (
                "<script>1</script>",
                "<SCRIPT/SRC=a>",
                "<p>a</p><script src=a",
                "<iframe src='https://example.org'></iframe>",
                "<p onclick='f()'>a</p>",
                "<img src=x onerror=f()>",
                "<a href='javascript:f()'>a</a>",
                "<style>p {background: url(a)}</style>",
                "<style>@import 'a';</style>",
                "<p style='background: URL (a)'>a</p>",
                "<svg><set attributeName='x'/></svg>",
                "<form action=a><button>a</button></form>",
                "<meta http-equiv=refresh>",
                "<!-- <p> -->",
                "<!doctype html>",
                "<?xml?>",
                "<![CDATA[a]]>",
            ),
        ),
        stored_as("application/javascript", "1"),
        also("figures_described")(stored_as("image/svg+xml", "<svg/>")),
        stored_as("text/markdown", "<script>"),
        stored_as("text/latex", r"$\href{javascript:f()}{a}$"),
    ],
    "plain_cells": [
        lambda cells: cells.append(v4.new_raw_cell("<script>", id="raw")),
        lambda cells: cells[0].update(attachments={"a.png": PNG}),
    ],
    "runs_no_programs": [
        *(
            source(1, f"{SET_UP}{line}")
            for line in (
                "import subprocess",
                "from subprocess import run",
                "import os.path",
                "import os as o",
                "from os import system",
                "import importlib.util",
                "import urllib.request",
                "import ctypes",
            )
        ),
        extra("os.system('ls')"),
        extra("os.remove('a')"),
        extra("f = os.popen"),
        extra("np.os.execv('ls', [])"),
        extra("open('a')"),
        extra("__import__('subprocess')"),
        extra("get_ipython()"),
    ],
    "approximate_sign": [
        source(0, "# Does it run?\n\nThe loss is \u22480.31."),
        extra("f()  # \u22480.31"),
        claimed('f"\u2248{loss.mean()}"'),
    ],
}


@pytest.mark.parametrize("rule", RULES, ids=lambda rule: rule.__name__)
@pytest.mark.parametrize("name", NAMES)
def test_chapter_keeps_rule(name: str, rule: Callable[[Page], list[str]]) -> None:
    faults = rule(stored(name))
    assert not faults, "\n".join([f"{name}: {rule.__doc__}", *faults])


def broken(page: Page) -> set[str]:
    """Return the names of the rules that a page breaks."""
    return {rule.__name__ for rule in RULES if rule(page)}


def test_a_good_page_keeps_every_rule() -> None:
    assert broken(good()) == set()


@pytest.mark.parametrize("name", BAD)
def test_a_bad_page_breaks_the_rule_that_it_is_meant_to_break_and_no_other(name: str) -> None:
    for number, change in enumerate(BAD[name]):
        found = broken(good(change))
        assert found == {name} | ALSO.get(change, set()), f"bad page {number} breaks {found}"


def test_every_rule_has_a_bad_page() -> None:
    assert {rule.__name__ for rule in RULES} == {*BAD}


@pytest.mark.parametrize(
    ("source", "label"),
    [
        ("# Set up\nimport numpy", "Set up"),
        ("\n#  Draw the figure \ndraw()", "Draw the figure"),
        ("draw()  # Draw", None),
        ("#\ndraw()", None),
        ("", None),
        ("x = 1\n# Set up", None),
        ("## Two signs", "# Two signs"),
    ],
)
def test_a_label_is_the_comment_in_the_first_line(source: str, label: str | None) -> None:
    assert label_of(v4.new_code_cell(source)) == label


@pytest.mark.parametrize(
    ("rule", "fill", "limit"),
    [
        (page_length, lambda n: lambda cells: cells.extend(code("x", 7 + i) for i in range(n)), 26),
        (page_length, lambda n: source(0, "# Title\n" + "word " * n), 1799),
        (cell_length, lambda n: extra(lines(n)), 15),
        (cell_length, lambda n: checked(lines(n)), 25),
        (subject_visible, lambda n: extra("f()\n" * 6 + "plt.f()\n" * n), 6),
        (
            subject_visible,
            lambda n: lambda cells: cells.extend(code(lines(n), 7 + i) for i in range(4)),
            8,
        ),
    ],
)
def test_a_limit_may_be_reached_and_not_passed(
    rule: Callable[[Page], list[str]], fill: Callable[[int], Callable], limit: int
) -> None:
    assert rule(good(fill(limit))) == []
    assert rule(good(fill(limit + 1))) != []


def test_a_file_has_less_than_a_megabyte() -> None:
    page = good(source(0, "# An ö has two bytes"))
    space = 1_000_000 - len(page.text.encode())
    assert file_size(replace(page, text=page.text + " " * (space - 1))) == []
    assert file_size(replace(page, text=page.text + " " * space)) != []


def test_another_layout_of_the_file_is_found() -> None:
    page = good()
    faults = normal_form(replace(page, text=page.text.replace("\n ", "\n  ")))
    assert faults == ["the file is not laid out as make notebooks does"]


def test_a_cell_without_an_id_is_found() -> None:
    page = good()
    faults = normal_form(replace(page, text=page.text.replace('"id": "title"', '"id": ""')))
    assert faults[0] == "cell ids are missing or not unique: ['']"


def test_stable_outputs_are_not_taken_for_paths() -> None:
    page = good(show("lr/tmp/a, ./home/b, 50% of 7 it, https://example.org/usr/c"))
    assert stable_outputs(page) == []


def test_another_format_of_the_file_is_found() -> None:
    page = good()
    for text in ('"nbformat_minor": 5', '"nbformat": 4'):
        faults = plain_cells(replace(page, text=page.text.replace(text, text[:-1] + "9")))
        assert len(faults) == 1
        assert "not 4.5" in faults[0]


def test_passive_content_is_not_taken_for_active() -> None:
    table = "<table class='a'><tr><td style='color: red'>1 &lt; 2 &amp; &lt;b&gt;</td></tr></table>"
    prose = (
        "# Title\n\n{term}`the law <law of He>`, $a < b$, {cite:p}`he2015`, `x < y`\n\n"
        "[a](../part/page.ipynb#label) [b](#label) [c](https://example.org/a?b=c&d=e) "
        "[d](helpers.audit.audit) <https://example.org>\n\n```{math}\nx < 1\n```\n\n"
        ":::{admonition} Predict\n:class: dropdown\nIt once = 1.\n:::\n\n[^1]: A note, too."
    )
    page = good(lambda cells: (source(0, prose)(cells), shown_html(table)(cells)))
    assert [fault for rule in CONTENT_RULES for fault in rule(page)] == []


def test_good_code_is_not_taken_for_bad() -> None:
    page = good(
        extra(
            "# a comment is not code\n"
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
        "not it's. <!-- a note\nfor us -->\n\nSet `depth=30&law=normal` here."
    )
    assert words(markdown) == 2 + 2 + 5 + 2 + 2


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
