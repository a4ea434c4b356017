"""What make book refuses, and what it says."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import nbformat
import pytest
from nbformat import v4

from tools import book, notebooks


@pytest.fixture
def course(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Callable[[str, str], None]:
    """Make a course of one chapter, whose builder is a shell script."""
    monkeypatch.setattr(notebooks.chapter_path, "__defaults__", (tmp_path / "chapters",))
    monkeypatch.setattr(notebooks.chapter_names, "__defaults__", (tmp_path / "chapters",))
    monkeypatch.setattr(book, "BUILD", tmp_path / "_build")
    (tmp_path / "_build" / ".doctrees").mkdir(parents=True)
    (tmp_path / "chapters" / "part").mkdir(parents=True)

    def write(prose: str, builder: str) -> None:
        notebook = v4.new_notebook(cells=[v4.new_markdown_cell(prose)])
        nbformat.write(notebook, tmp_path / "chapters" / "part" / "page.ipynb")
        monkeypatch.setattr(book, "COMMAND", ["/bin/sh", "-c", f"cd '{tmp_path}'\n{builder}"])

    return write


def test_the_book_is_built_without_a_word_but_its_address(
    course: Callable[[str, str], None], capfd: pytest.CaptureFixture[str]
) -> None:
    course("# Title", "echo much; touch _build/built")
    book.main()
    said = capfd.readouterr()
    assert (said.out, said.err) == (f"The book is at {book.BUILD / 'html' / 'index.html'}\n", "")
    assert (book.BUILD / "built").exists()
    assert (book.BUILD / ".doctrees").exists()


def test_active_content_is_refused_before_anything_is_built(
    course: Callable[[str, str], None],
) -> None:
    course("# Title\n\n<script>alert(1)</script>", "touch _build/built")
    with pytest.raises(SystemExit, match=r"(?s)part/page: cell 1: markup: '<script>.*runs nothing"):
        book.main()
    assert not (book.BUILD / "built").exists()


def test_warnings_are_shown_and_appear_in_the_next_run_as_well(
    course: Callable[[str, str], None],
) -> None:
    course("# Title", "echo much; echo 'page.md: WARNING: no such label' >&2; exit 1")
    with pytest.raises(SystemExit, match=r"^page.md: WARNING: no such label\nThe book has the"):
        book.main()
    assert not (book.BUILD / ".doctrees").exists()


@pytest.mark.parametrize("reason", ["No space left on device", "Permission denied"])
def test_a_full_or_forbidden_folder_takes_one_line(
    course: Callable[[str, str], None], reason: str
) -> None:
    course("# Title", f"echo 'Traceback\nOSError: [Errno 0] {reason}: a' >&2; exit 1")
    with pytest.raises(SystemExit) as stopped:
        book.main()
    assert str(stopped.value) == f"The book cannot be written to {book.BUILD}: {reason}."
