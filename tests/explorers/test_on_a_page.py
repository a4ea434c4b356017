"""The explorers as a reader meets them: by mouse, by keyboard, by ear, on paper, and by a link."""

from __future__ import annotations

import re
import shutil
from collections.abc import Iterator
from html import escape
from pathlib import Path

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Browser, Page, expect

from helpers._bundling import bundle, explorer_names
from tests.explorers.test_bundling import EXPLORERS
from tests.site.looking import chromium_for_tests

NAMES = ("signal", "fans", "activation", "symmetry", "phases", "training", "rates")
PAGE = """<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>Explorers</title>
<link rel="icon" href="data:,">
<link rel="stylesheet" href="explorers.css">
<script defer src="explorers.js"></script>
</head>
<body><main><h1>Explorers</h1>{places}</main></body>
</html>
"""
TALL = 9000
"""A window that shows the whole page: explorers out of sight do nothing."""
PLACE = '<div class="explorer" data-explorer="{name}" {data}><p>What is stored.</p></div>'


def write_page(folder: Path, between: str = "", **data: str) -> str:
    """Write a page that shows these explorers, or all; return its address."""
    shutil.copy(EXPLORERS / "view" / "explorers.css", folder)
    (folder / "explorers.js").write_text(bundle(EXPLORERS / "site.js"), "utf-8")
    data = data or dict.fromkeys(NAMES, "")
    places = [PLACE.format(name=name, data=text) for name, text in data.items()]
    (folder / "page.html").write_text(PAGE.format(places=between.join(places)), "utf-8")
    return (folder / "page.html").as_uri()


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    """One browser for all tests."""
    with chromium_for_tests() as browser:
        yield browser


@pytest.fixture(scope="module")
def address(tmp_path_factory: pytest.TempPathFactory) -> str:
    """The address of a page, in a folder, that shows every explorer."""
    return write_page(tmp_path_factory.mktemp("explorers"))


@pytest.fixture
def page(browser: Browser) -> Iterator[Page]:
    """An empty page; at the end nothing was said to the console, and no other host was asked."""
    context = browser.new_context(viewport={"width": 1000, "height": TALL})
    page = context.new_page()
    said, asked = [], []
    page.on("console", lambda message: said.append(message.text))
    page.on("pageerror", lambda error: said.append(str(error)))
    page.on("request", lambda request: asked.append(request.url))
    yield page
    context.close()
    assert said == []
    assert [url for url in asked if not url.startswith(("file:", "data:"))] == []


def visit(page: Page, address: str) -> None:
    """Open an address and wait for all explorers in the window."""
    page.goto(address)
    page.wait_for_selector("[data-explorer]")
    expect(page.locator("[data-explorer]:not(.explorer-mounted)")).to_have_count(0)


def told(page: Page, name: str = "signal") -> str:
    """Return the sentences that say what an explorer shows."""
    return page.locator(f"[data-explorer={name}] p[role=status]").first.inner_text()


def lines(page: Page, name: str = "signal") -> list[str]:
    """Return the paths that an explorer draws."""
    drawn = page.locator(f"[data-explorer={name}] svg path").all()
    return [path.get_attribute("d") for path in drawn]


def test_every_explorer_is_here() -> None:
    assert set(NAMES) == set(explorer_names(EXPLORERS))


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_axe_finds_no_violation(page: Page, address: str, scheme: str) -> None:
    page.emulate_media(color_scheme=scheme)
    visit(page, address)
    page.evaluate("document.querySelectorAll('details').forEach(box => box.open = true)")
    options = {"resultTypes": ["violations"], "preload": False}
    found = Axe().run(page, options=options).response["violations"]
    assert [f"{each['id']}: {each['nodes'][0]['html'][:200]}" for each in found] == []


@pytest.mark.parametrize("width", [320, 360])
def test_a_phone_does_not_scroll_sideways(page: Page, address: str, width: int) -> None:
    page.set_viewport_size({"width": width, "height": TALL})
    visit(page, address)
    assert page.evaluate("document.documentElement.scrollWidth") <= width


def test_the_stored_figure_is_for_paper_and_for_pages_without_scripts(
    browser: Browser, page: Page, address: str
) -> None:
    visit(page, address)
    stored = page.get_by_text("What is stored.").first
    expect(stored).to_be_hidden()
    page.emulate_media(media="print")
    expect(stored).to_be_visible()
    expect(page.locator(".explorer-live").first).to_be_hidden()
    context = browser.new_context(java_script_enabled=False)
    plain = context.new_page()
    plain.goto(address)
    expect(plain.get_by_text("What is stored.").first).to_be_visible()
    context.close()


def test_no_two_elements_share_an_id(page: Page, address: str) -> None:
    visit(page, address)
    ids = page.evaluate("[...document.querySelectorAll('[id]')].map(each => each.id)")
    assert len(ids) == len(set(ids)) > 0


def test_nothing_moves_by_itself(page: Page, address: str) -> None:
    page.emulate_media(reduced_motion="reduce")
    visit(page, address)
    assert page.evaluate("document.getAnimations().length") == 0


def test_the_keyboard_alone_is_enough(page: Page, address: str) -> None:
    visit(page, address)
    before = told(page), lines(page)
    page.locator("#signal-scheme").focus()
    for _ in range(3):
        page.keyboard.press("Tab")
    expect(page.get_by_label("Activation").first).to_be_focused()
    page.keyboard.press("r")
    expect(page.get_by_label("Activation").first).to_have_value("relu")
    page.keyboard.press("Tab")
    page.keyboard.press("End")
    expect(page.locator("output[for=signal-depth]")).to_have_text("50")
    after = told(page), lines(page)
    assert after[0] != before[0]
    assert after[1] != before[1]


def test_what_is_told_is_what_is_drawn(page: Page, address: str) -> None:
    visit(page, f"{address}#signal?scheme=he_normal&activation=relu&depth=30&seed=1")
    assert re.search("^The signal (keeps|falls|grows)", told(page))
    labels = [svg.get_attribute("aria-label") for svg in page.locator("svg").all()[:2]]
    signal, gradient = (label.rpartition(": ")[2].capitalize() for label in labels)
    assert told(page).startswith(f"{signal}. {gradient}. ")
    visit(page, f"{address}#signal?scheme=normal&activation=relu&depth=30&seed=1")
    assert told(page).startswith("The signal falls from ")
    page.locator("[data-explorer=signal] summary").click()
    rows = page.locator("[data-explorer=signal] tbody tr")
    expect(rows).to_have_count(30)
    last = rows.last.locator("td").all_inner_texts()
    assert last[0] == "30"
    assert f"to {last[1]} on its way up" in told(page)


def test_a_link_holds_the_settings(page: Page, address: str) -> None:
    visit(page, address)
    page.get_by_label("Scheme").first.select_option("xavier_uniform")
    page.locator("#signal-seed").press("ArrowRight")
    page.wait_for_url(re.compile(r"#signal\?.*seed=1"))
    seen, link = lines(page), page.url
    page.goto("about:blank")
    visit(page, link)
    assert lines(page) == seen
    expect(page.get_by_label("Scheme").first).to_have_value("xavier_uniform")


def test_a_link_that_asks_too_much_is_bounded(page: Page, address: str) -> None:
    visit(page, f"{address}#signal?scheme=nonsense&activation=relu&depth=1e9&seed=-3&scale=much")
    expect(page.get_by_label("Scheme").first).to_have_value("lecun_normal")
    shown = page.locator("[data-explorer=signal] output").all_inner_texts()
    assert shown == ["1", "0", "50", "0"]
    warning = page.locator("[data-explorer=signal] p[role=alert]")
    expect(warning).to_have_text("Not taken as it stands: scheme, depth, seed, scale.")
    visit(page, f"{address}#signal?scheme=he_normal&dep")
    expect(warning).to_have_text("Not taken as it stands: dep.")
    visit(page, f"{address}#signal?scheme=he_normal&depth=12")
    expect(warning).to_have_text("")


LONG = '<div style="height: 4000px"></div>'


def test_what_is_out_of_sight_does_nothing(page: Page, tmp_path: Path) -> None:
    page.set_viewport_size({"width": 1000, "height": 600})
    page.goto(write_page(tmp_path, LONG, signal="", training=""))
    expect(page.locator(".explorer-mounted").first).to_be_visible()
    training = page.locator("[data-explorer=training]")
    assert training.locator("svg").count() == 0
    training.scroll_into_view_if_needed()
    training.get_by_role("button", name="Play").click()
    expect(training.get_by_role("button", name="Pause")).to_be_visible()
    page.evaluate("scrollTo(0, 0)")
    expect(training.get_by_role("button", name="Play")).to_have_count(1)


def test_a_link_leads_to_an_explorer_far_below(page: Page, tmp_path: Path) -> None:
    page.set_viewport_size({"width": 1000, "height": 600})
    address = write_page(tmp_path, LONG, signal="", training="", rates="")
    page.goto(f"{address}#training?depth=7")
    expect(page.locator("output[for=training-depth]")).to_have_text("7")
    expect(page.locator("[data-explorer=training]")).to_be_in_viewport()


def test_the_first_setting_is_that_of_the_page(page: Page, tmp_path: Path) -> None:
    state = escape("activation=relu&depth=7")
    visit(page, write_page(tmp_path, signal=f'data-state="{state}" data-controls="depth scale"'))
    expect(page.locator("output[for=signal-depth]")).to_have_text("7")
    assert page.locator(".explorer-controls label").all_inner_texts() == ["Layers", "Times"]


def test_the_same_seed_is_the_same_start_and_a_new_one_is_not(page: Page, address: str) -> None:
    visit(page, address)
    first = lines(page)
    page.get_by_role("button", name="New start").first.click()
    expect(page.locator("output[for=signal-seed]")).to_have_text("1")
    assert lines(page) != first
    page.locator("#signal-seed").press("ArrowLeft")
    assert lines(page) == first


def test_nothing_of_an_earlier_drawing_stays(page: Page, address: str) -> None:
    def marks() -> list[int]:
        charts = page.locator("[data-explorer=signal] svg")
        return charts.evaluate_all("charts => charts.map(each => each.childNodes.length)")

    visit(page, f"{address}#signal?depth=3")
    alone = marks()
    visit(page, f"{address}#signal?depth=15")
    assert min(marks()) > max(alone)
    visit(page, f"{address}#signal?depth=3")
    assert marks() == alone


def test_after_the_last_start_comes_the_first(page: Page, address: str) -> None:
    visit(page, f"{address}#signal?seed=98")
    for seed in ("99", "0"):
        page.get_by_role("button", name="New start").first.click()
        expect(page.locator("output[for=signal-seed]")).to_have_text(seed)


def test_the_link_is_copied(page: Page, address: str) -> None:
    visit(page, address)
    page.get_by_role("button", name="Copy link").first.click()
    expect(page.get_by_text("The link ").first).to_be_visible()
    assert "#signal?scheme=lecun_normal&scale=1&bias=0&activation=tanh&depth=20&seed=0" in page.url


def test_the_code_for_a_notebook_is_shown_where_it_cannot_be_copied(
    page: Page, address: str
) -> None:
    visit(page, f"{address}#symmetry?noise=1e-4")
    page.evaluate("() => { navigator.clipboard.writeText = () => Promise.reject(); }")
    page.locator("[data-explorer=symmetry]").get_by_role("button", name="Copy code").click()
    line = 'explorer("symmetry", "kind=twins&noise=1e-4&rate=0.3&seed=0")'
    expect(page.get_by_text(f"from helpers.explorers import explorer {line}")).to_be_visible()


def test_a_place_on_the_map_leads_to_a_network_there(page: Page, address: str) -> None:
    visit(page, f"{address}#phases?sigma_w=0.5&sigma_b=0")
    assert "Order" in told(page, "phases")
    canvas = page.locator("[data-explorer=phases] canvas")
    box = canvas.bounding_box()
    canvas.click(position={"x": box["width"] * 3 / 4, "y": box["height"] * 3 / 4})
    expect(page.locator("output[for=phases-sigma_w]")).to_have_text("3")
    expect(page.locator("output[for=phases-sigma_b]")).to_have_text("0.5")
    assert "Chaos" in told(page, "phases")
    page.get_by_role("button", name="Run a network there").click()
    expect(page.locator("output[for=signal-scale]")).to_have_text("3")
    expect(page.locator("output[for=signal-bias]")).to_have_text("0.5")
    expect(page.locator("output[for=signal-depth]")).to_have_text("30")


def test_a_place_on_the_map_of_a_chapter_leads_to_the_page_of_all(
    page: Page, tmp_path: Path
) -> None:
    write_page(tmp_path, signal="")
    shutil.move(tmp_path / "page.html", tmp_path / "all.html")
    address = write_page(tmp_path, phases="")
    visit(page, address)
    run = page.get_by_role("button", name="Run a network there")
    expect(run).to_have_count(0)
    chapter = tmp_path / "page.html"
    linked = chapter.read_text("utf-8").replace("What is stored.", '<a href="all.html">All</a>')
    chapter.write_text(linked, "utf-8")
    visit(page, address)
    run.click()
    expect(page.locator("output[for=signal-scale]")).to_have_text("1.5")
    assert page.url.partition("#")[0].endswith("all.html")


def test_the_colours_of_the_map_follow_the_page(page: Page, address: str) -> None:
    visit(page, address)
    picture = "document.querySelector('[data-explorer=phases] canvas').toDataURL()"
    before = page.evaluate(picture)
    page.add_style_tag(content="[data-theme=dark] { --holds: #82c4f2 }")
    page.evaluate("document.documentElement.dataset.theme = 'dark'")
    page.wait_for_function(f"before => {picture} !== before", arg=before)


def test_the_map_of_trainings_tells_its_numbers(page: Page, address: str) -> None:
    visit(page, f"{address}#rates?batches=1000&optimizer=adam&scale=0.50")
    table = page.locator("[data-explorer=rates] table")
    rows = table.locator("tr").all_inner_texts()
    chosen = table.locator(".explorer-chosen").inner_text().split("\t")
    assert len(rows) == 10
    assert chosen[0].endswith(" 0.5")
    best = max(chosen[1:], key=int)
    rate = rows[0].split("\t")[chosen.index(best)]
    assert f" 0.5: {best}% right at the best rate, {rate};" in told(page, "rates")
    before = rows
    page.locator("#rates-batches").press("Home")
    expect(page.locator("output[for=rates-batches]")).to_have_text("25")
    assert table.locator("tr").all_inner_texts() != before


def test_a_typed_number_is_bounded(page: Page, address: str) -> None:
    visit(page, address)
    field = page.get_by_label("Inputs or channels")
    for typed, taken in (("0", "1"), ("12.4", "12"), ("1000000", "100000"), ("", "256")):
        field.fill(typed)
        field.press("Tab")
        expect(field).to_have_value(taken)
    assert page.locator("[data-explorer=fans] dd").all_inner_texts()[5] == "0.08839"


def test_equal_units_are_told_to_stay_equal(page: Page, address: str) -> None:
    visit(page, f"{address}#symmetry?kind=constant&noise=0")
    assert "stay exactly equal" in told(page, "symmetry")
    page.get_by_label("Noise on every weight").select_option("1e-4")
    assert "apart" in told(page, "symmetry")


def test_two_starts_are_trained_and_set_back(page: Page, address: str) -> None:
    visit(page, f"{address}#training?shape=circles&left=normal&right=he_normal")
    assert told(page, "training") == "No step is taken yet."
    titles = page.locator("[data-explorer=training] .explorer-region p")
    first = titles.all_inner_texts(), lines(page, "training")
    page.get_by_role("button", name="One step").click()
    assert told(page, "training").startswith("After 1 step the loss is ")
    assert lines(page, "training") != first[1]
    page.get_by_role("button", name="Play").click()
    page.wait_for_function("""() => {
        const title = document.querySelectorAll('[data-explorer=training] .explorer-region p')[1];
        return Number(title.textContent.match(/(\\d+) of 100/)[1]) > 95;
    }""")
    page.get_by_role("button", name="Pause").click()
    assert int(re.search(r"(\d+) of 100", titles.first.inner_text())[1]) < 80
    page.get_by_role("button", name="Same start").click()
    assert (titles.all_inner_texts(), lines(page, "training")) == first


def test_where_motion_is_not_wanted_steps_are_taken_at_once(page: Page, address: str) -> None:
    page.emulate_media(reduced_motion="reduce")
    visit(page, address)
    page.get_by_role("button", name="Play").click()
    assert told(page, "training").startswith("After 200 steps")
    expect(page.get_by_role("button", name="Play")).to_be_visible()
