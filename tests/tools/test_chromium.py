"""Which Chromium is taken, where there are several."""

from __future__ import annotations

import shutil

import pytest

from tools.chromium import NAMES, chromium

OWN = "/playwright/chrome"


@pytest.mark.parametrize(
    ("named", "there", "expected"),
    [
        ("/named/chrome", {*NAMES, OWN}, "/named/chrome"),
        ("", {*NAMES, OWN}, NAMES[0]),
        ("", {NAMES[2], OWN}, NAMES[2]),
        ("", {OWN}, OWN),
        ("", set(), None),
    ],
)
def test_the_named_one_comes_first_then_the_system_s_then_playwright_s(
    named: str, there: set[str], expected: str | None, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("COURSE_CHROMIUM", named)
    monkeypatch.setattr(shutil, "which", lambda name: name if name in there else None)
    assert chromium(OWN) == expected
