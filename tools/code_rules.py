"""The rules for a chapter's code: its evidence, its random numbers, its imports."""

from __future__ import annotations

import ast
import re
import sys
from collections import Counter

from tools.page import Page, calls, dotted

GENERATOR_MAKERS = {"default_rng", "Generator", "SeedSequence", "PCG64", "Philox"}
GLOBAL_SEEDS = {"manual_seed", "manual_seed_all", "set_random_seed", "set_rng_state"}
FRAMEWORKS = {"torch", "keras", "tf", "tensorflow"}
TORCH_DRAWS = {"rand", "randn", "randint", "randperm", "normal", "bernoulli", "multinomial"}
TENSOR_DRAWS = {"normal_", "uniform_", "bernoulli_", "exponential_", "random_", "trunc_normal_"}


def evidence_in_ledger(page: Page) -> list[str]:
    """Check that an evidence call has an entry of its kind, chapter and verdict."""
    faults = []
    for position, kind, key, verdict in page.evidence:
        entry = page.ledger.get(key)
        if entry is None or ("paper" in entry) != (kind == "reproduction"):
            faults.append(f"cell {position}: the ledger has no {kind} {key!r}")
            continue
        if entry["chapter"] != page.name:
            faults.append(f"cell {position}: {key} belongs to {entry['chapter']}")
        if verdict != entry.get("verdict"):
            faults.append(f"cell {position}: {key} is {entry.get('verdict')!r}, not {verdict!r}")
    return faults


def ledger_settled(page: Page) -> list[str]:
    """Check that every entry of the ledger for this chapter has exactly one evidence call."""
    found = Counter(key for _, _, key, _ in page.evidence)
    wanted = [key for key, entry in page.ledger.items() if entry["chapter"] == page.name]
    return [f"{key} has {found[key]} evidence cells, not one" for key in wanted if found[key] != 1]


def plain_python(page: Page) -> list[str]:
    """Check that a cell has no magics, no semicolon at its end and no orders to a formatter."""
    faults = []
    for position, cell in page.code:
        try:
            ast.parse(cell.source)
        except SyntaxError as error:
            faults.append(f"cell {position} is not plain Python: {error.msg}")
        if cell.source.rstrip().endswith(";"):
            faults.append(f"cell {position} ends in a semicolon")
        if re.search(r"#\s*(fmt:|ruff:|noqa|type:)", cell.source):
            faults.append(f"cell {position} has a comment for a tool; arrange the code instead")
    return faults


def no_global_randomness(page: Page) -> list[str]:
    """Check that every draw is from a generator passed to it; nothing is seeded globally."""
    faults = []
    for position, tree in page.trees:
        for call in calls(tree):
            name = dotted(call.func)
            module, _, last = name.rpartition(".")
            keywords = {keyword.arg for keyword in call.keywords}
            if (
                (module in ("np.random", "numpy.random") and last not in GENERATOR_MAKERS)
                or module == "random"
                or (module.split(".")[0] in FRAMEWORKS and last in GLOBAL_SEEDS)
                or (module == "torch" and last in TORCH_DRAWS and "generator" not in keywords)
                or (last in TENSOR_DRAWS and "generator" not in keywords)
            ):
                faults.append(f"cell {position}: {name} draws from, or seeds, the global state")
    return faults


def imports_declared(page: Page) -> list[str]:
    """Check that imports are of the standard library or of declared dependencies."""
    faults = []
    for position, tree in page.trees:
        for node in ast.walk(tree):
            names = [alias.name for alias in node.names] if isinstance(node, ast.Import) else []
            if isinstance(node, ast.ImportFrom):
                names = [node.module or "."]
            for top in sorted({name.split(".")[0] for name in names}):
                if top not in sys.stdlib_module_names and top not in page.modules:
                    faults.append(f"cell {position} imports {top}, which is not declared")
    return faults
