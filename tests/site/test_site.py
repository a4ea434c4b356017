"""The built site, as a reader meets it: whole, reachable, legible, and asking nobody else."""

from __future__ import annotations

import json
import re
import sys
from base64 import b64decode
from collections import Counter
from collections.abc import Callable
from importlib import import_module
from io import BytesIO
from pathlib import Path
from pkgutil import iter_modules
from types import FunctionType
from urllib.parse import unquote, urldefrag, urljoin, urlsplit

import pytest
from bs4 import BeautifulSoup, Tag
from looking import LOOKS, ROOT, SAMPLE, Visit, pages_of_the_book
from PIL import Image, ImageChops, ImageStat
from playwright.sync_api import Page, expect
from sphinx.errors import ConfigError

import helpers
from helpers.evidence import VERDICTS, load_ledger

sys.path.insert(0, str(ROOT / "book" / "_ext"))
from course_site.chapter_figure import stored_picture
from course_site.pictures import LARGEST_ERROR
from course_site.repository import repository_url

PAGES = pages_of_the_book()
CHAPTERS = [page for page in PAGES if page.startswith("chapters/")]
SETTLED_IN = {f"chapters/{entry['chapter']}" for entry in load_ledger().values()}
UNWANTED = ("fontawesome", "mathjax", "require", "thebe", "mermaid", "html-manager", "anywidget")

each_page = pytest.mark.parametrize("name", PAGES)
each_look = pytest.mark.parametrize("kind", LOOKS)
Visits = Callable[[str, str], Visit]


# As a whole


def test_site_has_the_pages_of_the_book_and_no_other(documents: dict[str, BeautifulSoup]) -> None:
    assert set(documents) == {"index.html", "404.html", *(f"{name}.html" for name in PAGES)}


def test_entrance_leads_to_the_landing_page(page: Page) -> None:
    page.goto("")
    page.wait_for_url(f"**/{PAGES[0]}.html")
    expect(page.locator("article h1")).to_contain_text("Good Start")


def test_internal_links_resolve(site: Path, documents: dict[str, BeautifulSoup]) -> None:
    fragments = {
        name: {tag["id"] for tag in document.find_all(id=True)}
        for name, document in documents.items()
    }
    broken = []
    for name, document in documents.items():
        for tag in document.find_all(["a", "img", "link", "script", "source"]):
            link = tag.get("href") or tag.get("src") or ""
            if not link or urlsplit(link).scheme:
                continue
            target, fragment = urldefrag(urljoin(name, link))
            target = unquote(urlsplit(target).path).lstrip("/")  # 404.html starts at the root
            found = (site / target).is_file()
            if not found or (
                fragment and unquote(fragment) not in fragments.get(target, {fragment})
            ):
                broken.append(f"{name}: {link}")
    assert broken == []


def test_ids_are_unique(documents: dict[str, BeautifulSoup]) -> None:
    for name, document in documents.items():
        ids = Counter(tag["id"] for tag in document.find_all(id=True))
        assert [id for id, count in ids.items() if count > 1] == [], name


def public_names() -> set[str]:
    """Return the full names of all functions and classes that the modules of helpers hand on."""
    found = set()
    for name in (info.name for info in iter_modules(helpers.__path__)):
        module = import_module(f"helpers.{name}")
        listed = getattr(module, "__all__", None) or [
            key
            for key, value in vars(module).items()
            if getattr(value, "__module__", "") == module.__name__
        ]
        if not name.startswith("_"):
            found |= {
                f"{module.__name__}.{key}"
                for key in listed
                if not key.startswith("_") and isinstance(getattr(module, key), type | FunctionType)
            }
    return found


def test_reference_has_every_public_name_where_it_is_imported_from(
    documents: dict[str, BeautifulSoup],
) -> None:
    page = documents["book/api.html"]
    ids = {tag["id"] for tag in page.find_all(["dt", "span"], id=re.compile(r"^helpers\."))}
    names = public_names()
    assert {"helpers.ensemble.EnsembleHistory", "helpers.probes.probe"} <= names
    assert names - ids == set()
    signature = page.find(id="helpers.ensemble.train_ensemble")
    assert signature.find("a", href="#helpers.ensemble.EnsembleHistory")


# Each page in each look


@each_page
@each_look
def test_asks_no_other_host(visits: Visits, address: str, name: str, kind: str) -> None:
    requests = visits(name, kind).requests
    assert [url for url in requests if not url.startswith((address, "data:"))] == []
    assert [url for url in requests if any(script in url for script in UNWANTED)] == []
    assert visits(name, kind).missing == []


@each_page
@each_look
def test_console_is_silent(visits: Visits, name: str, kind: str) -> None:
    assert visits(name, kind).errors == []


@each_page
@each_look
def test_axe_finds_no_violation(visits: Visits, name: str, kind: str) -> None:
    assert visits(name, kind).violations == []


@each_page
def test_phone_does_not_scroll_sideways(visits: Visits, name: str) -> None:
    assert visits(name, "phone").width <= LOOKS["phone"]["viewport"]["width"]


@each_page
def test_what_scrolls_can_be_reached_with_the_keyboard(visits: Visits, name: str) -> None:
    assert visits(name, "phone").unreachable == []


@each_page
@pytest.mark.parametrize("name_of_look", ["light", "phone"])
def test_a_formula_that_fits_has_no_box_and_no_tab_stop(
    visits: Visits, name: str, name_of_look: str
) -> None:
    assert visits(name, name_of_look).boxed == []


# Figures


def articles(documents: dict[str, BeautifulSoup]) -> dict[str, Tag]:
    return {name: page.find("article") for name, page in documents.items() if page.find("article")}


def test_images_have_alternative_text(documents: dict[str, BeautifulSoup]) -> None:
    for name, article in articles(documents).items():
        nameless = [image["src"] for image in article.find_all("img") if not image.get("alt")]
        assert nameless == [], name


def test_figures_have_a_caption(documents: dict[str, BeautifulSoup]) -> None:
    for name, article in articles(documents).items():
        for figure in article.find_all("figure"):
            assert figure.find(class_="caption-text").get_text(strip=True), name
        bare = [
            image["src"] for image in article.find_all("img") if not image.find_parent("figure")
        ]
        assert bare == [], name


def test_no_two_figures_share_their_words(documents: dict[str, BeautifulSoup]) -> None:
    figures = [
        figure for page in articles(documents).values() for figure in page.find_all("figure")
    ]
    captions = [figure.find(class_="caption-text").get_text(strip=True) for figure in figures]
    texts = [image["alt"] for figure in figures for image in figure.find_all("img")]
    assert len(figures) > len(CHAPTERS)
    for words in (captions, texts):
        assert [text for text, count in Counter(words).items() if count > 1] == []


def test_the_landing_pages_figure_is_the_one_that_its_chapter_stores(
    site: Path, documents: dict[str, BeautifulSoup]
) -> None:
    notebook = json.loads((ROOT / "chapters/practice/mnist-cnn.ipynb").read_text("utf-8"))
    stored = Image.open(BytesIO(b64decode(stored_picture(notebook, "fig-cnn-starts"))))
    source = documents[f"{PAGES[0]}.html"].find("article").find("img")["src"]
    shown = Image.open(site / "book" / source)
    difference = ImageChops.difference(stored.convert("RGB"), shown.convert("RGB"))
    assert max(ImageStat.Stat(difference).rms) <= LARGEST_ERROR
    with pytest.raises(ValueError, match="fig-none"):
        stored_picture(notebook, "fig-none")


# What a reader does


def test_search_finds_every_term_of_the_glossary(
    page: Page, documents: dict[str, BeautifulSoup]
) -> None:
    terms = [
        term.get_text().removesuffix("#").strip()
        for term in documents["book/glossary.html"].select("dl.glossary dt")
    ]
    assert len(terms) > 150
    page.goto("search.html?q=gain")
    page.locator("#search-results ul.search li a").first.wait_for()
    find = "term => Search._performSearch(...Search._parseQuery(term)).map(found => found[0])"
    lost = [term for term in terms if "book/glossary" not in page.evaluate(find, term)]
    assert lost == []


def test_search_opens_with_the_keyboard(page: Page) -> None:
    page.goto(f"{PAGES[0]}.html")
    page.keyboard.press("Control+k")
    expect(page.locator("#pst-search-dialog input")).to_be_focused()
    page.keyboard.press("Escape")
    expect(page.locator("#pst-search-dialog")).to_be_hidden()


@pytest.mark.parametrize("name", [PAGES[0], *sorted(SAMPLE)])
def test_skip_link_is_the_first_stop_and_leads_to_the_text(page: Page, name: str) -> None:
    page.goto(f"{name}.html")
    page.keyboard.press("Tab")
    expect(page.locator("#pst-skip-link a")).to_be_focused()
    page.keyboard.press("Enter")
    page.wait_for_url("**#main-content")
    page.keyboard.press("Tab")
    assert page.evaluate("document.activeElement.closest('main') !== null")


def test_every_chapter_has_solutions_and_all_are_folded(
    documents: dict[str, BeautifulSoup],
) -> None:
    for name in CHAPTERS:
        solutions = documents[f"{name}.html"].select(".solution")
        assert solutions, name
        assert all("dropdown" in solution["class"] for solution in solutions), name


@pytest.mark.parametrize("name", sorted(SAMPLE))
def test_solution_unfolds_with_the_keyboard(page: Page, name: str) -> None:
    page.goto(f"{name}.html")
    button = page.locator(".solution .toggle-button").first
    expect(button).to_have_attribute("aria-expanded", "false")
    button.focus()
    page.keyboard.press("Enter")
    expect(button).to_have_attribute("aria-expanded", "true")
    expect(
        page.locator(".solution").first.locator("p:not(.admonition-title)").first
    ).to_be_visible()


def test_dark_is_remembered(page: Page) -> None:
    page.goto(f"{PAGES[0]}.html")
    for _ in range(3):
        if page.evaluate("document.documentElement.dataset.theme") == "dark":
            break
        page.locator(".theme-switch-button:visible").first.click()
    page.goto(f"{PAGES[1]}.html")
    assert page.evaluate("document.documentElement.dataset.theme") == "dark"


# Evidence cards


def test_verdicts_are_explained_in_the_words_of_the_cards(
    documents: dict[str, BeautifulSoup],
) -> None:
    cards = documents["book/how-to-use.html"].find_all(class_="evidence")
    explained = {
        card["class"][1].removeprefix("evidence-"): card.find("strong").get_text() for card in cards
    }
    assert explained == dict(VERDICTS)


def test_verdicts_can_be_told_apart_without_colour(page: Page) -> None:
    page.goto("book/how-to-use.html")
    signs = [
        card.evaluate("card => getComputedStyle(card, '::before').maskImage")
        for card in page.locator(".evidence").all()
    ]
    assert all(sign.startswith("url(") for sign in signs)
    assert len(set(signs)) == len(VERDICTS)


@pytest.mark.parametrize("name", [page for page in CHAPTERS if page in SETTLED_IN])
def test_chapters_show_their_evidence(documents: dict[str, BeautifulSoup], name: str) -> None:
    assert documents[f"{name}.html"].select("div.evidence[id]")


# Folded cells


def test_a_folded_cell_shows_its_label_whether_it_is_open_or_not(page: Page) -> None:
    page.goto("chapters/activations/relu.html")
    cell = page.locator("div.cell details.hide").first
    label, code = cell.get_by_text("Set up", exact=True), cell.locator("pre")
    for opened in (False, True):
        expect(label).to_be_visible()
        expect(code).to_be_visible(visible=opened)
        assert cell.locator("summary").inner_text().strip() == "Set up"
        cell.locator("summary").press("Enter")


def test_what_a_card_rests_on_is_folded(page: Page) -> None:
    page.goto("chapters/activations/relu.html")
    folded = page.locator("div.evidence[id] details").first
    expect(folded.locator("li").first).to_be_hidden()
    folded.locator("summary").press("Enter")
    expect(folded.locator("li").first).to_be_visible()
    expect(folded.locator("li").first).to_have_text(re.compile("^\u2713 .*: "))
    sizes = [
        float(box.evaluate("box => getComputedStyle(box).fontSize").removesuffix("px"))
        for box in (folded, page.locator(".evidence-statement").first)
    ]
    assert sizes[0] < sizes[1]


# The page of claims


def shown_claims(page: Page) -> list[str]:
    return [row.get_attribute("id") for row in page.locator(".evidence[data-source]:visible").all()]


def test_claims_are_filtered_and_the_choice_can_be_shared(page: Page) -> None:
    ledger = {id: entry for id, entry in load_ledger().items() if "claim" in entry}
    page.goto("book/claims.html")
    assert sorted(shown_claims(page)) == sorted(ledger)
    page.get_by_label("Source").select_option("S1")
    page.get_by_label("Topic").select_option("practice/mnist-cnn")
    wanted = [id for id, e in ledger.items() if id[:2] == "S1" and e["chapter"][9:] == "mnist-cnn"]
    assert sorted(shown_claims(page)) == sorted(wanted)
    page.get_by_label("Verdict").select_option("broken")
    assert shown_claims(page) == ["S1-26"]
    expect(page.get_by_role("status")).to_have_text(f"1 of {len(ledger)} statements")
    page.goto(page.url)
    assert shown_claims(page) == ["S1-26"]
    page.get_by_role("button", name="Show all").click()
    expect(page.get_by_role("status")).to_have_text(f"{len(ledger)} of {len(ledger)} statements")
    assert "?" not in page.url


def test_a_part_can_be_chosen_as_a_topic(page: Page) -> None:
    page.goto("book/claims.html?topic=practice&source=nonsense")
    chapters = {
        row.get_attribute("data-chapter").split("/")[0]
        for row in page.locator(".evidence[data-source]:visible").all()
    }
    assert chapters == {"practice"}


def test_a_link_to_a_claim_that_is_filtered_out_shows_it(page: Page) -> None:
    page.goto("book/claims.html?source=S0")
    expect(page.locator("#S1-26")).to_be_hidden()
    page.evaluate("location.hash = 'S1-26'")
    expect(page.locator("#S1-26")).to_be_visible()


def test_claims_lead_to_the_cells_that_settle_them(documents: dict[str, BeautifulSoup]) -> None:
    rows = documents["book/claims.html"].select(".evidence[data-source]")
    settled = [row for row in rows if row["data-verdict"] != "open"]
    existing = {name.removeprefix("chapters/") for name in CHAPTERS}
    claimed = {entry["chapter"] for entry in load_ledger().values() if "claim" in entry}
    assert {row["data-chapter"] for row in settled} == claimed & existing
    for row in settled:
        target = f"chapters/{row['data-chapter']}.html#claim-{row['id']}"
        assert row.select_one("a:not(.permalink)")["href"].endswith(target)


# The repository's address

URL = "https://github.com/owner/good-start"


@pytest.mark.parametrize(
    ("environment", "remote", "expected"),
    [
        ({}, "", None),
        ({}, "https://github.com/owner/good-start.git", URL),
        ({}, "git@github.com:owner/good-start.git", URL),
        ({}, "ssh://git@github.com/owner/good-start", URL),
        ({}, "https://example.org/owner/good-start.git", None),
        ({}, "/srv/git/good-start.git", None),
        ({"GITHUB_REPOSITORY": "owner/good-start"}, "", URL),
        ({"GITHUB_REPOSITORY": "owner/good-start"}, "git@github.com:other/fork.git", URL),
        ({"COURSE_REPOSITORY_URL": f"{URL}/", "GITHUB_REPOSITORY": "a/b"}, "", URL),
        ({"COURSE_REPOSITORY_URL": ""}, "git@github.com:owner/good-start.git", None),
    ],
)
def test_address_is_taken_from_environment_or_remote(
    monkeypatch: pytest.MonkeyPatch, environment: dict, remote: str, expected: str | None
) -> None:
    monkeypatch.setattr("course_site.repository.origin", lambda folder: remote)
    assert repository_url(environment, ROOT) == expected


@pytest.mark.parametrize("name", ["COURSE_REPOSITORY_URL", "GITHUB_REPOSITORY"])
def test_malformed_address_is_refused(name: str) -> None:
    with pytest.raises(ConfigError, match=f"{name} is 'nonsense'"):
        repository_url({name: "nonsense"}, ROOT)


HOSTS = ("github.com", "mybinder.org", "colab.research.google.com", "executablebooks")


def buttons(site: Path, name: str) -> list[str]:
    document = BeautifulSoup((site / f"{name}.html").read_bytes(), "html.parser")
    links = [link["href"] for link in document.select(".article-header-buttons a[href]")]
    return [link for link in links if any(host in link for host in HOSTS)]


@each_page
def test_without_address_there_is_no_button(site: Path, name: str) -> None:
    assert buttons(site, name) == []
    assert "executablebooks" not in (site / f"{name}.html").read_text("utf-8")


@pytest.mark.parametrize("name", CHAPTERS)
def test_with_address_a_chapter_can_be_launched_and_edited(
    site_with_repository: Path, name: str
) -> None:
    repository, copy = "https://github.com/example/good-start", name.removeprefix("chapters/")
    links = buttons(site_with_repository, name)
    assert links[:4] == [
        f"https://mybinder.org/v2/gh/example/good-start/portable?urlpath=lab/tree/{copy}.ipynb",
        f"https://colab.research.google.com/github/example/good-start/blob/portable/{copy}.ipynb",
        repository,
        f"{repository}/edit/main/{name}.ipynb",
    ]
    assert links[4].startswith(f"{repository}/issues/new")
    assert len(links) == 5


def test_with_address_the_text_names_it(site: Path, site_with_repository: Path) -> None:
    page = "book/how-to-use.html"
    assert "git+ADDRESS" in (site / page).read_text("utf-8")
    text = (site_with_repository / page).read_text("utf-8")
    assert "git+https://github.com/example/good-start&quot;<" in text
    assert "https://github.com/example/good-start/blob/main/CONTRIBUTING.md" in text
