"""What a chapter's notebook must look like: one function a rule, each returns what it found.

A rule takes a Page and returns one line for each fault; no line means that the rule is kept.
tests/test_notebooks.py applies all RULES to all chapters, and each of them to a bad notebook.
"""

from __future__ import annotations

import json
import re
from collections import Counter
from collections.abc import Callable

import nbformat
from nbformat import v4

from tools.code_rules import (
    evidence_in_ledger,
    imports_declared,
    ledger_settled,
    no_global_randomness,
    plain_python,
)
from tools.content_rules import CONTENT_RULES
from tools.evidence_rules import EVIDENCE_RULES
from tools.form_rules import FORM_RULES
from tools.notebooks import CELL_METADATA, NOTEBOOK_METADATA, WIDGET_VIEW
from tools.page import Page, tags, words

Rule = Callable[[Page], list[str]]

CODE_CELLS, WORDS, BYTES = 32, 1800, 1_000_000
UNSTABLE = {
    "a memory address": r"\bat 0x[0-9a-f]{6,}",
    "a path of this machine": r"(?<![\w./])/(?:home|root|Users|tmp|work|usr|var)/|[A-Z]:\\Users",
    "a progress bar": r"\d+%\|| ?it/s\b|\bs/it\b",
    "a warning": r"\b\w*Warning:",
}


def title_first(page: Page) -> list[str]:
    """Check that the first cell begins with the page's only heading of level one."""
    faults = []
    first = page.notebook.cells[0] if page.notebook.cells else None
    lines = first.source.strip().splitlines() if first and first.cell_type == "markdown" else []
    while lines and re.fullmatch(r"\([\w-]+\)=|", lines[0].strip()):
        lines = lines[1:]
    if not (lines and re.match(r"# \S", lines[0])):
        faults.append("cell 1 does not begin with a heading of level one")
    prose = "\n".join(c.source for c in page.notebook.cells if c.cell_type == "markdown")
    headings = re.findall(r"^# \S", re.sub(r"(?ms)^(`{3,}|~{3,}).*?^\1", "", prose), flags=re.M)
    if len(headings) > 1:
        faults.append(f"{len(headings)} headings of level one")
    return faults


def executed_in_order(page: Page) -> list[str]:
    """Check that every code cell has code and was executed, from 1 on, without a gap."""
    faults = []
    for expected, (position, cell) in enumerate(page.code, start=1):
        if not cell.source.strip():
            faults.append(f"cell {position} is empty")
        if cell.execution_count != expected:
            faults.append(f"cell {position} has count {cell.execution_count}, not {expected}")
        faults += [
            f"cell {position}: its result has count {output.execution_count}"
            for output in cell.outputs
            if output.output_type == "execute_result" and output.execution_count != expected
        ]
    return faults


def no_error(page: Page) -> list[str]:
    """Check that errors are stored where they are meant, and only there."""
    faults = []
    for position, cell in page.code:
        failed = any(output.output_type == "error" for output in cell.outputs)
        if failed and "raises-exception" not in tags(cell):
            faults.append(f"cell {position} stores an error")
        if not failed and "raises-exception" in tags(cell):
            faults.append(f"cell {position} is tagged raises-exception and raises nothing")
    return faults


def no_stderr(page: Page) -> list[str]:
    """Check that nothing is stored that was written to the error stream."""
    return [
        f"cell {position} stores stderr: {output.text.strip()[:80]}"
        for position, _, output in page.outputs
        if output.output_type == "stream" and output.name == "stderr"
    ]


def stable_outputs(page: Page) -> list[str]:
    """Check that no output shows an address, a path, a progress bar or a warning."""
    faults = []
    for position, _, output in page.outputs:
        texts = [output.get("text", "")]
        texts += [v for k, v in output.get("data", {}).items() if not k.startswith("image/")]
        for what, pattern in UNSTABLE.items():
            if any(re.search(pattern, str(text)) for text in texts):
                faults.append(f"cell {position} stores {what}")
    return faults


def page_length(page: Page) -> list[str]:
    """Check that a page has 32 code cells and 1,800 words of prose at most."""
    cells = sum(1 for _ in page.code)
    count = sum(words(c.source) for c in page.notebook.cells if c.cell_type == "markdown")
    faults = [] if cells <= CODE_CELLS else [f"{cells} code cells; {CODE_CELLS} are allowed"]
    return faults + ([] if count <= WORDS else [f"{count} words; {WORDS} are allowed"])


def file_size(page: Page) -> list[str]:
    """Check that the file has less than a megabyte."""
    size = len(page.text.encode())
    return [] if size < BYTES else [f"{size:,} bytes; fewer than {BYTES:,} are allowed"]


def normal_form(page: Page) -> list[str]:
    """Check that the file is what "make notebooks" writes, and nothing in it varies."""
    faults, notebook = [], page.notebook
    if notebook.metadata != nbformat.from_dict(NOTEBOOK_METADATA):
        faults.append(f"the notebook's metadata are {dict(notebook.metadata)}")
    for position, cell in enumerate(notebook.cells, start=1):
        if extra := set(cell.metadata) - CELL_METADATA:
            faults.append(f"cell {position} has the metadata {', '.join(sorted(extra))}")
    ids = Counter(cell.get("id") for cell in json.loads(page.text)["cells"])
    if repeated := [key for key, count in ids.items() if count > 1 or not key]:
        faults.append(f"cell ids are missing or not unique: {repeated}")
    if any(WIDGET_VIEW in output.get("data", {}) for _, _, output in page.outputs):
        faults.append("a widget's state is stored")
    if page.text != v4.writes_json(notebook).rstrip("\n") + "\n":
        faults.append("the file is not laid out as make notebooks does")
    return faults


def figures_described(page: Page) -> list[str]:
    """Check that a picture has alt text, a caption and a name, all of them different."""
    faults, seen = [], Counter()
    for position, cell in page.code:
        kinds = [k for output in cell.outputs for k in output.get("data", {}) if k[:6] == "image/"]
        if not kinds:
            continue
        if kinds != ["image/png"]:
            faults.append(f"cell {position} shows {kinds}, not one PNG")
        settings = cell.metadata.get("mystnb", {})
        figure = settings.get("figure", {})
        texts = {"alt text": settings.get("image", {}).get("alt"), "caption": figure.get("caption")}
        for what, text in (texts | {"name": figure.get("name")}).items():
            if not (text or "").strip():
                faults.append(f"cell {position} shows a picture without {what}")
            else:
                seen[text.strip().casefold()] += 1
    return faults + [f"used twice: {text!r}" for text, count in seen.items() if count > 1]


def no_ignored_output(page: Page) -> list[str]:
    """Check that no cell keeps its outputs from being compared or itself from being run."""
    marks = re.compile(r"#\s*NBVAL_(?:IGNORE_OUTPUT|SKIP)|#\s*PYTEST_VALIDATE_IGNORE_OUTPUT")
    return [
        f"cell {position} is not compared"
        for position, cell in page.code
        if {"nbval-ignore-output", "nbval-skip", "skip-execution"} & set(tags(cell))
        or marks.search(cell.source)
    ]


RULES: tuple[Rule, ...] = (
    title_first,
    executed_in_order,
    no_error,
    no_stderr,
    stable_outputs,
    page_length,
    file_size,
    normal_form,
    figures_described,
    evidence_in_ledger,
    ledger_settled,
    no_ignored_output,
    plain_python,
    no_global_randomness,
    imports_declared,
    *FORM_RULES,
    *EVIDENCE_RULES,
    *CONTENT_RULES,
)
