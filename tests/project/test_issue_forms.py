"""The forms for issues are such that GitHub shows them, and ask for what an answer needs."""

from __future__ import annotations

from pathlib import Path

import pytest
import yaml

FOLDER = Path(__file__).resolve().parents[2] / ".github" / "ISSUE_TEMPLATE"
FORMS = sorted(path for path in FOLDER.glob("*.yml") if path.name != "config.yml")
KINDS = {"input", "textarea", "dropdown", "checkboxes", "markdown"}
each_form = pytest.mark.parametrize("path", FORMS, ids=lambda path: path.stem)


def form(path: Path) -> dict:
    return yaml.safe_load(path.read_text("utf-8"))


def test_there_is_a_form_for_each_reason_to_write() -> None:
    assert {path.stem for path in FORMS} == {"error-in-a-page", "fault-of-the-audit", "question"}
    assert len({form(path)["name"] for path in FORMS}) == len(FORMS)
    assert yaml.safe_load((FOLDER / "config.yml").read_text("utf-8")) == {
        "blank_issues_enabled": True
    }


@each_form
def test_a_form_has_what_github_asks_for(path: Path) -> None:
    content = form(path)
    assert content.keys() == {"name", "description", "title", "labels", "body"}
    ids = [item["id"] for item in content["body"]]
    assert len(set(ids)) == len(ids)
    for item in content["body"]:
        assert item.keys() <= {"type", "id", "attributes", "validations"}
        assert item["type"] in KINDS
        assert item["attributes"]["label"]
        assert (item["type"] == "dropdown") == ("options" in item["attributes"])
        assert item.get("validations", {"required": True}) == {"required": True}


@each_form
def test_a_form_asks_for_little_and_needs_some(path: Path) -> None:
    body = form(path)["body"]
    assert len(body) <= 5
    assert any("validations" in item for item in body)
