"""The campaign over well-known architectures: what is counted, kept and run again."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
import torch
import transformers
from torch import nn

from benchmarks import architectures
from benchmarks import sound_networks as benchmark


def rows(text: str) -> dict[str, list[str]]:
    """Return the counts of a Markdown table by their family."""
    lines = [line for line in text.splitlines() if line.startswith("|")]
    cells = [[cell.strip() for cell in line.split("|")[1:-1]] for line in lines[2:]]
    return {name: counts for name, *counts in cells}


def record(name: str, *gravities: str, error: str = "") -> benchmark.Record:
    found = [{"gravity": gravity, "text": "something"} for gravity in gravities]
    return {"name": name, "error": error, "findings": found}


def test_two_architectures_are_audited_in_silence(capsys: pytest.CaptureFixture[str]) -> None:
    benchmark.main(["--smoke"])
    printed = capsys.readouterr().out
    assert rows(printed) == {
        "BERT": ["1", "0", "0", "0"],
        "vision": ["1", "0", "0", "0"],
        "all": ["2", "0", "0", "0"],
    }


def test_the_table_counts_architectures_by_what_was_found() -> None:
    records = [
        record("vgg11", "note", "note"),
        record("resnet18", "warning", "warning", "note"),
        record("resnet50", "grave", "warning"),
        record("resnet101", error="KeyError: 1"),
    ]
    table = rows(benchmark.table(records))
    assert list(table.values()) == [
        ["1", "0", "0", "0"],
        ["3", "1", "1", "2"],
        ["4", "1", "1", "2"],
    ]


def test_what_is_recorded_is_not_run_again(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    ran = []
    monkeypatch.setattr(benchmark, "examined", lambda name: ran.append(name) or record(name))
    path = tmp_path / "record.jsonl"
    path.write_text(json.dumps(record("GPT-2")) + "\n", "utf-8")
    benchmark.run(["BERT", "GPT-2", "T5"], path, seconds=60)
    assert ran == ["BERT", "T5"]
    benchmark.run(["ELECTRA"], path, seconds=0)
    assert [own["name"] for own in benchmark.read(path)] == ["GPT-2", "BERT", "T5"]


def test_what_an_audit_raises_is_recorded(monkeypatch: pytest.MonkeyPatch) -> None:
    def unfit() -> benchmark.Case:
        return nn.Linear(2, 2), torch.zeros(3, 5), None

    monkeypatch.setitem(benchmark.ARCHITECTURES, "BERT", unfit)
    examined = benchmark.examined("BERT")
    assert examined["error"].startswith("ValueError: the model cannot take this batch")
    assert examined["findings"] == []
    json.dumps(examined)


def test_a_model_takes_the_pictures_that_fit_it() -> None:
    model = nn.Sequential(nn.Flatten(), nn.Linear(12, 2))
    assert benchmark.takes(model, torch.zeros(4, 3, 2, 2))
    assert not benchmark.takes(model, torch.zeros(4, 3, 2, 3))
    assert model.training


def test_there_are_as_many_architectures_as_it_says() -> None:
    assert len(architectures.IMAGE_MODELS) >= 100
    assert len(architectures.CONFIGURED) >= 40
    assert not architectures.IMAGE_MODELS.keys() & architectures.CONFIGURED.keys()
    for _, name, options in architectures.CONFIGURED.values():
        config = getattr(transformers, name).config_class(**options)
        assert {key: getattr(config, key) for key in options} == options, name
