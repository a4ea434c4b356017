"""Portable copies: what is written for the chapters' markup, and that a copy runs by itself."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
import sysconfig
import venv
from collections.abc import Mapping
from functools import cache
from pathlib import Path
from zipfile import ZipFile

import nbformat
import pytest
from markdown_it import MarkdownIt
from nbformat import NotebookNode, v4
from packaging.requirements import Requirement

from tools import portable
from tools.execution import read
from tools.labels import Label, chapter_numbers, labels_of
from tools.notebooks import chapter_names, chapter_path
from tools.page import words
from tools.plain import Book, plain

ROOT = Path(__file__).resolve().parents[2]
REPOSITORY = "https://github.com/Someone/good-start"
NAMES = chapter_names()
each_chapter = pytest.mark.parametrize("name", NAMES)
SHORTEST = "derivations/activation-derivatives"
RAW = re.compile(r":::|\{[\w:-]+\}<code|language-\{|(?m:^<p>\([\w-]+\)=)")
"""What a program shows that does not know MyST: fences, roles, directives, targets."""
BOOK = Book(
    "https://site",
    chapter="part/here",
    labels={
        "eq-own": Label("part/here", "2.1", "(2.1)", "equation-eq-own"),
        "ex-own": Label("part/here", "2.3", "Exercise 2.3", "ex-own"),
        "thm-own": Label("part/here", "2.1", "Theorem 2.1", "thm-own"),
        "fig-other": Label("part/there", "3.4", "Fig. 3.4", "fig-other"),
    },
    works={"one": ("One", "1991"), "two": ("Two and Three", "1992")},
    settled={"S1-01": ("part/there", "claim-S1-01")},
    terms={"gain": "gain", "hidden layer": "hidden layer", "he's scheme": "He's scheme"},
)
WRITTEN = {
    "{term}`gain`": "[gain](https://site/book/glossary.html#term-gain)",
    "{term}`two\nwords <hidden  layer>`": (
        "[two\nwords](https://site/book/glossary.html#term-hidden-layer)"
    ),
    "{term}`he's Scheme`": "[he's Scheme](https://site/book/glossary.html#term-He's-scheme)",
    "{term}`Gain`": "[Gain](https://site/book/glossary.html#term-gain)",
    "{numref}`fig-other`": "[Fig. 3.4](https://site/chapters/part/there.html#fig-other)",
    "{eq}`eq-own`": "(2.1)",
    "{prf:ref}`thm-own`": "Theorem 2.1",
    "{cite:p}`one,two`": (
        "([One, 1991; Two and Three, 1992](https://site/book/bibliography.html))"
    ),
    "{cite:t}`two`": "[Two and Three (1992)](https://site/book/bibliography.html)",
    "{evidence}`S1-01`": "[S1-01](https://site/chapters/part/there.html#claim-S1-01)",
    "[next](there.ipynb)": "[next](https://site/chapters/part/there.html)",
    "[far](../other/far.ipynb)": "[far](https://site/chapters/other/far.html)",
    "[use](../../book/faq.md#why)": "[use](https://site/book/faq.html#why)",
    "[`f`](helpers.theory.gain)": "[`f`](https://site/book/api.html#helpers.theory.gain)",
    "[out](https://example.org/a.html)": "[out](https://example.org/a.html)",
    "(target)=\n# Title": "# Title",
    "```{math}\n:label: eq-own\nx = 1\n```": "$$\nx = 1\n\\tag{2.1}\n$$",
    "```{math}\nx = 1\n```": "$$\nx = 1\n$$",
    "```python\n:::{f}\n```": "```python\n:::{f}\n```",
    ":::{admonition} Predict\n:class: tip\n\nA question.\n:::": "> **Predict**\n>\n> A question.",
    ":::{admonition} Answer\n:class: dropdown\n\nIt does.\n:::": (
        "<details>\n<summary>Answer</summary>\n\nIt does.\n\n</details>"
    ),
    ":::{exercise} Why?\n:label: ex-own\n\nShow it.\n:::": "**Exercise 2.3** (Why?)\n\nShow it.",
    "```{exercise-start}\n:label: ex-own\n```\n\nShow it.\n\n```{exercise-end}\n```": (
        "**Exercise 2.3**\n\nShow it."
    ),
    ":::{solution} ex-own\n:class: dropdown\n\nSo.\n\n```{math}\ny\n```\n:::": (
        "<details>\n<summary>Solution to Exercise 2.3</summary>\n\nSo.\n\n$$\ny\n$$\n\n</details>"
    ),
    ":::{prf:theorem} Sum\n:label: thm-own\n\nIt is 0.\n:::": (
        "> **Theorem 2.1** (Sum)\n>\n> It is 0."
    ),
    ":::{prf:proof}\nBy {eq}`eq-own`.\n:::": "> *Proof.* By (2.1).",
    ":::{prf:proof}\n:class: dropdown\n\nAdd.\n:::": (
        "<details>\n<summary>Proof</summary>\n\nAdd.\n\n</details>"
    ),
}
UNKNOWN = {
    "{kbd}`Esc`": "the role 'kbd'",
    "{term}`gaim`": "the term 'gaim' is unknown; near to it are: gain",
    "{eq}`eq-owm`": "the label 'eq-owm' is unknown; near to it are: eq-own",
    "{cite:p}`one,three`": "the work 'three'",
    "{evidence}`S9-99`": "the entry 'S9-99'",
    ":::{note}\nText.\n:::": "the directive 'note'",
}


@cache
def copies() -> Mapping[str, NotebookNode]:
    """Make all copies once."""
    return portable.copies_for(REPOSITORY)


def prose(notebook: NotebookNode) -> str:
    """Return the Markdown of a notebook."""
    return "\n\n".join(cell.source for cell in notebook.cells if cell.cell_type == "markdown")


def rendered(notebook: NotebookNode) -> str:
    """Show the Markdown of a notebook as a program does that knows CommonMark and tables."""
    return MarkdownIt("commonmark").enable("table").render(prose(notebook))


# Text


@pytest.mark.parametrize("source", WRITTEN)
def test_markup_is_written_as_plain_markdown(source: str) -> None:
    assert plain(source, BOOK) == WRITTEN[source]


@pytest.mark.parametrize("source", UNKNOWN)
def test_what_is_unknown_is_named(source: str) -> None:
    with pytest.raises(ValueError, match=re.escape(UNKNOWN[source])):
        plain(source, BOOK)


def test_numbers_count_what_has_a_label_kind_by_kind() -> None:
    text = "```{math}\n:label: eq-a\nx\n```\n\n:::{exercise} A title\n:label: ex-a\n:::"
    gate = "```{exercise-start}\n:label: ex-b\n```"
    figures = [
        v4.new_code_cell(metadata={"mystnb": {"figure": {"name": name}}})
        for name in ("fig-a", "fig-b")
    ]
    cells = [v4.new_markdown_cell(text), *figures, v4.new_markdown_cell(gate)]
    found = labels_of("part/page", 7, v4.new_notebook(cells=cells))
    assert {name: label.text for name, label in found.items()} == {
        "eq-a": "(7.1)",
        "ex-a": "Exercise 7.1",
        "ex-b": "Exercise 7.2",
        "fig-a": "Fig. 7.1",
        "fig-b": "Fig. 7.2",
    }
    assert found["eq-a"].anchor == "equation-eq-a"


# Copies


def test_every_chapter_has_a_number_and_a_copy() -> None:
    assert sorted(chapter_numbers()) == sorted(copies()) == NAMES


def test_links_lead_to_the_site_of_an_owner_where_the_repository_is_named_for_it(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(portable, "portable", lambda notebook, book, source: book.site)
    addresses = portable.copies_for("https://github.com/Someone/someone.github.io").values()
    assert set(addresses) == {"https://someone.github.io"}


@each_chapter
def test_a_copy_shows_no_markup_where_the_chapter_does(name: str) -> None:
    assert RAW.search(rendered(read(chapter_path(name))))
    shown = rendered(copies()[name])
    assert not RAW.search(shown)
    assert shown.count("<details>") == shown.count("</details>") > 0
    assert prose(copies()[name]).count("$$") % 2 == 0


@each_chapter
def test_a_copy_keeps_words_code_and_outputs(name: str) -> None:
    chapter, copied = read(chapter_path(name)), copies()[name]
    nbformat.validate(copied)
    assert words(prose(copied)) >= words(prose(chapter))
    _, install, *cells = copied.cells
    assert install.id == "install"
    cells = [cell for cell in cells if cell.cell_type == "code"]
    for cell, own in zip((c for c in chapter.cells if c.cell_type == "code"), cells, strict=True):
        assert own.source.replace("# @title ", "# ", 1) == cell.source
        assert own.outputs == cell.outputs


@each_chapter
def test_solutions_with_code_stand_at_the_end_and_figures_have_captions(name: str) -> None:
    sources = [cell.source for cell in copies()[name].cells]
    if "## Solutions" in sources:
        end = sources.index("## Solutions")
        assert not any(source.startswith("# @title Solution") for source in sources[:end])
        assert not any(source.startswith("## ") for source in sources[end + 1 :])
    captions = [source for source in sources if re.match(r"\*\*Fig\. \d+\.\d+\.\*\* \S", source)]
    figures = [
        c for c in read(chapter_path(name)).cells if "figure" in c.metadata.get("mystnb", {})
    ]
    assert len(captions) == len(figures) > 0


def test_make_portable_writes_all_copies_or_says_what_it_needs(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(portable, "COPIES", tmp_path / "portable")
    monkeypatch.setenv("COURSE_REPOSITORY_URL", "")
    assert portable.main() == 2
    assert "COURSE_REPOSITORY_URL=" in capsys.readouterr().err
    assert not (tmp_path / "portable").exists()
    monkeypatch.setenv("COURSE_REPOSITORY_URL", REPOSITORY)
    made = copies()
    monkeypatch.setattr(portable, "copies_for", lambda _: made)
    (tmp_path / "portable").mkdir()
    (tmp_path / "portable" / "old.ipynb").touch()
    assert portable.main() == 0
    assert chapter_names(tmp_path / "portable") == NAMES
    assert "git+https://github.com/Someone/good-start" in copies()[SHORTEST].cells[1].source
    assert "https://someone.github.io/good-start/chapters/" in copies()[SHORTEST].cells[0].source
    option, needed = (tmp_path / "portable" / "requirements.txt").read_text().splitlines()
    assert option == "--constraint constraints.txt"
    course = Requirement(needed)
    assert (course.name, course.extras) == ("good-start", {"course"})
    assert course.url == f"git+{REPOSITORY}"
    assert "torch==" in (tmp_path / "portable" / "constraints.txt").read_text()


@pytest.mark.parametrize("address", ["github.com/a", "https://github.com/a/b/c", "ADDRESS"])
def test_make_portable_refuses_an_address_that_is_none(
    address: str, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("COURSE_REPOSITORY_URL", address)
    assert portable.main() == 2
    said = capsys.readouterr().err
    assert address in said
    assert "https://github.com/owner/name" in said


# The first cell, and a copy as a whole


@pytest.fixture(scope="module")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The course's wheel, built from a copy: pip leaves a folder build in what it builds."""
    folder = tmp_path_factory.mktemp("wheel")
    source = folder / "source"
    shutil.copytree(ROOT / "src", source / "src", ignore=shutil.ignore_patterns("*.egg-info"))
    shutil.copytree(ROOT / "explorers", source / "explorers")
    for name in ("pyproject.toml", "setup.py", "README.md", "LICENSE"):
        shutil.copy(ROOT / name, source)
    command = [sys.executable, "-m", "pip", "wheel", "--quiet", "--no-deps", source]
    subprocess.run([*command, "--no-build-isolation", "--wheel-dir", folder], check=True)
    (built,) = folder.glob("*.whl")
    return built


@pytest.fixture(scope="module")
def fresh(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A Python with all packages of this one, linked, but without the course."""
    folder = tmp_path_factory.mktemp("fresh")
    venv.create(folder)
    own = {"base": folder, "platbase": folder}
    there = Path(sysconfig.get_path("purelib", vars=own))
    for entry in Path(sysconfig.get_path("purelib")).iterdir():
        if not re.match(r"good_start|__editable__", entry.name):
            (there / entry.name).symlink_to(entry)
    return folder


def run(fresh: Path, *arguments: object) -> None:
    """Run the fresh Python, without a package index."""
    python = fresh / ("Scripts" if os.name == "nt" else "bin") / "python"
    result = subprocess.run(
        [python, *arguments],
        cwd=fresh,
        env={**os.environ, "PIP_NO_INDEX": "1", "TQDM_DISABLE": "1"},
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        check=False,
    )
    assert result.returncode == 0, result.stdout


def test_no_other_name_than_helpers_is_installed(wheel: Path) -> None:
    names = {path.partition("/")[0] for path in ZipFile(wheel).namelist()}
    assert {name for name in names if not name.endswith(".dist-info")} == {"helpers"}


def test_the_explorers_travel_with_the_course(wheel: Path, fresh: Path) -> None:
    run(fresh, "-m", "pip", "install", "--quiet", "--no-deps", wheel)
    shown = "from helpers.explorers import EXPLORERS, explorer; [explorer(n) for n in EXPLORERS]"
    run(fresh, "-c", f"{shown}; assert len(EXPLORERS) > 3")
    run(fresh, "-m", "pip", "uninstall", "--quiet", "--yes", "good-start")


def test_a_copy_installs_the_course_and_runs_by_itself(wheel: Path, fresh: Path) -> None:
    chapters = {name: read(chapter_path(name)) for name in NAMES}
    book = portable.whole_book("https://site", chapters)
    copied = portable.portable(chapters[SHORTEST], book, str(wheel))
    nbformat.write(copied, fresh / "copy.ipynb")
    run(fresh, "-c", "from nbclient.cli import main; main()", "--inplace", "copy.ipynb")
    executed = read(fresh / "copy.ipynb")
    code = [cell for cell in executed.cells if cell.cell_type == "code"]
    assert code[0].outputs == []
    assert all(cell.execution_count for cell in code)
    (torch,) = fresh.rglob("site-packages/torch")
    assert torch.is_symlink()
    again = "import subprocess; subprocess.run = None\n" + code[0].source
    run(fresh, "-c", again)
