"""The benchmarks measure what they say: the same data and functions, the right clock and rows."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import ipywidgets
import numpy as np
import pytest
import torch

from benchmarks import book, controls, mnist_to_99, pytorch_example
from benchmarks.pytorch_example import Run
from helpers.data import load_mnist
from helpers.device import generator
from tools.notebooks import chapter_names


@pytest.fixture(autouse=True)
def _threads() -> Iterator[None]:
    """Give back the number of threads that a benchmark changes."""
    count = torch.get_num_threads()
    yield
    torch.set_num_threads(count)


def table(text: str) -> list[list[str]]:
    """Return the cells of the body of the Markdown table in a text."""
    lines = [line for line in text.splitlines() if line.startswith("|")]
    return [[cell.strip() for cell in line.split("|")[1:-1]] for line in lines[2:]]


# MNIST to 99%


def test_both_recipes_learn_a_few_images(capsys: pytest.CaptureFixture[str]) -> None:
    before = torch.get_rng_state()
    mnist_to_99.main(["--smoke"])
    rows = table(capsys.readouterr().out)
    assert [row[0].split(",")[0] for row in rows] == ["ours", "PyTorch's example"]
    assert all(float(row[3].rstrip("%")) > 40 for row in rows), "chance is 10%"
    assert torch.equal(torch.get_rng_state(), before)


@pytest.mark.parametrize("epochs", [0.4, 1, 1.6])
def test_recipe_sees_each_image_once_in_an_epoch(epochs: float) -> None:
    seen = []

    class Remembering(torch.nn.Linear):
        def forward(self, x: torch.Tensor) -> torch.Tensor:
            seen.append(x.flatten().tolist())
            return super().forward(x)

    numbers = torch.arange(100)
    recipe = mnist_to_99.Recipe(epochs=epochs, batch=20)
    model = Remembering(1, 10)
    mnist_to_99.train(model, numbers[:, None].float(), numbers % 10, recipe, generator(0))
    assert [len(batch) for batch in seen] == [20] * round(5 * epochs)
    first = np.concatenate(seen[:5])
    assert len(set(first)) == len(first) == min(100, 100 * epochs)
    assert list(first) != sorted(first)


def test_both_recipes_see_the_same_pixels() -> None:
    images, labels = (part[:20] for part in load_mnist()[:2])
    x, y = mnist_to_99.standardised(images, labels)
    pairs = [pytorch_example.Pictures(images, labels)[i] for i in range(20)]
    torch.testing.assert_close(torch.stack([picture for picture, _ in pairs]), x)
    assert [label for _, label in pairs] == y.tolist()


def test_pixels_are_standardised() -> None:
    x, _ = mnist_to_99.standardised(*load_mnist()[:2])
    assert x.mean().item() == pytest.approx(0, abs=2e-4)
    assert x.std().item() == pytest.approx(1, abs=2e-4)


def test_network_of_the_example_is_the_published_one() -> None:
    model = pytorch_example.example_network().eval()
    assert sum(parameter.numel() for parameter in model.parameters()) == (
        (32 * 9 + 32) + (64 * 32 * 9 + 64) + (9216 * 128 + 128) + (128 * 10 + 10)
    )
    output = model(torch.randn(3, 1, 28, 28, generator=generator(0)))
    torch.testing.assert_close(output.exp().sum(dim=1), torch.ones(3))


@pytest.mark.parametrize(("target", "epochs"), [(0.0, 1), (1.1, 3)])
def test_example_stops_after_the_first_epoch_that_is_good_enough(
    target: float, epochs: int
) -> None:
    few = tuple(part[:64] for part in load_mnist()[:2])
    run = pytorch_example.run_example(few, few, seed=1, epochs=3, target=target)
    assert run.epochs == epochs
    assert run.seconds > 0


def test_recipe_is_chosen_without_the_test_images(monkeypatch: pytest.MonkeyPatch) -> None:
    seen = []

    def run_ours(learn, judge, seed, recipe):
        seen.append((learn, judge, recipe))
        return Run(1.0, recipe.epochs, 0.9)

    monkeypatch.setattr(mnist_to_99, "run_ours", run_ours)
    mnist_to_99.main(["--held-out", "--seeds", "1", "--epochs", "0.5", "--rate", "0.01"])
    ((learn, judge, recipe),) = seen
    data = load_mnist()
    for part in (0, 1):
        np.testing.assert_array_equal(learn[part], data[part][:54_000])
        np.testing.assert_array_equal(judge[part], data[part][54_000:])
    assert (recipe.epochs, recipe.rate) == (0.5, 0.01)


def test_report_counts_the_seeds_and_compares_the_medians() -> None:
    ours = [Run(9.0, 1.5, 0.991), Run(10.0, 1.5, 0.9899), Run(12.0, 1.5, 0.99)]
    example = [Run(300.0, 5, 0.9901), Run(400.0, 7, 0.992)]
    text = mnist_to_99.report(ours, example)
    assert [row[1:] for row in table(text)] == [
        ["1.5", "10.0 (9.0 to 12.0)", "99.10%, 98.99%, 99.00%", "2 of 3"],
        ["5 to 7", "350.0 (300.0 to 400.0)", "99.01%, 99.20%", "2 of 2"],
    ]
    assert "35.0 times as long" in text


# Building the book


def test_peak_memory_counts_the_children_of_a_command() -> None:
    program = """
import sys
from benchmarks.book import cost
child = "import subprocess, sys; subprocess.run([sys.executable, '-c', sys.argv[1]])"
for grandchild in ("pass", "block = bytearray(b'1' * 300_000_000)"):
    print(cost([sys.executable, "-c", child, grandchild]).mebibytes)
"""
    command = [sys.executable, "-c", program]
    result = subprocess.run(command, cwd=book.ROOT, capture_output=True, text=True, check=True)
    small, large = map(float, result.stdout.split())
    assert small < 150
    assert large > 286


def test_a_command_that_fails_says_why() -> None:
    with pytest.raises(RuntimeError, match="the reason"):
        book.cost([sys.executable, "-c", "import sys; sys.exit('the reason')"])


def test_quick_commands_fill_the_table(capsys: pytest.CaptureFixture[str]) -> None:
    book.main(["--smoke"])
    unchanged, touched = table(capsys.readouterr().out)
    assert unchanged[0] == "none changed"
    assert touched[0] == f"`{chapter_names()[0]}` touched"
    assert all(float(mebibytes) > 0 for mebibytes in (unchanged[2], touched[2], touched[4]))


def test_every_chapter_is_touched_built_and_run(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    commands = []

    def cost(command: list[str]) -> book.Cost:
        commands.append(command)
        return book.Cost(len(commands), 100)

    paths = {name: tmp_path / f"{i}.ipynb" for i, name in enumerate(chapter_names())}
    monkeypatch.setattr(book, "cost", cost)
    monkeypatch.setattr(book, "chapter_path", paths.__getitem__)
    book.main([])
    assert commands[:2] == [["make", "book"]] * 2
    assert commands[2::2] == [["make", "book"]] * len(paths)
    assert [command[-1] for command in commands[3::2]] == [str(path) for path in paths.values()]
    assert all(path.exists() for path in paths.values())
    assert [row[1] for row in table(capsys.readouterr().out)] == [
        f"{count:.1f}" for count in range(2, len(commands) + 1) if count == 2 or count % 2
    ]


# Controls


def test_every_control_is_changed_and_changed_back(capsys: pytest.CaptureFixture[str]) -> None:
    controls.main(["--smoke"])
    rows = table(capsys.readouterr().out)
    assert [row[0] for row in rows] == ["`explore_start`, depth 10", "`explore_start`, depth 50"]
    assert all(int(row[1]) == 10 and 0 < int(row[2]) <= int(row[3]) for row in rows)


@pytest.mark.parametrize(
    ("control", "other"),
    [
        (ipywidgets.IntSlider(3, 0, 5), 4),
        (ipywidgets.IntSlider(5, 0, 5, step=2), 3),
        (ipywidgets.FloatLogSlider(1.0, min=-1, max=1, step=0.5), 10**0.5),
        (ipywidgets.FloatLogSlider(10.0, min=-1, max=1, step=0.5), 10**0.5),
        (ipywidgets.Dropdown(options=["a", "b"]), "b"),
        (ipywidgets.Dropdown(options=[("one", 1), ("two", 2)], value=2), 1),
        (ipywidgets.Checkbox(True), False),
    ],
)
def test_a_control_is_changed_to_a_value_that_it_offers(control, other) -> None:
    assert controls.other_value(control) == pytest.approx(other)
    before = control.value
    control.value = controls.other_value(control)
    assert control.value != before
