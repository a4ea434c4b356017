"""How the site is built for the tests, and how a page of it is looked at."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

import pytest
import yaml
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Browser, Page, expect, sync_playwright

from tools.chromium import NO_CHROMIUM, chromium
from tools.patience import patience

ROOT = Path(__file__).resolve().parents[2]
FLAGS = (
    "--headless",
    "--no-sandbox",
    "--disable-gpu",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--no-first-run",
)
LOOKS = {
    "light": {"color_scheme": "light", "viewport": {"width": 1280, "height": 900}},
    "dark": {"color_scheme": "dark", "viewport": {"width": 1280, "height": 900}},
    "phone": {"color_scheme": "light", "viewport": {"width": 390, "height": 844}},
}

SAMPLE = {"chapters/initialization/xavier", "chapters/derivations/variance"}
"""Chapters in which every look is judged by every rule: experiments, and proofs."""
ALL_RULES: dict = {}
COLOURS = {"runOnly": {"type": "rule", "values": ["color-contrast"]}}
SHAPE = {"rules": {"color-contrast": {"enabled": False}}}
WAIT = 30_000
"""Milliseconds."""


@contextmanager
def chromium_for_tests() -> Iterator[Browser]:
    """Start the browser; without one tests are skipped, or fail where CI is "true"."""
    with sync_playwright() as playwright:
        path = chromium(playwright.chromium.executable_path)
        if path is None:
            (pytest.fail if os.environ.get("CI") == "true" else pytest.skip)(NO_CHROMIUM)
        expect.set_options(timeout=patience(WAIT))  # a busy machine is not a fault of the page
        browser = playwright.chromium.launch(executable_path=path, args=FLAGS)
        yield browser
        browser.close()


def pages_of_the_book() -> list[str]:
    """Return the site's pages without their suffix: those of _toc.yml, the index, the search."""
    toc = yaml.safe_load((ROOT / "_toc.yml").read_text("utf-8"))
    chapters = [chapter["file"] for part in toc["parts"] for chapter in part["chapters"]]
    return [toc["root"], *chapters, "genindex", "search"]


def build(output: Path, **environment: str) -> Path:
    """Build the book into a folder, warnings as errors, and return the folder of its pages."""
    command = [Path(sys.executable).with_name("jupyter-book"), "build", ROOT]
    command += ["--path-output", output, "--nitpick", "--warningiserror", "--keep-going"]
    result = subprocess.run(
        command,
        env={**os.environ, "NO_COLOR": "1", **environment},
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        check=False,
    )
    if result.returncode != 0:
        lines = result.stdout.splitlines()
        complaints = [line for line in lines if re.search("WARNING|ERROR", line)]
        pytest.fail("\n".join(complaints) or result.stdout[-4000:], pytrace=False)
    return output / "_build" / "html"


@dataclass
class Visit:
    """What one look at one page brought to light."""

    requests: list[str] = field(default_factory=list)
    missing: list[str] = field(default_factory=list)
    errors: list[str] = field(default_factory=list)
    violations: list[str] = field(default_factory=list)
    width: int = 0
    unreachable: list[str] = field(default_factory=list)
    boxed: list[str] = field(default_factory=list)


# Boxes that scroll sideways and that the keyboard cannot reach.
UNREACHABLE = """[...document.querySelectorAll('article *')]
  .filter(box => box.clientWidth > 0 && box.scrollWidth > box.clientWidth + 1)
  .filter(box => ['auto', 'scroll'].includes(getComputedStyle(box).overflowX))
  .filter(box => box.tabIndex < 0 && !box.querySelector('a, button, [tabindex="0"]'))
  .map(box => box.outerHTML.slice(0, 150))"""

# Formulas that are boxed to scroll, or stop the tab key, although they fit into their column.
BOXED = """[...document.querySelectorAll('span.math.wide, .math[tabindex]')]
  .filter(formula => {
    let block = formula.parentElement;
    while (getComputedStyle(block).display.startsWith('inline')) block = block.parentElement;
    const { paddingLeft, paddingRight } = getComputedStyle(block);
    const room = block.clientWidth - parseFloat(paddingLeft) - parseFloat(paddingRight);
    return formula.querySelector('math').getBoundingClientRect().width <= room;
  })
  .map(formula => formula.outerHTML.slice(0, 150))"""

# Marks the blocks of code in which every word has the colours and the font of an earlier one, on
# this page or on one before it, and returns all that there have been.
MARK_REPEATED = """before => {
  const seen = new Set(before);
  for (const block of document.querySelectorAll('.highlight > pre, .sig')) {
    const ground = getComputedStyle(block.parentElement).backgroundColor;
    const kinds = [block, ...block.querySelectorAll('*')].map(word => {
      const style = getComputedStyle(word);
      return [ground, style.backgroundColor, style.color, style.font].join();
    });
    block.toggleAttribute('data-repeated', kinds.every(kind => seen.has(kind)));
    kinds.forEach(kind => seen.add(kind));
  }
  return [...seen];
}"""


def settle(page: Page) -> None:
    """Unfold everything that is folded."""
    page.evaluate("document.querySelectorAll('details').forEach(box => box.open = true)")
    page.evaluate("document.querySelectorAll('.toggle-button-hidden').forEach(b => b.click())")
    page.evaluate("() => new Promise(done => setTimeout(done, 350))")  # the boxes fade in


def look(page: Page, name: str, kind: str, seen: set[str]) -> Visit:
    """Open a page and note what it asks for, what it says, and how it reads.

    ``seen`` has the colours of the code on earlier pages in this look, and gets those of this one.
    """
    visit = Visit()
    page.on("request", lambda request: visit.requests.append(request.url))
    page.on(
        "response",
        lambda response: visit.missing.append(response.url) if response.status >= 400 else None,
    )
    page.on("pageerror", lambda error: visit.errors.append(str(error)))
    page.on(
        "console",
        lambda message: visit.errors.append(message.text) if message.type == "error" else None,
    )
    page.goto(f"{name}.html", wait_until="load")
    settle(page)
    page.keyboard.press("Tab")  # from here on the keyboard stops at what is really too wide
    visit.width = page.evaluate("document.documentElement.scrollWidth")
    visit.unreachable = page.evaluate(UNREACHABLE)
    visit.boxed = page.evaluate(BOXED)
    for violation in violations(page, name, kind, seen):
        places = "; ".join(node["html"][:150] for node in violation["nodes"][:3])
        visit.violations.append(f"{violation['id']}: {violation['help']}: {places}")
    return visit


def violations(page: Page, name: str, kind: str, seen: set[str]) -> list[dict]:
    """Return what axe finds on an open page.

    All rules are tried on every page in the light look. The dark one has the same elements in other
    colours, and the phone the same colours in another frame, so most chapters, which are all built
    alike, are judged there by their colours alone and by the frame's own tests (width, reach).
    """
    sample = not name.startswith("chapters/") or name in SAMPLE
    # Colours are judged on the wide page: they are the same on the narrow one, and it takes long.
    if kind == "phone":
        rules = SHAPE if sample else None
    else:
        rules = ALL_RULES if sample or kind == "light" else COLOURS
        seen |= set(page.evaluate(MARK_REPEATED, sorted(seen)))
    if rules is None:
        return []
    # Without "preload: false" axe itself asks for style sheets, at addresses that do not exist.
    options = {"resultTypes": ["violations"], "preload": False, **rules}
    return Axe().run(page, {"exclude": [["[data-repeated]"]]}, options).response["violations"]
