"""Formulas: MathML in the page itself, right or refused."""

from __future__ import annotations

import sys
from pathlib import Path
from xml.etree import ElementTree

import pytest
from bs4 import BeautifulSoup
from fontTools.ttLib import TTFont
from looking import ROOT, pages_of_the_book
from playwright.sync_api import Page

sys.path.insert(0, str(ROOT / "book" / "_ext"))
from course_site.mathematics import mathml, plain

CHAPTERS = [page for page in pages_of_the_book() if page.startswith("chapters/")]
MALFORMED = (
    "",
    r"\unknown x",
    "{x",
    "x}",
    r"\frac{1}",
    r"\left( x",
    r"x \right)",
    "x^",
    "a_b_c",
    "x^2^3",
    r"\sqrt",
    "a & b",
    r"a \\ b",
    r"\begin{aligned} a &= b",
    r"\begin{nowhere} a \end{nowhere} \\ b",
)


@pytest.mark.parametrize("tex", MALFORMED)
def test_a_malformed_formula_is_refused(tex: str) -> None:
    with pytest.raises(ValueError, match=r"\S"):
        mathml(tex, "inline")


@pytest.mark.parametrize(
    ("tex", "signs"),
    [
        (r"\sigma_w^2\, \mathbb{E}[\phi(u)^2]", "\u03c3w2\U0001d53c[ϕ(u)2]"),
        (r"\mathcal{L} = -\ln p", "\u2112=\N{MINUS SIGN}lnp"),
        (r"W^{\mathsf T} \mathbf{x}", "W\U0001d5b3\U0001d431"),
        (r"\operatorname{ReLU}(z) = \max(0, z)", "ReLU(z)=max(0,z)"),
        (r"\big\langle \phi(z)^2 \big\rangle", "\u27e8\u03d5(z)2\u27e9"),
        ("16{,}000", "16,000"),
        (r"\frac{\mathrm{d} q}{\mathrm{d} p}", "dqdp"),
        ("0 < p > q", "0<p>q"),
    ],
)
def test_a_formula_keeps_its_signs(tex: str, signs: str) -> None:
    assert plain(tex).replace("\u00a0", "") == signs


def test_upright_letters_stay_upright() -> None:
    assert mathml(r"\frac{\mathrm{d} q}{2}", "inline").count("<mi>") == 1


def test_lines_of_a_gathered_formula_are_rows() -> None:
    tree = ElementTree.fromstring(mathml(r"\begin{gathered} a \\ b \end{gathered}", "block"))
    assert len(tree.findall(".//mtr")) == 2
    assert tree.find(".//mtable").get("displaystyle") == "true"


def test_names_signs_and_fractions_are_spaced_as_in_print() -> None:
    def spaces(tex: str) -> int:
        return mathml(tex, "inline").count("<mspace")

    assert spaces(r"\tanh z") == spaces(r"c \max(0, z)") == 1
    assert spaces(r"\tanh(z)") == spaces(r"\operatorname{E}[z]") == 0
    assert 'form="prefix"' in mathml("x = -1", "inline")
    assert 'form="prefix"' not in mathml("x - 1", "inline")
    assert 'lspace="0"' in mathml("1/n", "inline")


def test_every_formula_of_the_site_is_mathml(documents: dict[str, BeautifulSoup]) -> None:
    for name, page in documents.items():
        formulas = page.select(".math")
        assert [str(formula)[:200] for formula in formulas if not formula.find("math")] == [], name
        assert page.select(".math code") == [], name
    assert all(documents[f"{name}.html"].select("math") for name in CHAPTERS)


def test_numbered_formulas_can_be_linked(documents: dict[str, BeautifulSoup]) -> None:
    page = documents["chapters/derivations/variance.html"]
    numbered = page.select("div.math[id]:has(.eqno)")
    assert len(numbered) >= 2
    assert all(formula.select_one(".eqno a.headerlink") for formula in numbered)


def test_every_sign_is_in_the_font_of_the_site(
    site: Path, documents: dict[str, BeautifulSoup]
) -> None:
    known = set(map(chr, TTFont(site / "_static" / "fonts" / "mathematics.woff2").getBestCmap()))
    shown = {sign for page in documents.values() for tag in page("math") for sign in tag.get_text()}
    assert shown - known == set()


@pytest.mark.parametrize("name", ["chapters/derivations/variance", "chapters/initialization/he"])
def test_the_font_is_loaded_and_every_formula_is_seen(page: Page, name: str) -> None:
    page.goto(f"{name}.html")
    loaded = page.evaluate(
        """async () => (await document.fonts.load("20px 'Course Mathematics'", "\\u{1D44A}"))
             .map(face => face.status)"""
    )
    assert loaded == ["loaded"]
    page.evaluate("document.fonts.ready")
    rows = page.evaluate(
        """() => [...document.querySelectorAll('math')].map(formula =>
             [formula.textContent.slice(0, 40), formula.getBoundingClientRect().height])"""
    )
    assert [text for text, height in rows if height == 0 and text.strip()] == []


def test_formulas_are_no_stops_on_the_way_through_the_derivations(page: Page) -> None:
    page.goto("chapters/derivations/variance.html", wait_until="load")
    page.keyboard.press("Tab")  # test_keyboard.py counts the stops of all kinds
    assert page.locator("main .math[tabindex]").count() == 0
