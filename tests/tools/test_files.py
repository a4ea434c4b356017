"""Files are written whole or not at all."""

from __future__ import annotations

from pathlib import Path

import pytest

from tools.files import write_whole


def test_a_file_is_replaced_and_nothing_is_left_beside_it(tmp_path: Path) -> None:
    for text in ("old\n", "new: σ²\n"):
        write_whole(tmp_path / "file.txt", text)
        assert (tmp_path / "file.txt").read_text("utf-8") == text
    assert [path.name for path in tmp_path.iterdir()] == ["file.txt"]


def test_a_write_that_stops_leaves_the_old_file(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def stop(path: Path, text: str, encoding: str) -> None:
        with path.open("w", encoding=encoding) as file:
            file.write(text[: len(text) // 2])
        raise KeyboardInterrupt

    write_whole(tmp_path / "file.txt", "old\n")
    monkeypatch.setattr(Path, "write_text", stop)
    with pytest.raises(KeyboardInterrupt):
        write_whole(tmp_path / "file.txt", "new\n")
    assert (tmp_path / "file.txt").read_text("utf-8") == "old\n"
    assert [path.name for path in tmp_path.iterdir()] == ["file.txt"]
