"""Write a copy of every chapter that Colab, VS Code and GitHub show as it is meant.

    python -m tools.portable

A copy has plain Markdown, its solutions at the end, and a first cell that installs the course.
Beside the copies stands what Binder, or pip, needs to run them. Links lead to the site. They need
the address of the repository on GitHub: that of the remote ``origin``, or the one in the
environment variable ``COURSE_REPOSITORY_URL``.
"""

from __future__ import annotations

import os
import re
import shutil
import sys
from collections.abc import Iterator, Mapping
from dataclasses import replace
from pathlib import Path

from nbformat import NotebookNode, from_dict, v4
from pybtex.database import Entry, parse_file
from pybtex.richtext import Text
from sphinx.errors import ConfigError

from helpers.evidence import load_ledger
from tools.execution import read
from tools.form_rules import is_folded
from tools.labels import chapter_numbers, labels_of
from tools.notebooks import NOTEBOOK_METADATA, chapter_path, write
from tools.plain import Book, plain

ROOT = Path(__file__).resolve().parents[1]
sys.path.insert(0, str(ROOT / "book" / "_ext"))
from course_site.repository import pages_url, repository_url  # noqa: E402

COPIES = ROOT / "_build" / "portable"
GATE = re.compile(r"^```\{solution-(start|end)\} ?(\S*)\n(?::.*\n)*```$", re.M)
FOLDED = {"cellView": "form", "jupyter": {"source_hidden": True}}
"""Metadata of a cell whose code Colab and JupyterLab fold."""
INSTALL = '''# @title Install the course, unless it is there
def install_course(source):
    """Install the course and what it needs; a PyTorch that is there stays as it is."""
    import subprocess
    import sys
    from importlib import invalidate_caches, metadata, util

    def pip(*packages):
        command = [sys.executable, "-m", "pip", "install", "--quiet", *packages]
        subprocess.run(command, check=True)
        invalidate_caches()

    try:
        metadata.version("good-start")
    except metadata.PackageNotFoundError:
        pip("--no-deps", source)
        asked = (line.partition(";") for line in metadata.requires("good-start"))
        needed = {name for name, _, extra in asked if not extra or "course" in extra}
        there = {name for name in needed if name.startswith("torch") and util.find_spec("torch")}
        pip(*sorted(needed - there))


install_course(SOURCE)'''


# The book


def authors_and_year(entry: Entry) -> tuple[str, str]:
    """Name the authors of a work as the site does: one, two, or the first of more."""
    people = entry.persons.get("author") or entry.persons["editor"]
    names = [Text.from_latex(" ".join(p.prelast_names + p.last_names)) for p in people]
    first, *others = (name.render_as("text") for name in names)
    more = f" and {others[0]}" if len(others) == 1 else " et al." if others else ""
    return first + more, entry.fields["year"]


def glossary_terms() -> dict[str, str]:
    """Collect the terms of the glossary: there the lines that are not indented."""
    glossary = (ROOT / "book" / "glossary.md").read_text("utf-8")
    lines = glossary.partition("{glossary}\n")[2].partition("\n```")[0].splitlines()
    return {line.lower(): line for line in lines if line and not line[0].isspace()}


def whole_book(site: str, chapters: Mapping[str, NotebookNode]) -> Book:
    """Collect what the links of the copies lead to."""
    labels = {}
    for name, number in chapter_numbers().items():
        labels |= labels_of(name, number, chapters[name])
    entries = parse_file(ROOT / "book" / "references.bib").entries
    settled = {
        key: (entry["chapter"], f"{'claim' if 'claim' in entry else 'reproduction'}-{key}")
        for key, entry in load_ledger().items()
    }
    works = {key: authors_and_year(entries[key]) for key in entries}
    return Book(site, labels=labels, works=works, settled=settled, terms=glossary_terms())


# A copy


def markdown(source: str, name: str) -> NotebookNode:
    """Make a cell of text."""
    return v4.new_markdown_cell(source, id=name)


def pieces(cell: NotebookNode) -> Iterator[tuple[str, str, str]]:
    """Cut a cell of text where a solution with code begins or ends.

    Yields the text of each piece, then what stands behind it: "start", "end" or nothing, and the
    label of the exercise.
    """
    *cut, rest = GATE.split(cell.source)
    for place in range(0, len(cut), 3):
        yield cut[place].strip("\n"), cut[place + 1], cut[place + 2]
    yield rest.strip("\n"), "", ""


def code(cell: NotebookNode) -> NotebookNode:
    """Copy a cell of code; Colab folds what the site folds."""
    copied = from_dict({**cell, "metadata": {}})
    if is_folded(cell):
        copied.metadata = from_dict(FOLDED)
        copied.source = re.sub(r"^# ", "# @title ", cell.source)
    return copied


def caption(cell: NotebookNode, book: Book) -> Iterator[NotebookNode]:
    """Write the caption of a cell's figure, if it has one, below the cell."""
    if figure := cell.metadata.get("mystnb", {}).get("figure"):
        number = book.labels[figure["name"]].text
        yield markdown(f"**{number}.** {plain(figure['caption'], book)}", f"{cell.id}-caption")


def parts(notebook: NotebookNode, book: Book) -> tuple[list, list]:
    """Return the cells of a copy without and with solutions that have code."""
    cells: list[NotebookNode] = []
    solutions: list[NotebookNode] = []
    here = cells
    for cell in notebook.cells:
        if cell.cell_type == "code":
            here += [code(cell), *caption(cell, book)]
            continue
        for place, (text, gate, exercise) in enumerate(pieces(cell)):
            written = plain(text, book)
            if gate == "start":
                written += "\n\n*Its solution is at the end of the notebook.*"
            if written.strip():
                here.append(markdown(written, f"{cell.id}-{place}"))
            if gate == "start":
                here = solutions
                title = f"### Solution to {book.labels[exercise].text}"
                here.append(markdown(title, f"{cell.id}-solution"))
            elif gate == "end":
                here = cells
    return cells, solutions


def portable(notebook: NotebookNode, book: Book, source: str) -> NotebookNode:
    """Make the portable copy of a chapter.

    Parameters
    ----------
    notebook : NotebookNode
        The chapter ``book.chapter``; it is not changed.
    book : Book
        What its links need to know.
    source : str
        What pip installs the course from.

    Raises
    ------
    ValueError
        The chapter has a role, a directive or a label that is unknown.
    """
    (title, *cells), solutions = parts(notebook, book)
    origin = book.link("a chapter of the course", f"chapters/{book.chapter}")
    first = rf"\1\n\n*This is a copy of {origin} that runs anywhere.*"
    title.source = re.sub(r"(?m)^(# .*)$", first, title.source, count=1)
    install = v4.new_code_cell(INSTALL.replace("SOURCE", repr(source)), id="install")
    install.metadata = from_dict(FOLDED)
    if solutions:
        solutions.insert(0, markdown("## Solutions", "solutions"))
    return v4.new_notebook(cells=[title, install, *cells, *solutions], metadata=NOTEBOOK_METADATA)


def copies_for(repository: str) -> dict[str, NotebookNode]:
    """Make the copies of all chapters, for a repository on GitHub."""
    chapters = {chapter: read(chapter_path(chapter)) for chapter in chapter_numbers()}
    book = whole_book(pages_url(repository).rstrip("/"), chapters)
    return {
        chapter: portable(notebook, replace(book, chapter=chapter), f"git+{repository}")
        for chapter, notebook in chapters.items()
    }


def requirements(source: str) -> dict[str, str]:
    """Return the files that say what the copies need: for pip, and for Binder, which reads them."""
    needed = f"--constraint constraints.txt\ngood-start[course] @ {source}\n"
    return {
        "requirements.txt": needed,
        "constraints.txt": (ROOT / "constraints.txt").read_text("utf-8"),
        "runtime.txt": "python-3.11\n",
    }


def main() -> int:
    """Write all copies anew; return the exit code."""
    try:
        repository = repository_url(os.environ, ROOT)
    except ConfigError as error:
        print(error, file=sys.stderr)
        return 2
    if repository is None:
        print(
            "The copies need the address of the repository: "
            "COURSE_REPOSITORY_URL=https://github.com/owner/name make portable",
            file=sys.stderr,
        )
        return 2
    copies = copies_for(repository)
    shutil.rmtree(COPIES, ignore_errors=True)
    for name, copied in copies.items():
        path = chapter_path(name, COPIES)
        path.parent.mkdir(parents=True, exist_ok=True)
        write(copied, path)
    for name, text in requirements(f"git+{repository}").items():
        (COPIES / name).write_text(text, "utf-8")
    print(f"{len(copies)} copies are in {COPIES}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
