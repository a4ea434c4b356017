"""The rules against active content: a page shows text, pictures and tables, and runs nothing.

Lists say what is allowed, so that what is new or unknown is found. tools/book.py applies these
rules before it builds the site.
"""

from __future__ import annotations

import ast
import json
import re
import sys
from collections.abc import Iterator
from html.parser import HTMLParser

from tools.page import Page, calls, dotted

DIRECTIVES = {
    *("admonition", "note", "tip", "warning", "dropdown", "math", "figure", "table", "list-table"),
    *("exercise", "exercise-start", "exercise-end"),
    *("solution", "solution-start", "solution-end"),
    *("prf:definition", "prf:lemma", "prf:proof", "prf:theorem"),
}
ROLES = {"cite:p", "cite:t", "doc", "eq", "evidence", "math", "numref", "prf:ref", "ref", "term"}
OUTPUTS = {"text/plain", "text/html", "text/latex", "text/markdown", "image/png"}
ELEMENTS = {
    *("b", "br", "code", "details", "div", "em", "i", "li", "ol", "p", "pre", "span", "strong"),
    *("style", "summary", "table", "tbody", "td", "th", "thead", "tr", "ul"),
}
ATTRIBUTES = {
    *("aria-label", "border", "class", "colspan", "id", "role", "rowspan", "scope", "scoped"),
    *("style", "tabindex"),
}
MODULES = {
    *("collections", "copy", "dataclasses", "fractions", "functools", "inspect", "itertools"),
    *("math", "operator", "os", "random", "re", "statistics", "string", "textwrap", "time"),
    *("timeit", "typing", "warnings"),
}
NAMES = {"__import__", "breakpoint", "compile", "get_ipython", "input", "open"}
MARKUP = re.compile(r"<[A-Za-z/!?]|\{\{|\{%")
TARGET = re.compile(r"\{[\w:]+\}`[^`<>]*<[\w .()-]+>`|<https://[^<>\s`]+>")
DIRECTIVE = re.compile(r"(?:`{3,}|~{3,}|:{3,})[ \t]*\{([^}]*)\}")
ROLE = re.compile(r"\{([^{}\s]+)\}`")
ADDRESS = re.compile(r"(?m)\]\(\s*([^)\s]*)|^[\s>*+-]*\[[^\]^][^\]]*\]:\s*(\S*)")
PROGRAM = re.compile(r"system|popen|fork|(?:exec|spawn)[lv]\w*|posix_spawnp?")
INSIDE = re.compile(r"https?://\S+|(\.\./)*[\w/-]+\.(ipynb|md)(#[\w-]+)?|#?[\w.-]+")
SCRIPT = re.compile(r"(?:java|vb)script\s*:", re.IGNORECASE)
LOADS = re.compile(r"url\s*\(|@import|expression\s*\(|\\", re.IGNORECASE)


def passive_text(page: Page) -> list[str]:
    """Check that prose has no HTML, no template and no directive that is not on the list."""
    return [
        f"cell {position}: {fault}"
        for position, cell in enumerate(page.notebook.cells, start=1)
        if cell.cell_type == "markdown"
        for fault in active_markdown(cell.source)
    ]


def passive_outputs(page: Page) -> list[str]:
    """Check that a stored output is text, a picture or HTML that neither runs nor loads."""
    faults = []
    for position, _, output in page.outputs:
        data = output.get("data", {})
        faults += [f"cell {position} stores {kind}" for kind in data if kind not in OUTPUTS]
        html = active_html(str(data.get("text/html", "")))
        markdown = active_markdown(str(data.get("text/markdown", "")))
        latex = SCRIPT.findall(str(data.get("text/latex", "")))
        faults += [f"cell {position} stores {fault}" for fault in (*html, *markdown, *latex)]
    return faults


def plain_cells(page: Page) -> list[str]:
    """Check that cells are code or prose, without attachments, in the format that is known."""
    raw = json.loads(page.text)
    version = raw.get("nbformat"), raw.get("nbformat_minor")
    faults = [] if version == (4, 5) else ["the format is {}.{}, not 4.5".format(*version)]
    for position, cell in enumerate(raw["cells"], start=1):
        if cell["cell_type"] not in ("code", "markdown"):
            faults.append(f"cell {position} is {cell['cell_type']}")
        if "attachments" in cell:
            faults.append(f"cell {position} has attachments")
    return faults


def runs_no_programs(page: Page) -> list[str]:
    """Check that code starts no program, opens no file, and imports only modules on the list."""
    faults = []
    for position, tree in page.trees:
        used = [dotted(call.func) for call in calls(tree) if dotted(call.func) in NAMES]
        used += [*_unlisted_modules(tree), *_programs(tree)]
        faults += [f"cell {position} uses {name}" for name in used]
    return faults


def active_markdown(text: str) -> list[str]:
    """List what in Markdown could run, load or include something."""
    faults = [f"markup: {found.strip()!r}" for found in _around(MARKUP, TARGET.sub("", text))]
    directives, roles = DIRECTIVE.findall(text), ROLE.findall(text)
    faults += [f"the directive {name!r}" for name in directives if name not in DIRECTIVES]
    faults += [f"the role {name!r}" for name in roles if name not in ROLES]
    addresses = (first or second for first, second in ADDRESS.findall(text))
    faults += [f"the address {each!r}" for each in addresses if not INSIDE.fullmatch(each)]
    return faults + [f"a script: {found!r}" for found in SCRIPT.findall(text)]


def active_html(text: str) -> list[str]:
    """List the elements, attributes and styles of HTML that are not on the lists."""
    parser = _Elements()
    parser.feed(text)
    parser.close()
    rest = re.findall(r"<[^>]*\Z", text)  # a tag that the rest of the page would end
    return parser.faults + [repr(found) for found in (*SCRIPT.findall(text), *rest)]


class _Elements(HTMLParser):
    """Notes what is not on the lists."""

    def __init__(self) -> None:
        super().__init__(convert_charrefs=False)
        self.faults: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        if tag not in ELEMENTS:
            self.faults.append(f"<{tag}>")
        for name, value in attrs:
            if name not in ATTRIBUTES or (name == "style" and LOADS.search(value or "")):
                self.faults.append(f"<{tag} {name}={value!r}>")

    def handle_data(self, data: str) -> None:
        pattern = LOADS if self.cdata_elem else MARKUP
        self.faults += [repr(found) for found in _around(pattern, data)]

    def handle_decl(self, decl: str) -> None:
        self.faults.append(f"<!{decl}>")

    def handle_comment(self, data: str) -> None:
        self.faults.append(f"<!--{data}-->")

    def handle_pi(self, data: str) -> None:
        self.faults.append(f"<?{data}>")

    unknown_decl = handle_decl


def _around(pattern: re.Pattern[str], text: str) -> Iterator[str]:
    """Yield each match with the characters that follow it in its line."""
    for found in pattern.finditer(text):
        yield text[found.start() : found.start() + 30].partition("\n")[0]


def _unlisted_modules(tree: ast.Module) -> Iterator[str]:
    """Yield what is imported from the standard library and no list allows."""
    for node in ast.walk(tree):
        names = []
        if isinstance(node, ast.Import):
            names = [f"{a.name}.{a.asname}" if a.asname else a.name for a in node.names]
        elif isinstance(node, ast.ImportFrom):
            names = [f"{node.module}.{a.name}" for a in node.names]
        for name in names:
            top = name.partition(".")[0]
            beyond_environ = top == "os" and name not in ("os", "os.environ")
            if beyond_environ or top in sys.stdlib_module_names - MODULES:
                yield name


def _programs(tree: ast.Module) -> Iterator[str]:
    """Yield what of the module os, or of any other that has it, starts a program."""
    for node in ast.walk(tree):
        if isinstance(node, ast.Attribute):
            beyond_environ = dotted(node.value) == "os" and node.attr != "environ"
            if beyond_environ or PROGRAM.fullmatch(node.attr):
                yield dotted(node)


CONTENT_RULES = (passive_text, passive_outputs, plain_cells, runs_no_programs)
