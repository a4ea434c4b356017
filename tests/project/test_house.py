"""The helpers' house: floors on which no module imports upwards, and no circles of imports."""

from __future__ import annotations

import ast
from graphlib import TopologicalSorter
from pathlib import Path

import pytest

import helpers

HOUSE = Path(helpers.__file__).parent
GROUND = {"_bundling", "_checks", "_contracts", "_models", "_progress", "device"}
FLOORS: tuple[set[str], ...] = (
    GROUND,
    {"activations"},
    {"initializers", "theory"},
    {"data", "networks", "training", "ensemble", "probes"},
    {"experiments"},
    {"evidence", "plotting"},
    {"audit", "explorers", "widgets"},
    {"_command"},
)
"""From the ground up: a room imports from lower floors, and on the ground from beside it."""


def module_of(path: Path) -> str:
    """Return the dotted name of a file below helpers."""
    parts = path.relative_to(HOUSE.parent).with_suffix("").parts
    return ".".join(parts[:-1] if parts[-1] == "__init__" else parts)


FILES = {module_of(path): path for path in sorted(HOUSE.rglob("*.py"))}


def run_time(tree: ast.AST) -> list[ast.stmt]:
    """List the imports of a tree, those inside functions too, but not those for type checkers."""
    found: list[ast.stmt] = []
    for node in ast.iter_child_nodes(tree):
        if isinstance(node, ast.If) and "TYPE_CHECKING" in ast.unparse(node.test):
            continue
        if isinstance(node, ast.Import | ast.ImportFrom):
            found.append(node)
        found += run_time(node)
    return found


def imports(source: str) -> set[str]:
    """Return the modules that a source imports; a name in a package counts as its module."""
    found = set()
    for node in run_time(ast.parse(source)):
        if isinstance(node, ast.Import):
            found |= {alias.name for alias in node.names}
        else:
            for alias in node.names:
                full = f"{node.module}.{alias.name}"
                found.add(full if full in FILES else str(node.module))
    return found


ARROWS = {name: imports(path.read_text("utf-8")) for name, path in FILES.items()}


def room(module: str) -> str:
    """Return the folder or file of helpers to which a module belongs."""
    return module.split(".")[1] if "." in module else ""


def upward(module: str, imported: set[str]) -> list[str]:
    """List the imports that lead to the module's own floor or above it."""
    level = {name: number for number, floor in enumerate(FLOORS) for name in floor}
    own = room(module)
    return [
        other
        for other in imported
        if room(other) not in {"", own}
        and other.startswith("helpers.")
        and level[room(other)] >= level[own]
        and not ({own, room(other)} <= GROUND)
    ]


def test_every_room_has_a_floor() -> None:
    rooms = {room(name) for name in FILES} - {""}
    assert rooms == set.union(*FLOORS)
    assert sum(map(len, FLOORS)) == len(rooms)


def test_no_room_imports_its_own_floor_or_a_higher_one() -> None:
    wrong = {name: found for name in FILES if (found := upward(name, ARROWS[name]))}
    assert wrong == {}


def test_imports_go_round_in_no_circle() -> None:
    own = {name: {other for other in found if other in FILES} for name, found in ARROWS.items()}
    for name, found in own.items():  # importing a.b.c runs a and a.b first
        parts = name.split(".")
        packages = {".".join(parts[:end]) for end in range(1, len(parts))}
        own[name] = found - packages
    TopologicalSorter(own).prepare()


def test_a_file_of_a_folder_does_not_import_the_folder() -> None:
    for name, found in ARROWS.items():
        parts = name.split(".")
        packages = {".".join(parts[:end]) for end in range(2, len(parts))}
        assert not packages & found, f"{name} imports its own folder"


def test_few_private_files_stand_beside_the_folders() -> None:
    private = [path for path in HOUSE.glob("_*.py") if path.name != "__init__.py"]
    assert len(private) <= 5
    assert [path for path in HOUSE.rglob("*/_*.py") if not path.name.startswith("__")] == []


def test_a_folder_only_hands_names_on() -> None:
    for name, path in FILES.items():
        if path.name == "__init__.py" and name != "helpers":
            body = ast.parse(path.read_text("utf-8")).body[1:]
            assert all(isinstance(node, ast.ImportFrom | ast.Assign) for node in body), name
            (names,) = [node for node in body if isinstance(node, ast.Assign)]
            assert ast.unparse(names.targets[0]) == "__all__", name
            listed = ast.literal_eval(names.value)
            handed = {a.name for n in body if isinstance(n, ast.ImportFrom) for a in n.names}
            assert set(listed) == handed, name


def test_modules_are_of_a_size_that_can_be_read() -> None:
    long = {
        name: count
        for name, path in FILES.items()
        if (count := len(path.read_text("utf-8").splitlines())) > 250
    }
    assert long == {}


@pytest.mark.parametrize(
    ("module", "imported"),
    [
        ("helpers.theory.maps", "helpers.plotting"),
        ("helpers.theory.maps", "helpers.initializers.schemes"),
        ("helpers._models", "helpers.probes"),
        ("helpers.training.fitting", "helpers.experiments"),
    ],
)
def test_an_upward_import_is_found(module: str, imported: str) -> None:
    assert upward(module, {imported}) == [imported]


def test_imports_in_functions_are_seen_and_those_for_types_are_not() -> None:
    source = """
from typing import TYPE_CHECKING
if TYPE_CHECKING:
    import pandas
def f():
    from helpers.plotting import band
"""
    assert imports(source) == {"typing", "helpers.plotting"}
