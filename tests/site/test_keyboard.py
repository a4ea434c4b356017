"""What the keyboard reaches, and how many presses of a key it takes."""

from __future__ import annotations

import sys

import pytest
from bs4 import BeautifulSoup
from looking import ROOT
from playwright.sync_api import Page

sys.path.insert(0, str(ROOT / "book" / "_ext"))
from course_site.accessibility import with_stops
from course_site.sidebar import in_parts

LONGEST_WALK = 300
VARIANCE = "chapters/derivations/variance.html"
FOCUS = (
    "document.activeElement === document.body ? null : window.all.indexOf(document.activeElement)"
)
# What a reader may want to focus: all that a click does something to, and is there to be seen.
ALL = """window.all = [...document.querySelectorAll('a[href], button, summary, input, select')]
  .filter(item => item.checkVisibility({visibilityProperty: true}))"""
KINDS = [
    "nav.bd-links :is(summary, a)",
    "nav.page-toc a",
    "button.copybtn",
    "a.enlarge",
    ".evidence a.permalink",
    ".evidence summary",
    "details.hide > summary",
]


def open_whole(page: Page) -> None:
    """Open the page with the buttons of its scripts and its explorer, which waits for a reader."""
    page.goto(VARIANCE)
    page.locator("button.copybtn").first.wait_for(state="attached")
    page.locator(".explorer").scroll_into_view_if_needed()
    page.locator(".explorer output").first.wait_for()
    page.evaluate("scrollTo(0, 0)")
    page.evaluate(ALL)


def walk(page: Page, key: str) -> list[int]:
    """Press a key until the focus leaves the page or stays; return the numbers of what had it."""
    reached: list[int] = []
    for _ in range(LONGEST_WALK):
        page.keyboard.press(key)
        number = page.evaluate(FOCUS)
        if number is None or (number >= 0 and [number] == reached[-1:]):
            break
        reached.append(number)
    return reached


def test_a_page_is_passed_in_fewer_than_sixty_presses(page: Page) -> None:
    open_whole(page)
    assert 20 < len(walk(page, "Tab")) < 60


def test_tab_and_the_arrow_keys_reach_everything(page: Page) -> None:
    open_whole(page)
    reached = set(walk(page, "Tab"))
    for kind in KINDS:
        page.locator(kind).locator("visible=true").first.focus()
        for key in ("ArrowDown", "ArrowUp"):
            reached |= set(walk(page, key))
    assert (
        page.evaluate(
            "reached => window.all.filter((item, n) => !reached.includes(n)).map(i => i.outerHTML)",
            list(reached),
        )
        == []
    )


@pytest.mark.parametrize("kind", KINDS)
def test_a_kind_has_one_stop_and_says_how_to_go_on(page: Page, kind: str) -> None:
    open_whole(page)
    page.keyboard.press("Tab")
    stops = page.locator(f":is({kind}):not([tabindex='-1'])").locator("visible=true")
    assert stops.count() == 1
    stops.focus()
    page.keyboard.press("ArrowDown")
    hint = page.evaluate("getComputedStyle(document.body, '::after').content")
    assert "Arrow keys" in hint


@pytest.mark.parametrize(
    ("html", "is_stop"),
    [
        ("<pre>x = 1</pre>", False),
        (f"<pre>{'<span>x</span>' * 20}</pre>", False),
        (f"<pre>{'&lt;' * 20}</pre>", False),
        (f"<pre>x\n{'<span>x</span>' * 40}\nx</pre>", True),
        ('<div class="output text_html"><div>\n<style scoped></style><table>', True),
        ('<div class="output text_html"><div class="evidence">', False),
    ],
)
def test_what_may_be_too_wide_is_a_stop_without_a_script(html: str, is_stop: bool) -> None:
    assert ('tabindex="0"' in with_stops(html)) == is_stop


def test_the_part_that_is_read_lies_open(documents: dict[str, BeautifulSoup]) -> None:
    for name, page in documents.items():
        parts = page.select(".course-part")
        if not parts:
            continue
        opened = [part for part in parts if part.has_attr("open")]
        assert len(opened) == 1, name
        if name.startswith("chapters/"):
            assert opened[0].select_one("li.current"), name


def test_on_a_page_of_no_part_the_first_is_open() -> None:
    title = '<p class="caption"><span class="caption-text">One</span></p>'
    html = f'{title}<ul><li class="a">x</li></ul>\n{title}<ul><li class="a">y</li></ul>'
    assert in_parts(html).count("<details") == 2
    assert in_parts(html).startswith('<details class="course-part" open>')
