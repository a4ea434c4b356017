"""A chapter's notebook as the rules see it: its cells, its code as syntax trees, its evidence."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from nbformat import NotebookNode


@dataclass(frozen=True)
class Page:
    """A notebook with what the rules need to know about its surroundings."""

    name: str
    text: str
    notebook: NotebookNode
    ledger: Mapping[str, Mapping[str, str]]
    modules: frozenset[str]

    @property
    def code(self) -> Iterator[tuple[int, NotebookNode]]:
        """Position (from 1) and cell of every code cell."""
        for position, cell in enumerate(self.notebook.cells, start=1):
            if cell.cell_type == "code":
                yield position, cell

    @property
    def outputs(self) -> Iterator[tuple[int, NotebookNode, NotebookNode]]:
        """Position, cell and output, for every output."""
        for position, cell in self.code:
            for output in cell.outputs:
                yield position, cell, output

    @property
    def trees(self) -> Iterator[tuple[int, ast.Module]]:
        """Position and syntax tree of every code cell that is Python."""
        for position, cell in self.code:
            try:
                yield position, ast.parse(cell.source)
            except SyntaxError:
                continue

    @property
    def evidence(self) -> Iterator[tuple[int, str, str | None, str | None]]:
        """Position, kind, id and verdict of every evidence call; None where it is computed."""
        for position, tree in self.trees:
            for call in calls(tree):
                module, _, kind = dotted(call.func).rpartition(".")
                if module == "evidence" and kind in ("claim", "reproduction"):
                    verdicts = [key.value for key in call.keywords if key.arg == "verdict"]
                    yield position, kind, literal(call.args[:1]), literal(verdicts)


def tags(cell: NotebookNode) -> list[str]:
    """Return a cell's tags."""
    return cell.metadata.get("tags", [])


def calls(tree: ast.AST) -> Iterator[ast.Call]:
    """Find all calls in a tree."""
    return (node for node in ast.walk(tree) if isinstance(node, ast.Call))


def dotted(node: ast.AST) -> str:
    """Write a name such as ``np.random.rand`` as text; "?" stands for anything else."""
    if isinstance(node, ast.Attribute):
        return f"{dotted(node.value)}.{node.attr}"
    return node.id if isinstance(node, ast.Name) else "?"


def literal(nodes: list[ast.expr]) -> str | None:
    """Return the text of the only node if it is a plain string."""
    constant = nodes[0] if nodes else None
    is_text = isinstance(constant, ast.Constant) and isinstance(constant.value, str)
    return constant.value if is_text else None


def words(markdown: str) -> int:
    """Count the words of prose: formulas, addresses, settings, options of directives are none."""
    for pattern in (r"<!--.*?-->", r"(?s)\$\$.*?\$\$", r"(?ms)^```\{math\}.*?^```", r"\$[^$\n]+\$"):
        markdown = re.sub(pattern, " ", markdown, flags=re.S if "--" in pattern else 0)
    markdown = re.sub(r"\]\([^)]*\)|https?://\S+|`\w+=[^`\n]*`", " ", markdown)
    lines = (line.strip() for line in markdown.splitlines())
    options = re.compile(r"(`{3,}|:{3,}|~{3,}|:[\w-]+:|\([\w-]+\)=)")
    return sum(len(re.findall(r"[^\W\d_][\w'-]*", s)) for s in lines if not options.match(s))
