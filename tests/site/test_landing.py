"""The landing page: where to start, three ways, and what builds on what, all from one file."""

from __future__ import annotations

import sys

import pytest
import yaml
from bs4 import BeautifulSoup
from looking import ROOT, pages_of_the_book

sys.path.insert(0, str(ROOT / "book" / "_ext"))
from course_site.course_map import check, minutes, names

LANDING = f"{pages_of_the_book()[0]}.html"
MAP = yaml.safe_load((ROOT / "book/map.yml").read_text("utf-8"))
PARTS = names(yaml.safe_load((ROOT / "_toc.yml").read_text("utf-8")))
TITLES = {name: title for part in PARTS.values() for name, title in part.items()}


def test_every_chapter_stands_on_the_map_under_the_sidebars_name(
    documents: dict[str, BeautifulSoup],
) -> None:
    rows = documents[LANDING].select("ul.course-map > li")
    shown = {row.find("a")["href"]: row.find("a").get_text(strip=True) for row in rows}
    expected = {f"../chapters/{name}.html": title for name, title in TITLES.items()}
    assert shown == expected
    sidebar = documents[LANDING].select_one(".bd-links")
    for address, title in expected.items():
        assert sidebar.find("a", href=address).get_text().split(". ", 1)[-1].strip() == title
    assert all("min" in row.select_one(".time").get_text() for row in rows)


def test_three_tracks_have_times_that_add_up(documents: dict[str, BeautifulSoup]) -> None:
    tracks = documents[LANDING].select(".tracks > div")
    assert len(tracks) == len(MAP["tracks"]) == 3
    for track in tracks:
        total, *parts = (int(time.get_text().split()[0]) for time in track.select(".time"))
        assert total == sum(parts)
        assert len(parts) >= 3


def test_the_first_thing_to_do_is_a_button(documents: dict[str, BeautifulSoup]) -> None:
    button = documents[LANDING].select_one("article a.sd-btn")
    assert button["href"] == "../chapters/background/why-training-stalls.html"


def test_the_map_agrees_with_the_table_of_contents() -> None:
    check(MAP["chapters"], MAP["tracks"], TITLES)


@pytest.mark.parametrize(
    ("needs", "track", "message"),
    [
        ({"a": [], "b": []}, [], "differ in c"),
        ({"a": [], "b": ["d"], "c": []}, [], "differ in d"),
        ({"a": ["b"], "b": ["a"], "c": []}, [], "circle"),
        ({"a": [], "b": ["a"], "c": ["b"]}, ["c", "a"], "t: c needs a before"),
    ],
)
def test_a_map_without_a_way_is_refused(needs: dict, track: list, message: str) -> None:
    chapters = {name: {"needs": before} for name, before in needs.items()}
    with pytest.raises(ValueError, match=message):
        check(chapters, [{"name": "t", "chapters": track}], "abc")


def test_minutes_grow_with_text_and_visible_code() -> None:
    text = {"cell_type": "markdown", "source": "word " * 1500, "metadata": {}}
    code = {"cell_type": "code", "source": "x = 1\n" * 100, "metadata": {}}
    folded = {**code, "metadata": {"tags": ["hide-input"]}}
    assert minutes({"cells": [text]}) == minutes({"cells": [text, folded]}) == 10
    assert minutes({"cells": [text, code]}) == 20


def test_every_answer_of_the_decision_diagram_leads_to_its_chapter(
    documents: dict[str, BeautifulSoup],
) -> None:
    diagram = documents["book/decision-guide.html"].select_one(".decision-diagram")
    answers = diagram.select("rect.answer")
    assert len(answers) == 6
    for answer in answers:
        target = answer.find_parent("a")["href"].removeprefix("../")
        assert target in documents


def test_every_card_of_evidence_has_a_visible_link_to_itself(
    documents: dict[str, BeautifulSoup],
) -> None:
    for page in documents.values():
        for card in page.select("div.evidence[id]"):
            assert card.select_one("a.permalink")["href"] == f"#{card['id']}"
