"""One script out of the explorers' modules: pages that lie in a folder can load it, and notebooks.

It reads the few forms of ``import`` and ``export`` that the explorers use, and refuses others.
"""

from __future__ import annotations

import re
from pathlib import Path

IMPORT = re.compile(r'^import ([^;"]+?) from "(\.[^"]+)";$', re.MULTILINE)
EXPORT = re.compile(r"^export (?=(?:async )?(?:function|const) (\w+))", re.MULTILINE)
DEFAULT = re.compile(r"^export default ", re.MULTILINE)
REMARK = re.compile(r"^[ \t]*(?://[^\n]*|/\*\*.*?\*/)\n", re.MULTILINE | re.DOTALL)
EXPLORER = "export default { settings, render };"
UNREAD = re.compile(r"^(?:import|export)\b.*", re.MULTILINE)


def wrapped(path: Path, root: Path) -> str:
    """Return a module as a function that runs at once and hands its exports on.

    Raises
    ------
    ValueError
        If it imports or exports in another form.
    """

    def taken(match: re.Match[str]) -> str:
        names, target = match.groups()
        names = names if names.startswith("{") else f"{{ default: {names} }}"
        key = (path.parent / target).resolve().relative_to(root).as_posix()
        return f'const {names.replace(" as ", ": ")} = modules["{key}"];'

    source = path.read_text("utf-8")
    exports = [match[1] for match in EXPORT.finditer(source)]
    if DEFAULT.search(source):
        exports.append("default: byDefault")
    source = DEFAULT.sub("const byDefault = ", EXPORT.sub("", IMPORT.sub(taken, source)))
    if unread := UNREAD.search(source):
        raise ValueError(f"{path.name}: {unread[0]!r} is no form that can be bundled")
    source = REMARK.sub("", source)
    key = path.relative_to(root).as_posix()
    return f'modules["{key}"] = (() => {{\n{source}return {{ {", ".join(exports)} }};\n}})();\n'


def in_order(path: Path, before: tuple[Path, ...] = ()) -> list[Path]:
    """List a module after all that it imports, each once.

    Raises
    ------
    ValueError
        If imports go round in a circle.
    """
    if path in before:
        raise ValueError(f"{path.name} imports itself, by way of {before[-1].name}")
    found: dict[Path, None] = {}
    for match in IMPORT.finditer(path.read_text("utf-8")):
        target = (path.parent / match[2]).resolve()
        found |= dict.fromkeys(in_order(target, (*before, path)))
    return [*found, path]


def bundle(entry: Path, *, module: bool = False) -> str:
    """Return a script that runs a module with all that it imports, in one scope of its own.

    With ``module`` it is a module itself, which exports by default what the entry does.
    """
    entry = entry.resolve()
    modules = "".join(wrapped(path, entry.parent) for path in in_order(entry))
    if module:
        return f'const modules = {{}};\n{modules}export default modules["{entry.name}"].default;\n'
    return f'"use strict";\n(() => {{\nconst modules = {{}};\n{modules}}})();\n'


def explorer_names(folder: Path) -> list[str]:
    """List the explorers in a folder of modules."""
    files = sorted(folder.glob("*.js"))
    return [path.stem for path in files if EXPLORER in path.read_text("utf-8")]
