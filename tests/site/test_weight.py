"""What a reader waits for: bytes, requests, moving parts; and what is there without a script."""

from __future__ import annotations

import gzip
import sys
from pathlib import Path
from urllib.parse import urlsplit

import pytest
import tinycss2
from axe_playwright_python.sync_playwright import Axe
from bs4 import BeautifulSoup
from looking import ROOT, pages_of_the_book
from PIL import Image
from playwright.sync_api import Browser, Page

from benchmarks import page_load

sys.path.insert(0, str(ROOT / "book" / "_ext"))
from course_site.assets import used_rules
from course_site.pictures import LARGEST_ERROR, with_palette

PAGES = pages_of_the_book()
CHAPTERS = [page for page in PAGES if page.startswith("chapters/")]
PACKED = {".png", ".woff2"}
MOST = {PAGES[0]: 130, "search": 350}
"""Kilobytes before scrolling, of the other pages 300; the search brings its index."""
SHIFT = """() => new Promise(done => {
  let sum = 0;
  new PerformanceObserver(list => {
    for (const shift of list.getEntries()) if (!shift.hadRecentInput) sum += shift.value;
  }).observe({type: 'layout-shift', buffered: true});
  setTimeout(() => done(sum), 500);
})"""

TOUCH = {"runOnly": ["target-size"], "resultTypes": ["violations"], "preload": False}
"""Nothing covers a link or a button, not even a section that is not laid out yet."""


def kilobytes(site: Path, urls: list[str]) -> float:
    """Return the weight of these files as a server with gzip sends them."""
    paths = {site / urlsplit(url).path.lstrip("/") for url in urls if url.startswith("http")}
    bodies = (
        path.read_bytes() if path.suffix in PACKED else gzip.compress(path.read_bytes(), 6)
        for path in paths
    )
    return sum(map(len, bodies)) / 1000


@pytest.mark.parametrize("name", PAGES)
def test_a_page_is_light_stands_still_and_is_easy_to_touch(
    browser: Browser, address: str, site: Path, name: str
) -> None:
    context = browser.new_context(base_url=address, viewport=page_load.PHONE)
    page = context.new_page()
    urls: list[str] = []
    page.on("request", lambda request: urls.append(request.url))
    page.goto(f"{name}.html", wait_until="load")
    shift = page.evaluate(SHIFT)
    assert kilobytes(site, urls) <= MOST.get(name, 300), urls
    assert shift <= 0.02
    assert Axe().run(page, options=TOUCH).response["violations"] == []
    context.close()


def test_the_benchmark_sees_a_slow_line(browser: Browser, site: Path) -> None:
    with page_load.served(site) as address:
        seen = page_load.visit(browser, f"{address}{PAGES[0]}.html")
    assert 30 < seen.kilobytes <= 130
    assert seen.requests > 5
    assert seen.load > 3 * page_load.ROUND_TRIP / 1000


def test_pictures_have_a_size_wait_their_turn_and_open_large(
    documents: dict[str, BeautifulSoup], site: Path
) -> None:
    for name, page in documents.items():
        for image in page.select("article figure img"):
            path = (site / name).parent / image["src"]
            with Image.open(path) as picture:
                assert (int(image["width"]), int(image["height"])) == picture.size
            assert image["loading"] == "lazy"
            assert image.parent.name == "a"
            assert image.parent["href"] == image["src"]


def test_a_palette_is_taken_where_it_cannot_be_seen() -> None:
    plain = Image.new("RGB", (64, 64), "white")
    plain.paste((200, 30, 30), (8, 8, 40, 40))
    palette = with_palette(plain)
    assert palette.mode == "P"
    assert palette.convert("RGB").getpixel((0, 0)) == (255, 255, 255)
    noise = Image.effect_noise((64, 64), 90)
    colourful = Image.merge("RGB", (noise, noise.rotate(90), noise.rotate(180)))
    assert with_palette(colourful) is None
    assert LARGEST_ERROR < 3


@pytest.mark.parametrize(
    ("css", "kept"),
    [
        (".a{x:y}", ".a{x:y}"),
        (".a .c,.a:hover,p{x:y}", ".a:hover,p{x:y}"),
        (".a:not(.c){x:y}", ".a:not(.c){x:y}"),
        ("@media print{.c{x:y}.a{x:y}}", "@media print{.a{x:y}}"),
        ("@media print{.c{x:y}}", ""),
        ("@font-face{src:url(vendor/fontawesome/a.ttf)}", ""),
        ("@keyframes k{to{x:y}}", "@keyframes k{to{x:y}}"),
    ],
)
def test_rules_for_what_no_page_has_are_left_out(css: str, kept: str) -> None:
    rules = tinycss2.parse_stylesheet(css)
    assert "".join(used_rules(rules, {"a", "b"})) == kept


def test_icons_are_in_the_font(page: Page) -> None:
    page.goto(f"{CHAPTERS[0]}.html")
    shown = page.evaluate(
        """async () => {
          await document.fonts.load('900 16px "Font Awesome 6 Free"');
          if (![...document.fonts].some(f => f.family.includes("Awesome") && f.status == "loaded"))
            return [];
          return [...document.querySelectorAll('i[class*="fa-"]')].filter(i => i.checkVisibility())
            .map(icon => getComputedStyle(icon, '::before').content);
        }"""
    )
    assert len(shown) > 3
    assert "none" not in shown


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_the_theme_is_there_before_the_first_paint(
    browser: Browser, address: str, scheme: str
) -> None:
    context = browser.new_context(base_url=address, color_scheme=scheme)
    page = context.new_page()
    page.route("**/site.js*", lambda route: route.abort())
    page.goto(f"{CHAPTERS[0]}.html")
    paper = page.evaluate("getComputedStyle(document.body).backgroundColor")
    assert paper == {"light": "rgb(255, 255, 255)", "dark": "rgb(19, 25, 27)"}[scheme]
    assert page.evaluate("getComputedStyle(document.documentElement).fontSize") == "16px"
    context.close()


def test_without_scripts_text_formulas_and_colours_stand(browser: Browser, address: str) -> None:
    context = browser.new_context(base_url=address, java_script_enabled=False)
    page = context.new_page()
    page.goto("chapters/derivations/variance.html")
    assert page.locator("math").first.bounding_box()["height"] > 8
    for selector in ("article .admonition.dropdown p >> nth=1", "article h1", ".evidence"):
        assert page.locator(selector).first.is_visible(), selector
    html = page.locator("html")
    assert html.get_attribute("data-theme") == "light"
    context.close()
