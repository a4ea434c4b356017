"""Evidence raises where a measurement fails, and shows the same on every run."""

import html
import re
from pathlib import Path

import numpy as np
import pytest
from hypothesis import assume, given
from hypothesis import strategies as st
from IPython.utils.capture import capture_output

from helpers import evidence

ROOT = Path(__file__).resolve().parents[2]
LEDGER = evidence.load_ledger()
CLAIMS = {id: entry for id, entry in LEDGER.items() if "claim" in entry}
REPRODUCTIONS = {id: entry for id, entry in LEDGER.items() if "paper" in entry}


@pytest.fixture
def shown(monkeypatch):
    """Collect the cards that are displayed."""
    cards = []
    monkeypatch.setattr("helpers.evidence.evidence.display", cards.append)
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


@pytest.mark.parametrize("id", CLAIMS)
def test_a_claim_shows_verdict_place_statement_and_measurement(id, shown):
    entry = CLAIMS[id]
    evidence.claim(id, verdict=entry["verdict"], holds=True, measured="1 < 2 & 3")
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
    evidence.reproduction(id, holds=np.bool_(True), measured="0.5")
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
    with pytest.raises(ValueError, match=re.escape(repr(id))):
        evidence.claim(id, verdict="broken", holds=True, measured="x")


def test_an_unknown_reproduction_gets_the_nearest_names():
    with pytest.raises(ValueError, match=r"near to it are: R\d\d"):
        evidence.reproduction("R1", holds=True, measured="x")


@pytest.mark.parametrize("holds", [1, "yes", None, np.array([True, True])])
def test_holds_must_be_a_truth_value(holds):
    with pytest.raises(TypeError, match="holds must be True or False"):
        evidence.claim("S1-26", verdict="broken", holds=holds, measured="x")


@pytest.mark.parametrize("measured", ["", "  ", None])
def test_a_claim_must_say_what_was_measured(measured):
    with pytest.raises(ValueError, match="measured"):
        evidence.claim("S1-26", verdict="broken", holds=True, measured=measured)


@given(
    expected=st.floats(-1e6, 1e6),
    tolerance=st.floats(1e-6, 1e3),
    offset=st.floats(-1e4, 1e4),
)
def test_check_accepts_what_lies_within_the_tolerance_and_nothing_else(expected, tolerance, offset):
    value = expected + offset
    assume(abs(abs(value - expected) - tolerance) > 1e-9 * max(1, abs(value)))
    with capture_output() as captured:
        if abs(value - expected) < tolerance:
            evidence.check("it is so", value, expected, tolerance)
            assert "it is so" in captured.stdout
        else:
            with pytest.raises(evidence.EvidenceError, match="it is so"):
                evidence.check("it is so", value, expected, tolerance)


def test_what_check_prints_does_not_depend_on_the_value(capsys):
    for value in (0.9871, 0.9922, [0.99, 0.991]):
        evidence.check("test accuracy", value, 0.99, 0.005)
    lines = capsys.readouterr().out.splitlines()
    assert lines == ["✓ test accuracy (0.990 ± 0.005)"] * 3


@pytest.mark.parametrize(
    ("expected", "tolerance", "printed"),
    [
        (0.67, 0.15, "0.67 ± 0.15"),
        (5.5, 1.5, "5.5 ± 1.5"),
        (22000, 100, "22000 ± 100"),
        (1, 1 / 15, "1.000 ± 0.067"),
        (2, 1.5e-9, "2.0000000000 ± 0.0000000015"),
    ],
)
def test_check_prints_the_tolerance_that_it_holds(expected, tolerance, printed, capsys):
    evidence.check("a number", expected, expected, tolerance)
    assert capsys.readouterr().out == f"✓ a number ({printed})\n"


def test_check_looks_at_every_element_and_refuses_nan():
    for value in ([1.0, 2.0], [1.0, float("nan")], float("nan"), float("inf")):
        with pytest.raises(evidence.EvidenceError):
            evidence.check("all are one", value, 1, 0.1)


@pytest.mark.parametrize("value", [True, np.bool_(True), [True, True], np.array(3) < 4])
def test_check_takes_a_comparison(value, capsys):
    evidence.check("it is so", value)
    assert capsys.readouterr().out == "✓ it is so\n"
    with pytest.raises(evidence.EvidenceError):
        evidence.check("it is so", np.logical_not(value))


def test_check_refuses_nothing_and_a_negative_tolerance():
    with pytest.raises(ValueError, match="empty"):
        evidence.check("nothing", [], 1, 0.1)
    for tolerance in (-1, float("nan")):
        with pytest.raises(ValueError, match="tolerance"):
            evidence.check("one", 1, 1, tolerance)
