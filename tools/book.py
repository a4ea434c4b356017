"""Build the site from the stored outputs: what make book runs.

A chapter with active content is refused before anything is built (tools/content_rules.py).
"""

from __future__ import annotations

import re
import shutil
import subprocess
import sys
from pathlib import Path

import nbformat

from tools.content_rules import CONTENT_RULES
from tools.notebooks import chapter_names, chapter_path
from tools.page import Page

ROOT = Path(__file__).resolve().parents[1]
BUILD = ROOT / "_build"
COMMAND = [str(Path(sys.executable).with_name("jupyter-book")), "build", str(ROOT)]
COMMAND += ["--quiet", "--nitpick", "--warningiserror", "--keep-going"]
NO_ROOM = re.compile(
    r"No space left on device|Disk quota exceeded|Permission denied|Read-only file system"
)


def active_content() -> list[str]:
    """List what in the chapters could run, load or include something on a reader's machine."""
    faults = []
    for name in chapter_names():
        text = chapter_path(name).read_text("utf-8")
        notebook = nbformat.reads(text, as_version=4)
        page = Page(name, text, notebook, ledger={}, modules=frozenset())
        faults += [f"{name}: {fault}" for rule in CONTENT_RULES for fault in rule(page)]
    return faults


def build() -> str:
    """Build the site; return what went wrong, in words."""
    result = subprocess.run(
        COMMAND, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True, check=False
    )
    if result.returncode == 0:
        return ""
    if no_room := NO_ROOM.search(result.stderr):
        return f"The book cannot be written to {BUILD}: {no_room[0]}."
    return f"{result.stderr.rstrip()}\nThe book has the faults above."


def main() -> None:
    """Build the site or say why not; warnings are repeated in the next run."""
    if faults := active_content():
        sys.exit("\n".join([*faults, "A page shows text, pictures and tables, and runs nothing."]))
    if fault := build():
        shutil.rmtree(BUILD / ".doctrees", ignore_errors=True)
        sys.exit(fault)
    print(f"The book is at {BUILD / 'html' / 'index.html'}")


if __name__ == "__main__":
    try:
        main()
    except KeyboardInterrupt:
        sys.exit("\nStopped. The book is not built.")
