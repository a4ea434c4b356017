"""The audit's report in all its forms, and the command."""

from __future__ import annotations

import json
import math
import re
import subprocess
import sys
from collections.abc import Iterator, Mapping
from html.parser import HTMLParser
from pathlib import Path
from typing import Any

import matplotlib.pyplot as plt
import numpy as np
import pytest
import torch
from torch import nn

from benchmarks import audit as benchmark
from helpers.audit import Finding, LayerReport, Report, audit, command
from helpers.audit.laws import Law
from helpers.audit.report.words import HEADINGS
from helpers.networks import mlp
from tests.audit.auditing import X, guess, network


def example() -> Report:
    return audit(network("tanh", "constant", value=0.5), X, guess)


def test_the_report_s_text_is_a_table_and_paragraphs() -> None:
    report = example()
    text = repr(report)
    first, _, heading, rule, *rest = text.splitlines()
    assert first.startswith("Audit of Sequential: ")
    assert f"{report.parameters:,} parameters" in first
    assert len(report.grave) == int(re.search(r"(\d+) grave", first)[1])
    assert set(rule) == {"-"}
    start = heading.index("weights")
    assert {line[start:].split("  ")[0] for line in rest[:4]} == {"constant 0.5"}
    end = heading.index("gain") + len("gain")
    assert {line[:end].split()[-1] for line in rest[:3]} == {f"{report.layers[0].gain:.3g}"}
    for finding in report.findings:
        assert f"{finding.gravity.upper()}  {finding.principle}: " in text
        assert finding.link in text
        for line in finding.mend.splitlines():
            assert line in text
    assert "dead" not in heading, "empty columns are left out"


def test_a_long_report_is_cut_in_its_middle() -> None:
    report = audit(network("tanh", "xavier_normal", depth=60), X)
    lines = repr(report).splitlines()
    assert len(lines) < 60
    assert any(line.startswith("... 20 more layers") for line in lines)
    assert any(line.startswith("linear60") for line in lines)


class Tags(HTMLParser):
    def __init__(self) -> None:
        super().__init__()
        self.open: list[str] = []
        self.seen: list[str] = []

    def handle_starttag(self, tag: str, attributes: Any) -> None:
        self.seen.append(tag)
        if tag != "br":
            self.open.append(tag)

    def handle_endtag(self, tag: str) -> None:
        assert self.open.pop() == tag


def test_the_report_s_html_is_well_formed_and_escaped() -> None:
    model = nn.Sequential()
    model.add_module("<b>&", nn.Linear(32, 32))
    model.add_module("x", nn.ReLU())
    model.add_module("y", nn.Linear(32, 5))
    nn.init.constant_(model[0].weight, 0.5)
    nn.init.constant_(model[2].weight, 0.5)
    html = audit(model, X)._repr_html_()
    parser = Tags()
    parser.feed(html)
    assert parser.open == []
    assert "b" not in parser.seen
    assert "&lt;b&gt;&amp;" in html
    assert parser.seen.count("tr") == 3
    assert 'scope="col"' in html
    assert not re.search(r"[^-]color:|background", html), "the theme chooses the colours"


def test_the_report_as_a_dict_is_json() -> None:
    report = example()
    plain = json.loads(json.dumps(report.to_dict(), allow_nan=False))
    assert len(plain["layers"]) == len(report.layers)
    assert plain["layers"][0]["laws"]["weight"] == "constant 0.5"
    assert plain["layers"][-1]["critical"] is None
    assert [f["principle"] for f in plain["findings"]] == [f.principle for f in report.findings]
    assert json.dumps(audit(mlp([32, 5]), X).to_dict(), allow_nan=False)


def test_a_table_of_pandas_has_a_row_a_layer() -> None:
    report = example()
    table = report.to_dataframe()
    assert table["name"].tolist() == [row.name for row in report.layers]
    assert table["gain"].tolist() == pytest.approx([row.gain for row in report.layers])
    assert math.isnan(table["critical"].iloc[-1])


def test_the_figure_shows_signal_theory_and_gradient() -> None:
    before = dict(plt.rcParams)
    report = audit(network("tanh", "xavier_normal"), X, guess)
    drawn = report.plot()
    assert dict(plt.rcParams) == before
    above, below = drawn.axes
    lines = {line.get_label(): line.get_ydata() for line in [*above.lines, *below.lines]}
    np.testing.assert_allclose(lines["signal, rms"], [row.signal for row in report.layers])
    np.testing.assert_allclose(lines["theory"], [row.predicted for row in report.layers])
    np.testing.assert_allclose(lines["gradient, norm"], [row.gradient for row in report.layers])
    assert above.get_yscale() == below.get_yscale() == "log"
    assert below.get_xticklabels()[0].get_text() == "linear1"
    plt.close(drawn)
    plt.close(audit(network("tanh", "zeros"), X).plot())


@pytest.mark.parametrize(("factor", "spans"), [(1.0, 100), (0.1, 1e4)])
def test_small_changes_look_small_in_the_figure(factor: float, spans: float) -> None:
    model = network("tanh", "xavier_normal", depth=8)
    for layer in model[1::2]:
        layer.weight.data *= factor
    drawn = audit(model, X, guess).plot()
    for ax in drawn.axes:
        low, high = ax.get_ylim()
        assert high / low == pytest.approx(100) if factor == 1 else high / low > spans
        values = np.concatenate([line.get_ydata() for line in ax.lines])
        assert low < np.nanmin(values)
        assert np.nanmax(values) < high
    plt.close(drawn)


def test_a_chapter_s_link_is_its_file_or_its_page_on_the_site(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    finding = Finding("note", "unused", (), "", "", "initialization/he")
    monkeypatch.setattr("helpers.audit.records._site", lambda: "")
    assert finding.link == "chapters/initialization/he.ipynb"
    monkeypatch.setattr("helpers.audit.records._site", lambda: "https://example.org/course")
    assert finding.link == "https://example.org/course/chapters/initialization/he.html"
    report = Report("M", 1, None, "", (), (finding,))
    assert (
        'href="https://example.org/course/chapters/initialization/he.html"' in report._repr_html_()
    )


# The command

FACTORIES = """
import torch
from torch import nn

def sound():
    torch.manual_seed(0)
    return nn.Linear(32, 5), torch.randn(8, 32)

def with_loss():
    model, batch = sound()
    return model, (batch,), lambda output: output.square().mean()

def zeros():
    model = nn.Sequential(nn.Linear(32, 8), nn.ReLU(), nn.Linear(8, 2))
    for parameter in model.parameters():
        nn.init.zeros_(parameter)
    return model, torch.randn(8, 32)

def wrong_shape():
    return nn.Linear(32, 5), torch.randn(8, 31)

def nothing():
    return None

def no_file():
    return open("there is none.pt")

def no_key():
    return {}["model"]

def fails():
    raise RuntimeError("no such device")

def leaves():
    raise SystemExit(1)

def bad_loss():
    model, batch = sound()
    return model, batch, lambda output: 1 / 0

def bad_forward():
    model, batch = sound()
    model.forward = lambda x: {}["x"]
    return model, batch

class Holder:
    sound = staticmethod(sound)

number = 3
"""


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    (tmp_path / "my_audited_network.py").write_text(FACTORIES)
    (tmp_path / "needs_more.py").write_text("import not_there_at_all\n")
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(sys, "path", list(sys.path))
    yield tmp_path
    sys.modules.pop("my_audited_network", None)


COMMANDS: Mapping[str, tuple[list[str], int, str]] = {
    "sound": (["my_audited_network:sound"], 0, "Audit of Linear: 165 parameters"),
    "with loss": (["my_audited_network:with_loss"], 0, "(as given)"),
    "in a class": (["my_audited_network:Holder.sound"], 0, "findings: none"),
    "zeros": (["my_audited_network:zeros"], 1, "GRAVE  zeros: 0.weight, 2.weight"),
    "no module": (["my_network:sound"], 2, "there is no module 'my_network'"),
    "no submodule": (["my_audited_network.x:sound"], 2, "there is no module"),
    "missing import": (["needs_more:sound"], 2, "needs not_there_at_all, which is not installed"),
    "no attribute": (["my_audited_network:sond"], 2, "has no 'sond'. Did you mean 'sound'?"),
    "not callable": (["my_audited_network:number"], 2, "not callable: it is of type int"),
    "no colon": (["my_audited_network"], 2, "package.module:function"),
    "no parts": (["my_audited_network:nothing"], 2, "must return (model, batch)"),
    "path": (["my_project/my_network.py:begin"], 2, "without .py: my_project.my_network:begin"),
    "path alone": (["./my_network.py"], 2, "without .py: my_network:start"),
    "wrong forward": (["my_audited_network:bad_forward"], 2, "cannot take this batch: 'x'"),
    "no file": (["my_audited_network:no_file"], 2, "error: the audit stopped at FileNotFoundError"),
    "no key": (["my_audited_network:no_key"], 2, "error: the audit stopped at KeyError: 'model'"),
    "failure": (["my_audited_network:fails"], 2, "stopped at RuntimeError: no such device"),
    "exit": (["my_audited_network:leaves"], 2, "stopped at SystemExit: 1"),
    "wrong loss": (["my_audited_network:bad_loss"], 2, "stopped at ZeroDivisionError: division"),
    "wrong batch": (["my_audited_network:wrong_shape"], 2, "cannot take this batch"),
}


@pytest.mark.parametrize("name", COMMANDS)
def test_the_command_says_what_it_found_or_why_not(
    name: str, folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    arguments, status, text = COMMANDS[name]
    assert command.main(arguments) == status
    captured = capsys.readouterr()
    assert text in (captured.err if status == 2 else captured.out)
    assert (captured.out == "") == (status == 2)
    assert (captured.err == "") == (status != 2)


def test_what_stopped_the_audit_is_shown_with_its_place(
    folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    command.main(["my_audited_network:no_key"])
    shown = capsys.readouterr().err
    assert "Traceback" in shown
    assert "in no_key" in shown


def test_the_command_prints_json(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert command.main(["my_audited_network:zeros", "--json"]) == 1
    assert json.loads(capsys.readouterr().out)["findings"][0]["principle"] == "zeros"


def test_the_command_runs_as_a_module(folder: Path) -> None:
    done = subprocess.run(
        [sys.executable, "-m", "helpers.audit", "my_audited_network:zeros"],
        capture_output=True,
        text=True,
        timeout=120,
    )
    assert (done.returncode, done.stderr) == (1, "")
    assert "GRAVE  zeros" in done.stdout


def test_the_command_s_help_shows_a_factory(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as stopped:
        command.main(["--help"])
    assert stopped.value.code == 0
    text = capsys.readouterr().out
    assert "def factory():" in text
    assert "Exit status" in text


def test_headings_and_rows_have_one_length() -> None:
    assert {len(row) for row in example().rows()} == {len(HEADINGS)}
    assert isinstance(example().layers[0], LayerReport)
    assert isinstance(example().layers[0].laws["weight"], Law)


# The benchmark


def test_the_benchmark_times_the_pass_and_the_audit(capsys: pytest.CaptureFixture[str]) -> None:
    threads = torch.get_num_threads()
    benchmark.main(["--smoke"])
    torch.set_num_threads(threads)
    rows = [line.split("|")[1:-1] for line in capsys.readouterr().out.splitlines() if "|" in line]
    assert [row[0].strip() for row in rows[2:]] == ["MLP", "Transformer"]
    assert all(float(row[3]) > 1 for row in rows[2:])
