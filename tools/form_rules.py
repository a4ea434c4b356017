"""The rules for what a reader sees of a chapter's code: the subject, and nothing but names.

A visible cell holds the subject: the network, the experiment, the formula. What sets up, draws or
checks is folded, with a label. A folded cell has the tag "hide-input" and begins with its label as
a comment; "make notebooks" writes from these what the site and JupyterLab need.
"""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from statistics import median

from nbformat import NotebookNode

from tools.page import Page, calls, dotted, tags

VISIBLE_LINES, FOLDED_LINES, MEDIAN_LINES, SUBJECT_SHARE = 15, 25, 8, 0.6
FOLDED, SET_UP = "hide-input", "Set up"
POSITIONS = {"reshape", "transpose", "swapaxes", "moveaxis", "movedim", "permute", "T", "mT"}
PLUMBING = re.compile(
    r"\b(?:(?:plt|plotting|evidence|ax|axes|figure)\b[.\[]|(?:tqdm|print|display)\()"
)


def is_folded(cell: NotebookNode) -> bool:
    """Say whether a reader sees the cell's code only after a click."""
    return FOLDED in tags(cell)


def label_of(cell: NotebookNode) -> str | None:
    """Return the label of a folded cell: the comment in its first line."""
    first = cell.source.strip().partition("\n")[0]
    return first.removeprefix("#").strip() or None if first.startswith("#") else None


def code_lines(source: str) -> list[str]:
    """Return the lines that are neither empty nor a comment."""
    lines = (line.strip() for line in source.splitlines())
    return [line for line in lines if line and not line.startswith("#")]


def visible(page: Page) -> Iterator[tuple[int, NotebookNode]]:
    """Position and cell of every visible code cell."""
    return ((position, cell) for position, cell in page.code if not is_folded(cell))


def cell_length(page: Page) -> list[str]:
    """Check that a visible cell has 15 lines of code at most, and a folded one 25."""
    faults = []
    for position, cell in page.code:
        count = len(code_lines(cell.source))
        limit = FOLDED_LINES if is_folded(cell) else VISIBLE_LINES
        if count > limit:
            faults.append(f"cell {position} has {count} lines of code; {limit} are allowed")
    return faults


def folded_with_a_label(page: Page) -> list[str]:
    """Check that a folded cell has a label, and is folded on the site and in JupyterLab alike."""
    faults = []
    for position, cell in page.code:
        if set(tags(cell)) - {FOLDED, "raises-exception"}:
            faults.append(f"cell {position} has the tags {tags(cell)}")
        label = label_of(cell) if is_folded(cell) else None
        if is_folded(cell) and label is None:
            faults.append(f"cell {position} is folded and does not begin with its label")
        hidden = cell.metadata.get("jupyter", {}).get("source_hidden", False)
        shown = cell.metadata.get("mystnb", {}).get("code_prompt_show")
        if (hidden, shown) != (is_folded(cell), label):
            faults.append(f"cell {position}: run make notebooks, which folds by tag and label")
    return faults


def one_set_up(page: Page) -> list[str]:
    """Check that the first code cell, folded, has all imports of the page."""
    faults = []
    for number, (position, cell) in enumerate(page.code):
        if number == 0 and (not is_folded(cell) or label_of(cell) != SET_UP):
            faults.append(f"cell {position}, the first of code, is not folded as {SET_UP!r}")
        imports = any(
            isinstance(node, ast.Import | ast.ImportFrom)
            for tree_position, tree in page.trees
            if tree_position == position
            for node in ast.walk(tree)
        )
        if number > 0 and imports:
            faults.append(f"cell {position} imports; the first cell does that for all")
    return faults


def subject_visible(page: Page) -> list[str]:
    """Check that what is visible is mostly subject, in cells of eight lines or fewer as a rule."""
    cells = [code_lines(cell.source) for _, cell in visible(page)]
    lines = [line for cell in cells for line in cell]
    if not lines:
        return ["no code cell is visible"]
    faults = []
    share = sum(not PLUMBING.search(line) for line in lines) / len(lines)
    if share < SUBJECT_SHARE:
        faults.append(f"{share:.0%} of the visible lines are subject; {SUBJECT_SHARE:.0%} must be")
    if (middle := median(map(len, cells))) > MEDIAN_LINES:
        faults.append(f"the median visible cell has {middle:g} lines; {MEDIAN_LINES} are allowed")
    return faults


def evidence_folded(page: Page) -> list[str]:
    """Check that figures and evidence stand in folded cells."""
    seen = dict(visible(page))
    return [
        f"cell {position} is visible and calls {dotted(call.func)}"
        for position, tree in page.trees
        if position in seen
        for call in calls(tree)
        if dotted(call.func).split(".")[0] in {"evidence", "plt"}
    ]


def one_caption(page: Page) -> list[str]:
    """Check that a cell with a figure shows no card, which would get the caption, too."""
    drawn = {p for p, cell in page.code if "figure" in cell.metadata.get("mystnb", {})}
    return [
        f"cell {position} draws a figure and calls {dotted(call.func)}: use two cells"
        for position, tree in page.trees
        if position in drawn
        for call in calls(tree)
        if dotted(call.func) in {"evidence.claim", "evidence.reproduction"}
    ]


def names_not_positions(page: Page) -> list[str]:
    """Check that a visible line has no reordering of axes, and no index without a comment."""
    seen = dict(visible(page))
    faults = []
    for position, tree in page.trees:
        if position not in seen:
            continue
        lines = seen[position].source.splitlines()
        for node in ast.walk(tree):
            if isinstance(node, ast.Attribute) and node.attr in POSITIONS:
                faults.append(f"cell {position} shows .{node.attr}: use names of dimensions")
            if (
                isinstance(node, ast.Subscript)
                and _by_position(node.slice)
                and not any("#" in line for line in lines[node.lineno - 1 : node.end_lineno])
            ):
                faults.append(f"cell {position}: {ast.unparse(node)} needs a comment, or names")
    return faults


def _by_position(index: ast.expr) -> bool:
    """Say whether an index is a number, a slice or several of them."""
    if isinstance(index, ast.UnaryOp):
        index = index.operand
    if isinstance(index, ast.Tuple | ast.Slice):
        return True
    return isinstance(index, ast.Constant) and isinstance(index.value, int)


FORM_RULES = (
    cell_length,
    folded_with_a_label,
    one_caption,
    one_set_up,
    subject_visible,
    evidence_folded,
    names_not_positions,
)
