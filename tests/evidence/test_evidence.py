"""A card shows what its verdict rests on, and nothing where the measurement fails."""

import html
import re
from pathlib import Path

import numpy as np
import pytest
from bs4 import BeautifulSoup

from helpers import evidence
from helpers.evidence import condition

ROOT = Path(__file__).resolve().parents[2]
LEDGER = evidence.load_ledger()
CLAIMS = {id: entry for id, entry in LEDGER.items() if "claim" in entry}
REPRODUCTIONS = {id: entry for id, entry in LEDGER.items() if "paper" in entry}
HOLDS = condition("a < b & c", 0.31, above=0.25)
FAILS = condition("loss", 2.3, below=1)


@pytest.fixture
def shown(monkeypatch):
    """Collect the cards that are displayed."""
    cards = []
    monkeypatch.setattr("helpers.evidence.cards.display", cards.append)
    return cards


def test_every_entry_is_a_claim_or_a_reproduction():
    assert set(CLAIMS) | set(REPRODUCTIONS) == set(LEDGER)
    assert not set(CLAIMS) & set(REPRODUCTIONS)
    assert all(re.fullmatch(r"S[0-4]-\d\d", id) for id in CLAIMS)
    assert all(re.fullmatch(r"R\d\d", id) for id in REPRODUCTIONS)


def test_every_claim_has_a_known_verdict_and_a_chapter():
    for entry in CLAIMS.values():
        assert entry["verdict"] in evidence.VERDICTS
        assert re.fullmatch(r"[a-z-]+/[a-z-]+", entry["chapter"])
        assert entry["where"]


def test_a_conditional_verdict_names_the_condition():
    assert all(e.get("note") for e in CLAIMS.values() if e["verdict"] in ("holds-if", "broken"))


def test_the_ledger_cannot_be_changed():
    with pytest.raises(TypeError):
        LEDGER["S0-01"]["verdict"] = "refuted"
    with pytest.raises(TypeError):
        LEDGER["S9-99"] = {}


@pytest.mark.parametrize("empty", ["claims.yml", "reproductions.yml"])
@pytest.mark.parametrize("content", ["", "# nothing yet\n", "[]"])
def test_an_empty_file_of_the_ledger_is_named(empty, content, tmp_path, monkeypatch):
    (tmp_path / "ledger").mkdir()
    for name in ("claims.yml", "reproductions.yml"):
        text = content if name == empty else "- {id: S1-26}"
        (tmp_path / "ledger" / name).write_text(text)
    monkeypatch.setattr("helpers.evidence.ledger.files", lambda _: tmp_path)
    with pytest.raises(ValueError, match=rf"{empty} is empty"):
        evidence.load_ledger.__wrapped__()


@pytest.mark.parametrize("id", CLAIMS)
def test_a_claim_shows_verdict_place_statement_and_measurement(id, shown):
    entry = CLAIMS[id]
    evidence.claim(id, verdict=entry["verdict"], conditions=[HOLDS], measured="1 < 2 & 3")
    (card,) = shown
    for text in (entry["claim"], entry["where"], evidence.VERDICTS[entry["verdict"]], "1 < 2 & 3"):
        assert text in repr(card)
        assert html.escape(text) in card._repr_html_()
    assert f'class="evidence evidence-{entry["verdict"]}" id="claim-{id}"' in card._repr_html_()


def test_every_reproduction_that_is_measured_cites_its_papers():
    works = (ROOT / "book" / "references.bib").read_text("utf-8")
    for entry in REPRODUCTIONS.values():
        measured = (ROOT / "chapters" / f"{entry['chapter']}.ipynb").exists()
        keys = entry["cite"].split(", ") if measured else []
        assert [key for key in keys if f"{{{key}," not in works] == []


@pytest.mark.parametrize("id", REPRODUCTIONS)
def test_a_reproduction_shows_paper_result_and_measurement(id, shown):
    evidence.reproduction(id, conditions=[HOLDS], measured="0.5")
    (card,) = shown
    assert REPRODUCTIONS[id]["paper"] in repr(card)
    assert REPRODUCTIONS[id]["result"] in repr(card)
    assert f'id="reproduction-{id}"' in card._repr_html_()


def test_a_failed_measurement_raises_and_shows_nothing(shown):
    with pytest.raises(evidence.EvidenceError, match=r"S1-26.*seen"):
        evidence.claim("S1-26", verdict="broken", holds=False, measured="seen")
    with pytest.raises(evidence.EvidenceError, match="R05"):
        evidence.reproduction("R05", holds=False, measured="seen")
    assert shown == []


def test_a_verdict_must_be_the_ledgers():
    with pytest.raises(ValueError, match="'broken'; got 'holds'"):
        evidence.claim("S1-26", verdict="holds", holds=True, measured="x")
    with pytest.raises(ValueError, match=r"Did you mean 'refuted'"):
        evidence.claim("S1-26", verdict="refutd", holds=True, measured="x")


@pytest.mark.parametrize("id", ["S1-2", "R05", "", 3])
def test_an_unknown_claim_is_named(id):
    with pytest.raises((TypeError, ValueError), match=re.escape(repr(id))):
        evidence.claim(id, verdict="broken", holds=True, measured="x")


def test_an_unknown_reproduction_gets_the_nearest_names():
    with pytest.raises(ValueError, match=r"near to it are: R\d\d"):
        evidence.reproduction("R1", holds=True, measured="x")


@pytest.mark.parametrize("holds", [1, "yes", 0, np.array([True, True])])
def test_holds_must_be_a_truth_value(holds):
    with pytest.raises(TypeError, match="holds must be True or False"):
        evidence.claim("S1-26", verdict="broken", holds=holds, measured="x")


@pytest.mark.parametrize("measured", ["", "  ", None])
def test_a_claim_must_say_what_was_measured(measured):
    with pytest.raises(ValueError, match="measured"):
        evidence.claim("S1-26", verdict="broken", holds=True, measured=measured)


# What it rests on


def test_conditions_are_folded_below_the_card_and_escaped(shown):
    more = condition("<b>", 0, 0)
    evidence.reproduction("R05", conditions=[HOLDS, more], measured="seen")
    box = BeautifulSoup(shown[0]._repr_html_(), "html.parser").find(class_="evidence")
    (folded,) = box.find_all("details")
    assert folded.summary.get_text() == "What this rests on"
    assert not folded.has_attr("open")
    assert [item.get_text() for item in folded.find_all("li")] == [
        "✓ a < b & c: ≈0.31 (allowed above 0.25)",
        "✓ <b>: exactly 0",
    ]
    assert not box.find_all("script") + folded.find_all("b")
    assert "    ✓ a < b & c: ≈0.31 (allowed above 0.25)\n    ✓ <b>: exactly 0" in repr(shown[0])


def test_without_conditions_nothing_is_folded(shown):
    evidence.claim("S1-26", verdict="broken", holds=np.bool_(True), measured="seen")
    assert "details" not in shown[0]._repr_html_()


def test_a_failing_condition_raises_names_the_number_and_shows_nothing(shown):
    for settle in (
        lambda given: evidence.claim("S1-26", verdict="broken", measured="x", conditions=given),
        lambda given: evidence.reproduction("R05", measured="x", conditions=given),
    ):
        with pytest.raises(evidence.EvidenceError) as raised:
            settle([HOLDS, FAILS, condition("rate", 0.5, 0.2, 0.1)])
        assert str(raised.value).split(": ", 1)[1] == (
            "✗ loss: ≈2.3 (allowed below 1); ✗ rate: ≈0.50 (allowed 0.1 to 0.3)"
        )
    assert shown == []


@pytest.mark.parametrize("given", [{}, {"conditions": [HOLDS], "holds": True}])
def test_a_card_rests_on_conditions_or_on_a_truth_value(given, shown):
    with pytest.raises(TypeError, match="conditions, or holds; not both"):
        evidence.claim("S1-26", verdict="broken", measured="x", **given)
    assert shown == []


@pytest.mark.parametrize("given", [True, "✓ so it is", 3, [True], [HOLDS, "✓"], "", [None]])
def test_a_condition_is_none_by_its_looks(given, shown):
    with pytest.raises((TypeError, ValueError), match="conditions must"):
        evidence.claim("S1-26", verdict="broken", measured="x", conditions=given)
    assert shown == []


@pytest.mark.parametrize("given", [[], (), (each for each in [])])
def test_no_condition_is_not_enough(given, shown):
    with pytest.raises(ValueError, match="at least one"):
        evidence.claim("S1-26", verdict="broken", measured="x", conditions=given)
    assert shown == []


def test_conditions_that_come_one_by_one_are_all_looked_at(shown):
    evidence.claim("S1-26", verdict="broken", measured="x", conditions=(c for c in [HOLDS]))
    assert shown[0].conditions == (HOLDS,)
    with pytest.raises(evidence.EvidenceError, match="loss"):
        evidence.claim("S1-26", verdict="broken", measured="x", conditions=iter([HOLDS, FAILS]))
