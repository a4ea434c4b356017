"""What make pdf says where it cannot print."""

from __future__ import annotations

from pathlib import Path

import pytest

from tools import pdf


def test_without_chromium_it_says_how_to_get_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "book").mkdir()
    (tmp_path / "book" / "index.html").touch()
    monkeypatch.setattr(pdf, "SITE", tmp_path)
    monkeypatch.setattr(pdf, "chromium", lambda installed: None)
    with pytest.raises(SystemExit, match="no Chromium found: install it"):
        pdf.main()


def test_without_a_site_it_says_so(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(pdf, "SITE", tmp_path)
    with pytest.raises(SystemExit, match="run make book"):
        pdf.main()
