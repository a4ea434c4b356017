"""The rules for evidence: it shows what was measured, and could have failed."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator

from tools.page import Page, calls, dotted

SOURCES = frozenset(
    {"load_mnist", "load_cifar10", "load_japanese_vowels", "load_names", "image_tensors"}
    | {"rng", "generator", "default_rng", "Generator", "initialize", "fill", "lsuv"}
    | {"sweep", "starts", "layer_statistics", "probe", "audit", "fit", "evaluate"}
    | {"train_ensemble", "evaluate_ensemble", "train_recurrent", "repeat", "perf_counter"}
)
"""What reads data, draws at random or measures."""
DRAWN_BY = ("nn.", "torch.nn.", "keras.")
"""A layer of a framework draws its weights; what it says of itself is data."""
CALLS = {"evidence.check", "evidence.condition"}
WRAPPERS = {"all", "any", "bool", "item", "min", "max", "mean"}


def checks_can_fail(page: Page) -> list[str]:
    """Check that what is held to a bound comes from data, or from a random draw."""
    measured: set[str] = set()
    trees = list(page.trees)
    for _ in range(2):  # a name may be used in a function above the place where it is set
        for _, tree in trees:
            _spread(tree.body, measured)
    faults = []
    for position, call, inside in _evidence_calls(trees):
        values = call.args[1:2] or [k.value for k in call.keywords if k.arg == "value"]
        if not values or not _is_measured(values[0], measured | inside):
            text = ast.unparse(call.args[0]) if call.args else "?"
            faults.append(f"cell {position}: {text} cannot fail: no data, no random draw in it")
    return faults


def numbers_shown(page: Page) -> list[str]:
    """Check that evidence gets numbers and bounds, not the truth value of a comparison."""
    faults = []
    for position, call, _ in _evidence_calls(list(page.trees)):
        value = call.args[1] if len(call.args) > 1 else None
        compared = value is not None and any(
            isinstance(node, ast.Compare | ast.BoolOp) for node in _outer(value)
        )
        bounded = len(call.args) > 2 or {k.arg for k in call.keywords} & {
            "expected",
            "above",
            "below",
        }
        if compared or not bounded:
            text = ast.unparse(call.args[0]) if call.args else "?"
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
            key = ast.unparse(call.args[0]) if call.args else "?"
            if "conditions" not in given:
                faults.append(f"cell {position}: {key} rests on no conditions")
            for part in ast.walk(given.get("measured", ast.Constant(""))):
                if (
                    isinstance(part, ast.Constant)
                    and isinstance(part.value, str)
                    and re.search(r"\d", part.value)
                    and not _is_format(part, given["measured"])
                ):
                    faults.append(f"cell {position}: {key} has a typed number: {part.value!r}")
    return faults


def approximate_sign(page: Page) -> list[str]:
    """Check that the sign for a measured number is written by evidence alone."""
    return [
        f"cell {position} has the sign \u2248, which only measured numbers have"
        for position, cell in enumerate(page.notebook.cells, start=1)
        if "\u2248" in cell.source
    ]


def _evidence_calls(
    trees: list[tuple[int, ast.Module]],
) -> Iterator[tuple[int, ast.Call, set[str]]]:
    """Yield position, call and the arguments of the function around it."""
    for position, tree in trees:
        functions = [node for node in ast.walk(tree) if isinstance(node, ast.FunctionDef)]
        for call in calls(tree):
            if dotted(call.func) in CALLS:
                inside = {
                    argument.arg
                    for function in functions
                    if call in ast.walk(function)
                    for argument in function.args.args
                }
                yield position, call, inside


def _spread(body: list[ast.stmt], measured: set[str]) -> None:
    """Add the names that are set from something measured."""
    for node in body:
        if isinstance(node, ast.FunctionDef):
            if _is_measured(node, measured):
                measured.add(node.name)
            continue
        if isinstance(node, ast.Assign | ast.AugAssign | ast.AnnAssign):
            targets = node.targets if isinstance(node, ast.Assign) else [node.target]
            if node.value is not None and _is_measured(node.value, measured):
                measured |= {name for target in targets for name in _names(target)}
        elif isinstance(node, ast.For) and _is_measured(node.iter, measured):
            measured |= _names(node.target)
        elif isinstance(node, ast.With):
            for item in node.items:
                if item.optional_vars and _is_measured(item.context_expr, measured):
                    measured |= _names(item.optional_vars)
        elif isinstance(node, ast.Expr) and isinstance(node.value, ast.Call):
            function = node.value.func  # such as rows.append(loss)
            if isinstance(function, ast.Attribute) and _is_measured(node.value, measured):
                measured |= _names(function.value)
        for inner in ("body", "orelse", "finalbody"):
            _spread(getattr(node, inner, []), measured)


def _is_measured(tree: ast.AST, measured: set[str]) -> bool:
    for node in ast.walk(tree):
        if isinstance(node, ast.Name) and node.id in measured:
            return True
        if isinstance(node, ast.Attribute) and node.attr == "__doc__":
            return True
        if isinstance(node, ast.Call):
            name = dotted(node.func)
            if name.rpartition(".")[2] in SOURCES or name.startswith(DRAWN_BY):
                return True
    return False


def _names(target: ast.AST) -> set[str]:
    return {node.id for node in ast.walk(target) if isinstance(node, ast.Name)}


def _outer(value: ast.expr) -> Iterator[ast.expr]:
    """Yield a value, and what stands in calls such as ``np.all`` and ``.item()`` around it."""
    yield value
    if isinstance(value, ast.Call) and dotted(value.func).rpartition(".")[2] in WRAPPERS:
        inner = [value.func.value] if isinstance(value.func, ast.Attribute) else []
        for each in [*inner, *value.args]:
            yield from _outer(each)


def _is_format(part: ast.Constant, measured: ast.expr) -> bool:
    """Say whether a text is no part of the sentence: a label in ``sel``, or a format."""
    for node in ast.walk(measured):
        if isinstance(node, ast.FormattedValue) and part in ast.walk(node):
            return True
    return False


EVIDENCE_RULES = (
    checks_can_fail,
    numbers_shown,
    verdicts_rest_on_conditions,
    approximate_sign,
)
