"""The search: what readers type leads to the page that they want."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest
from looking import ROOT
from playwright.sync_api import Browser, Page
from sphinx.errors import ExtensionError

sys.path.insert(0, str(ROOT / "book" / "_ext"))
from course_site.search import other_names

QUERIES = {
    "vanishing gradient": "chapters/background/vanishing-gradients",
    "exploding gradients": "chapters/background/vanishing-gradients",
    "loss does not decrease": "chapters/background/why-training-stalls",
    "backpropagation": "chapters/background/networks-weights-activations",
    "why not zero": "chapters/initialization/zero-and-constant",
    "symmetry breaking": "chapters/initialization/zero-and-constant",
    "random initialization": "chapters/initialization/random",
    "xavier": "chapters/initialization/xavier",
    "glorot": "chapters/initialization/xavier",
    "xavier vs he": "chapters/initialization/he",
    "he initialization": "chapters/initialization/he",
    "He initialisation": "chapters/initialization/he",
    "kaiming": "chapters/initialization/he",
    "orthogonal init": "chapters/initialization/orthogonal",
    "lsuv": "chapters/initialization/data-dependent",
    "sigmoid saturation": "chapters/activations/sigmoid",
    "tanh": "chapters/activations/tanh",
    "dead neuron": "chapters/activations/relu",
    "dying relu": "chapters/activations/relu",
    "leaky": "chapters/activations/relu-family",
    "gelu": "chapters/activations/relu-family",
    "softmax": "chapters/activations/output-layers",
    "derivative of sigmoid": "chapters/derivations/activation-derivatives",
    "edge of chaos": "chapters/derivations/mean-field",
    "mnist": "chapters/practice/mnist-cnn",
    "batch norm": "chapters/practice/photographs",
    "lstm": "chapters/practice/text",
    "pytorch default": "chapters/practice/frameworks",
    "debug my network": "chapters/practice/audit-your-network",
    "which activation function": "chapters/activations/relu-family",
}
LINKS = "#search-results ul.search li a"


def found(page: Page, query: str) -> list[str]:
    """Return the pages that a search shows, in order."""
    return [place["page"] for place in page.evaluate("query => ranked(american(query))", query)]


def test_the_wanted_page_is_among_the_first_three(page: Page) -> None:
    page.goto("search.html")
    page.wait_for_function("Search.hasIndex()")
    missed = {query: found(page, query)[:3] for query in QUERIES}
    missed = {query: first for query, first in missed.items() if QUERIES[query] not in first}
    assert len(QUERIES) == 30
    assert len(missed) <= 2, missed


def test_british_spelling_finds_as_much(page: Page) -> None:
    page.goto("search.html")
    page.wait_for_function("Search.hasIndex()")
    assert found(page, "initialisation") == found(page, "initialization") != []


def test_results_are_links_with_an_excerpt_of_the_text(page: Page) -> None:
    page.goto("search.html?q=dead+unit")
    page.locator(LINKS).first.wait_for()
    excerpts = page.locator("#search-results .context").all_text_contents()
    assert all(excerpts)
    assert "dead unit" in " ".join(excerpts[:3])
    assert not any("On this page" in excerpt or "\\" in excerpt for excerpt in excerpts)


def test_nothing_found_is_said(page: Page) -> None:
    page.goto("search.html?q=qqqq")
    page.wait_for_function("document.querySelector('.search-summary')?.innerText")
    assert "Nothing found" in page.locator(".search-summary").inner_text()


def test_search_works_from_a_disk(browser: Browser, site: Path) -> None:
    page = browser.new_page()
    errors: list[str] = []
    page.on("pageerror", lambda error: errors.append(str(error)))
    page.on("console", lambda line: errors.append(line.text) if line.type == "error" else None)
    page.goto(f"{(site / 'search.html').as_uri()}?q=glorot")
    page.locator(LINKS).first.click()
    page.wait_for_url("**/*.html*")
    assert errors == []
    page.close()


def test_a_name_for_a_page_that_is_not_there_is_refused() -> None:
    with pytest.raises(ExtensionError, match="no page book/claims"):
        other_names(ROOT, {"chapters/initialization/he"})
