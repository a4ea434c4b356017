"""Where this machine has Chromium: for tests of the site, for the PDF and for benchmarks."""

from __future__ import annotations

import os
import shutil

NAMES = (
    "chromium",
    "chromium-browser",
    "google-chrome",
    "google-chrome-stable",
    "/Applications/Chromium.app/Contents/MacOS/Chromium",
    "/Applications/Google Chrome.app/Contents/MacOS/Google Chrome",
)
NO_CHROMIUM = (
    "no Chromium found: install it (apt install chromium, brew install --cask chromium, or "
    "python -m playwright install chromium), or name one in COURSE_CHROMIUM"
)


def chromium(installed: str = "") -> str | None:
    """Return the path of Chromium: the one that is named, the system's, or Playwright's own.

    Parameters
    ----------
    installed
        Where Playwright puts its own, which need not be there.
    """
    named = os.environ.get("COURSE_CHROMIUM")
    return named or next(filter(None, map(shutil.which, [*NAMES, installed])), None)
