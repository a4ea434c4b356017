"""The audit's report in all its forms."""

from __future__ import annotations

import json
import math
import os
import re
import subprocess
import sys
from html import escape
from html.parser import HTMLParser
from pathlib import Path
from typing import Any

import matplotlib.pyplot as plt
import numpy as np
import pytest
import torch
from torch import nn

from benchmarks import audit as benchmark
from helpers.audit import Finding, LayerReport, Report, audit
from helpers.audit.laws import Law
from helpers.audit.report.words import HEADINGS
from helpers.networks import mlp
from tests.audit.auditing import X, guess, network
from tools.patience import patience


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


@pytest.mark.parametrize(("depth", "left_out"), [(39, 0), (40, 0), (41, 1), (60, 20)])
def test_a_long_report_is_cut_in_its_middle(depth: int, left_out: int) -> None:
    layers = tuple(LayerReport(f"layer{i}", "Linear") for i in range(depth))
    lines = repr(Report("M", 1, None, "", layers, ())).splitlines()
    shown = [line.split()[0] for line in lines if line.startswith("layer") and "class" not in line]
    half = (depth - left_out) // 2
    first, last = range(half), range(half + left_out, depth)
    assert shown == [f"layer{i}" for i in (*first, *last)]
    assert any(line.startswith(f"... {left_out} more layers") for line in lines) == (left_out > 0)


@pytest.mark.parametrize("width", [40, 60, 100, 300])
def test_text_is_no_wider_than_asked_and_loses_nothing(width: int) -> None:
    model = nn.Sequential()
    model.add_module("a_very_long_name_of_a_layer_" * 3, nn.Linear(32, 32))
    model.add_module("tanh", nn.Tanh())
    model.add_module("head", nn.Linear(32, 5))
    report = audit(model, X, guess)
    text = report.to_text(width)
    assert max(map(len, text.splitlines())) <= width
    squeezed = re.sub(r"\s", "", text)
    for row in report.rows():
        for cell in row[1:]:
            assert re.sub(r"\s", "", cell) in squeezed
    names = re.sub(r"[^a-z_]", "", "".join(line[: 2 * width // 5] for line in text.splitlines()))
    assert "a_very_long_name" in names
    if width == 300:
        assert text == repr(report)


def test_a_narrow_table_names_the_layers_in_each_part() -> None:
    text = example().to_text(60)
    parts = [part for part in text.split("\n\n") if part.startswith("layer")]
    assert len(parts) > 1
    for part in parts:
        _, rule, *rows = part.splitlines()
        assert set(rule) == {"-"}
        assert [row.split()[0] for row in rows] == [layer.name for layer in example().layers]


def test_names_with_control_characters_are_escaped_everywhere() -> None:
    bad = "\x1b[2J\u202e\n\x00"
    finding = Finding(
        "grave", "zeros", (bad,), f"in {bad}", f"mend({bad!r})\nor # {bad[:-2]}", "x/y"
    )
    report = Report(bad, 1, None, "", (LayerReport(bad, bad, signal=1.0),), (finding,))
    for shown in (repr(report), report.to_text(40), report._repr_html_()):
        assert not {"\x1b", "\u202e", "\x00"} & set(shown)
        assert shown.count(r"\x1b[2J\u202e") >= 7
    plt.close(drawn := report.plot())
    assert drawn.axes[1].get_xticklabels()[0].get_text() == r"\x1b[2J\u202e\n\x00"


def test_a_name_with_dollar_signs_is_no_formula_in_the_figure() -> None:
    drawn = Report("M", 1, None, "", (LayerReport(r"$\frac$", "M", signal=1.0),), ()).plot()
    drawn.canvas.draw()  # a formula that cannot be read raises here
    plt.close(drawn)


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


def test_the_html_shows_the_code_of_a_mend_and_escapes_it() -> None:
    code = "for name in ['<b>']:\n    mend(model, name) & stop"
    found = tuple(Finding(g, "zeros", (), "t", code, "x/y") for g in ("grave", "warning", "note"))
    html = Report("M", 1, None, "", (), (*found, Finding("note", "z", (), "t", "", "x/y")))
    assert html._repr_html_().count(f"<pre><code>{escape(code)}</code></pre>") == 3
    assert html._repr_html_().count("<pre>") == 3


def test_what_json_has_no_number_for_is_null_or_text() -> None:
    layer = LayerReport("a", "Linear", signal=math.inf, gradient=-math.inf, spread=math.nan)
    plain = Report("M", 1, math.inf, "as given", (layer,), ()).to_dict()
    assert plain["loss"] == "inf"
    found = [plain["layers"][0][key] for key in ("signal", "gradient", "spread")]
    assert found == ["inf", "-inf", None]


def test_the_report_as_a_dict_is_json() -> None:
    report = example()
    plain = json.loads(json.dumps(report.to_dict(), allow_nan=False))
    assert len(plain["layers"]) == len(report.layers)
    assert plain["schema"] == 1
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


INTERACTIVE = """
import sys
import matplotlib, torch
from helpers.audit import audit

drawn = audit(torch.nn.Linear(3, 2), torch.eye(3)).plot()
print(matplotlib.is_interactive())
matplotlib.interactive(False)
audit(torch.nn.Linear(3, 2), torch.eye(3)).plot()
print(matplotlib.is_interactive())
"""


def test_a_figure_leaves_the_interactive_mode_as_the_backend_set_it(tmp_path: Path) -> None:
    (tmp_path / "lively.py").write_text(
        "import matplotlib\nfrom matplotlib.backends.backend_agg import FigureCanvas\n"
        "matplotlib.interactive(True)\n"
    )
    environment = os.environ | {"MPLBACKEND": "module://lively"}
    done = subprocess.run(
        [sys.executable, "-c", INTERACTIVE],
        cwd=tmp_path,
        env=environment,
        capture_output=True,
        text=True,
        timeout=patience(120),
    )
    assert (done.stdout, done.returncode) == ("True\nFalse\n", 0), done.stderr


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
