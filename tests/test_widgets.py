"""A control redraws its figure, labels its sliders, and leaves a picture where no kernel runs."""

import base64

import ipywidgets
import matplotlib
import matplotlib.pyplot as plt
import numpy as np
import pytest

from helpers.activations import ACTIVATIONS
from helpers.widgets import SCHEMES, explore, explore_start, start_mean_squares

matplotlib.use("Agg")


def slider(**options):
    return ipywidgets.IntSlider(value=1, min=0, max=5, **options)


def draw(n):
    if n == 5:
        raise ValueError("n must be below 5")
    figure, ax = plt.subplots(figsize=(1, 1))
    ax.bar([0], [n])
    return figure


def test_the_picture_follows_the_control():
    control = slider(description="n")
    explorer = explore(draw, n=control)
    pictures = [explorer._repr_mimebundle_()["image/png"]]
    control.value = 3
    pictures.append(explorer._repr_mimebundle_()["image/png"])
    control.value = 1
    pictures.append(explorer._repr_mimebundle_()["image/png"])
    assert pictures[0] == pictures[2] != pictures[1]
    assert base64.b64decode(pictures[0]).startswith(b"\x89PNG")


def test_no_figure_stays_open():
    before = plt.get_fignums()
    explore(draw, n=slider(description="n"))
    assert plt.get_fignums() == before


def test_the_text_form_names_the_settings_and_nothing_that_varies():
    text = explore(draw, n=slider(description="n"))._repr_mimebundle_()["text/plain"]
    assert text == "Explorer: n = 1"


def test_an_error_is_shown_and_the_picture_stays():
    control = slider(description="n")
    explorer = explore(draw, n=control)
    before = explorer._repr_mimebundle_()["image/png"]
    control.value = 5
    messages = [child.value for child in explorer.children if isinstance(child, ipywidgets.HTML)]
    assert messages == ["n must be below 5"]
    assert explorer._repr_mimebundle_()["image/png"] == before
    control.value = 2
    messages = [child.value for child in explorer.children if isinstance(child, ipywidgets.HTML)]
    assert messages == [""]


def test_a_control_must_exist_have_a_value_and_a_label():
    with pytest.raises(ValueError, match="at least one"):
        explore(draw)
    with pytest.raises(ValueError, match="description"):
        explore(draw, n=slider())
    with pytest.raises(TypeError, match="n must be an ipywidget"):
        explore(draw, n=3)


# The control of a start


@pytest.mark.parametrize("activation", ACTIVATIONS)
@pytest.mark.parametrize("scheme", ["xavier_uniform", "he_normal", "sign", "orthogonal"])
def test_a_wide_start_does_what_theory_predicts(scheme, activation):
    scale = 10 if scheme == "sign" else 1
    runs = [start_mean_squares(scheme, activation, scale, 3, seed, width=400) for seed in range(4)]
    measured, predicted = np.mean(runs, axis=0)
    np.testing.assert_allclose(measured, predicted, rtol=0.2)


def test_a_start_is_drawn_anew_for_each_setting():
    explorer = explore_start(depth=3)
    pictures = {explorer._repr_mimebundle_()["image/png"]}
    changes = {"scheme": "he_uniform", "activation": "relu", "scale": 2.0, "depth": 4, "seed": 1}
    controls = {c.description: c for c in explorer.children if getattr(c, "description", "")}
    assert set(controls) == set(changes)
    for name, value in changes.items():
        controls[name].value = value
        pictures.add(explorer._repr_mimebundle_()["image/png"])
    assert len(pictures) == 1 + len(changes)


@pytest.mark.parametrize("scheme", SCHEMES)
def test_extreme_starts_can_be_drawn(scheme):
    explore_start(scheme=scheme, activation="selu", scale=10, depth=50)


def test_a_start_that_no_control_offers_is_refused():
    with pytest.raises(ValueError, match="unknown scheme 'zeros'"):
        explore_start(scheme="zeros")
    with pytest.raises(ValueError, match="unknown activation 'swish'"):
        explore_start(activation="swish")
    with pytest.raises(ValueError, match="depth must be 50 at most; got 51"):
        explore_start(depth=51)
