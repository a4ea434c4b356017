"""The rules for evidence: it shows what was measured, and could have failed."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator

from tools.flow import Flow
from tools.page import Page, calls, dotted

BOUNDS = {"expected", "above", "below"}
WRAPPERS = {"all", "any", "bool", "item", "min", "max"}
PRECISION = re.compile(r"\.\d|[ef%]$", re.IGNORECASE)


def checks_can_fail(page: Page) -> list[str]:
    """Check that what is held to a bound comes from data, or from a random draw."""
    trees = list(page.trees)
    seen = Flow(trees).seen
    faults = []
    for position, call in _held(trees):
        given = _given(call)
        measured = dict(zip(given, seen.get(call, []), strict=False))
        if not measured.get("value"):
            text = _words(call)
            faults.append(f"cell {position}: {text} cannot fail: no data, no random draw in it")
        bounds = [ast.dump(bound) for name, bound in given.items() if name in BOUNDS]
        if "value" in given and ast.dump(given["value"]) in bounds:
            faults.append(f"cell {position}: {_words(call)} is held to itself")
    return faults


def measured_by_about(page: Page) -> list[str]:
    """Check that ``about`` writes what was measured, and nothing else writes digits of it."""
    trees = list(page.trees)
    flow = Flow(trees)
    faults = []
    for position, tree in trees:
        for call in calls(tree):
            name = dotted(call.func)
            if name in ("about", "evidence.about") and not any(flow.seen.get(call, [])[:1]):
                faults.append(f"cell {position}: {ast.unparse(call)} was not measured")
            for part in _said(call, tree) if name.startswith("evidence.") else ():
                if part in flow.formatted and PRECISION.search(_format(part)):
                    faults.append(f"cell {position}: {ast.unparse(part)} was measured: use about")
    return list(dict.fromkeys(faults))


def numbers_shown(page: Page) -> list[str]:
    """Check that evidence gets numbers and bounds, not the truth value of a comparison."""
    faults = []
    for position, call in _held(list(page.trees)):
        given = _given(call)
        expected = given.get("expected")
        truth = isinstance(expected, ast.Constant) and isinstance(expected.value, bool)
        compared = "value" in given and any(map(_is_comparison, _outer(given["value"])))
        if compared or truth or not BOUNDS & set(given):
            text = _words(call)
            faults.append(f"cell {position}: {text} hides what was measured behind a truth value")
    return faults


def verdicts_rest_on_conditions(page: Page) -> list[str]:
    """Check that a verdict rests on conditions, and its card takes every number from a variable."""
    faults = []
    for position, tree in page.trees:
        for call in calls(tree):
            if dotted(call.func) not in ("evidence.claim", "evidence.reproduction"):
                continue
            given = {keyword.arg: keyword.value for keyword in call.keywords}
            if "conditions" not in given:
                faults.append(f"cell {position}: {_words(call)} rests on no conditions")
            for part in _said(given.get("measured", ast.Constant("")), tree):
                typed = part.value if isinstance(part, ast.Constant) else None
                if isinstance(typed, str) and re.search(r"\d", typed):
                    faults.append(f"cell {position}: {_words(call)} has a typed number: {typed!r}")
    return list(dict.fromkeys(faults))


def approximate_sign(page: Page) -> list[str]:
    """Check that the sign for a measured number is written by evidence alone."""
    return [
        f"cell {position} has the sign \u2248, which only measured numbers have"
        for position, cell in enumerate(page.notebook.cells, start=1)
        if "\u2248" in cell.source
    ]


def _held(trees: list[tuple[int, ast.Module]]) -> Iterator[tuple[int, ast.Call]]:
    """Yield every check and condition, with its cell's position."""
    for position, tree in trees:
        for call in calls(tree):
            if dotted(call.func) in ("evidence.check", "evidence.condition"):
                yield position, call


def _given(call: ast.Call) -> dict[str, ast.expr]:
    """Return what a check or condition gets, by the names of its parameters, in order."""
    names = ("statement", "value", "expected", "tolerance")
    given = dict(zip(names, call.args, strict=False))
    return given | {str(each.arg): each.value for each in call.keywords}


def _words(call: ast.Call) -> str:
    """Return the statement or the id of a call of evidence."""
    return ast.unparse(call.args[0]) if call.args else "?"


def _outer(value: ast.expr) -> Iterator[ast.expr]:
    """Yield a value, and what stands in calls such as ``np.all`` and ``.item()`` around it."""
    yield value
    if isinstance(value, ast.Call) and dotted(value.func).rpartition(".")[2] in WRAPPERS:
        inner = [value.func.value] if isinstance(value.func, ast.Attribute) else []
        for each in [*inner, *value.args]:
            yield from _outer(each)


def _is_comparison(value: ast.expr) -> bool:
    negated = isinstance(value, ast.UnaryOp) and isinstance(value.op, ast.Not)
    return negated or isinstance(value, ast.Compare | ast.BoolOp)


def _said(text: ast.expr, tree: ast.Module) -> Iterator[ast.AST]:
    """Yield the parts of a text, and of what its names are set to in the cell."""
    parts = list(_spoken(text))
    names = {node.id for node in parts if isinstance(node, ast.Name)}
    for node in ast.walk(tree):
        if isinstance(node, ast.Assign | ast.AugAssign):
            targets = node.targets if isinstance(node, ast.Assign) else [node.target]
            if names & {each.id for each in targets if isinstance(each, ast.Name)}:
                parts += _spoken(node.value)
    yield from parts


def _spoken(text: ast.AST) -> Iterator[ast.AST]:
    """Yield the parts of a text, but not what stands in the braces."""
    yield text
    if not isinstance(text, ast.FormattedValue):
        for part in ast.iter_child_nodes(text):
            yield from _spoken(part)


def _format(value: ast.FormattedValue) -> str:
    """Return the format in the braces, such as ``.2f``."""
    parts = value.format_spec.values if value.format_spec else []
    return "".join(part.value for part in parts if isinstance(part, ast.Constant))


EVIDENCE_RULES = (
    checks_can_fail,
    measured_by_about,
    numbers_shown,
    verdicts_rest_on_conditions,
    approximate_sign,
)
