"""An audit's report as text, on lines no longer than asked."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from functools import partial
from itertools import zip_longest
from textwrap import wrap
from typing import TYPE_CHECKING

from helpers.audit.records import Finding
from helpers.audit.report.words import HEADINGS, NUMBERS, code_of, layers_of, sentence

if TYPE_CHECKING:
    from helpers.audit.report.report import Report

SHOWN = 40
"""Of a model with more layers than this the table has the first and the last ones."""
_LINE = 100
_NARROWEST = 40
_GAP = "  "

_wrap = partial(wrap, break_on_hyphens=False)


def text(report: Report, width: int | None = None) -> str:
    """Return a report as text; without a width the table is as wide as its cells."""
    if width is not None:
        width = max(width, _NARROWEST)
    head = report.summary() if width is None else "\n".join(_wrap(report.summary(), width))
    table = _table(_shortened(report.rows()), width)
    found = [_paragraph(finding, min(width or _LINE, _LINE)) for finding in report.findings]
    return "\n\n".join(part for part in (head, *table, *found) if part)


def _shortened(rows: list[tuple[str, ...]]) -> list[tuple[str, ...]]:
    if len(rows) <= SHOWN:
        return rows
    left_out = f"... {len(rows) - SHOWN} more layers: report.layers"
    empty = [""] * (len(HEADINGS) - 1)
    return [*rows[: SHOWN // 2], (left_out, *empty), *rows[-SHOWN // 2 :]]


def _table(rows: Sequence[tuple[str, ...]], width: int | None) -> Iterator[str]:
    """Yield the table, in as many parts as the width needs; each begins with the layers' names."""
    columns = [column for column in zip(HEADINGS, *rows, strict=True) if any(column[1:])]
    if not columns:
        return
    names = _cells(columns[0], width and 2 * width // 5)
    part = [names]
    for column in columns[1:]:
        cells = _cells(column, width and width - _width(part[:1]) - len(_GAP))
        if width and _width([*part, cells]) > width:
            yield _joined(part)
            part = [names]
        part.append(cells)
    yield _joined(part)


def _cells(column: Sequence[str], width: int | None) -> list[list[str]]:
    """Return each cell of a column as its lines, all of one length."""
    cells = [(_wrap(cell, width) or [""]) if width else [cell] for cell in column]
    longest = max(len(line) for cell in cells for line in cell)
    pad = str.rjust if column[0] in NUMBERS.values() else str.ljust
    return [[pad(line, longest) for line in cell] for cell in cells]


def _width(part: Sequence[list[list[str]]]) -> int:
    """Return the width of columns side by side."""
    return len(_GAP.join(cells[0][0] for cells in part))


def _joined(part: Sequence[list[list[str]]]) -> str:
    """Return columns side by side, with a rule below the headings."""
    lines = []
    for row in zip(*part, strict=True):
        blank = [" " * len(cell[0]) for cell in row]
        for pieces in zip_longest(*row):
            lines.append(_GAP.join(p or b for p, b in zip(pieces, blank, strict=True)).rstrip())
    lines.insert(1, "-" * max(map(len, lines)))
    return "\n".join(lines)


def _paragraph(finding: Finding, width: int) -> str:
    """Return a finding as lines of text; only code and links may be longer than the width."""
    head = f"{finding.gravity.upper()}  {finding.principle}: {layers_of(finding)}".rstrip(": ")
    indent = " " * 4
    lines = _wrap(head, width, subsequent_indent=indent)
    lines += _wrap(sentence(finding), width, initial_indent=indent, subsequent_indent=indent)
    for number, line in enumerate(code_of(finding)):
        lines.append(f"{indent}{'' if number else 'mend:':6}{line}")
    return "\n".join([*lines, f"{indent}why:  {finding.link}"])
