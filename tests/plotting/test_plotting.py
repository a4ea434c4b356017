"""The recurring figures draw what they are given, and in the course's style."""

import itertools

import matplotlib
import matplotlib.pyplot as plt
import numpy as np
import pytest
from matplotlib.colors import to_rgb

from helpers import plotting


@pytest.fixture(autouse=True)
def _style():
    with matplotlib.rc_context():
        matplotlib.use("Agg")
        plotting.set_style()
        yield
        plt.close("all")


def _linear(channel):
    return channel / 12.92 if channel <= 0.04045 else ((channel + 0.055) / 1.055) ** 2.4


def test_the_background_is_opaque_white():
    figure = plt.figure()
    assert to_rgb(figure.get_facecolor()) == (1, 1, 1)
    assert figure.get_facecolor()[3] == 1


def test_series_differ_by_line_style_as_well_as_by_colour():
    ax = plt.figure().subplots()
    lines = [ax.plot([0, 1])[0] for _ in plotting.COLORS]
    assert len({line.get_color() for line in lines}) == len(lines)
    assert len(set(map(str, plotting.LINES))) == len(plotting.LINES) == len(lines)


def test_the_colours_stay_apart_for_all_three_kinds_of_colour_blindness():
    # Viénot, Brettel, Mollon 1999 for red and green; blue is dropped for tritanopia.
    kinds = {
        "protan": np.array([[0.11238, 0.88762, 0], [0.11238, 0.88762, 0], [0.00401, -0.00401, 1]]),
        "deutan": np.array([[0.29275, 0.70725, 0], [0.29275, 0.70725, 0], [-0.02234, 0.02234, 1]]),
    }
    colours = [np.array([_linear(c) for c in to_rgb(name)]) for name in plotting.COLORS]
    for matrix in kinds.values():
        seen = [matrix @ colour for colour in colours]
        assert min(np.abs(a - b).max() for a, b in itertools.combinations(seen, 2)) > 0.03


def test_band_draws_the_mean_and_the_range():
    ax = plt.figure().subplots()
    runs = np.array([[1.0, 2.0, 6.0], [3.0, 4.0, 0.0]])
    plotting.band(ax, [1, 2, 3], runs, "label")
    np.testing.assert_allclose(ax.lines[0].get_ydata(), [2, 3, 3])
    drawn = ax.collections[0].get_paths()[0].vertices
    for x, low, high in ((1, 1, 3), (2, 2, 4), (3, 0, 6)):
        at = drawn[drawn[:, 0] == x, 1]
        assert (at.min(), at.max()) == (low, high)


def test_strip_draws_every_measurement_in_its_row():
    ax = plt.figure().subplots()
    plotting.strip_on(ax, {"first": [0.1, 0.2, 0.3], "second": [0.9]})
    np.testing.assert_allclose(ax.lines[0].get_xdata(), [0.1, 0.2, 0.3])
    np.testing.assert_allclose(ax.lines[1].get_ydata(), [1])
    assert [label.get_text() for label in ax.get_yticklabels()] == ["first", "second"]
    assert ax.yaxis_inverted()
    assert ax.get_ylim() == (1.5, -0.5), "a group lies beyond the edge"


def test_image_grid_shows_each_image_on_one_common_scale():
    images = np.arange(3 * 4).reshape(3, 2, 2)
    figure = plotting.image_grid(images, ["a", "b", "c"], columns=2)
    shown = [ax for ax in figure.axes if ax.images]
    assert [ax.get_title() for ax in shown] == ["a", "b", "c"]
    for ax, image in zip(shown, images, strict=True):
        np.testing.assert_array_equal(ax.images[0].get_array(), image)
        assert ax.images[0].get_clim() == (0, 11)


def test_weights_are_shown_with_white_at_zero():
    figure = plotting.image_grid(np.array([[[-3.0, 1.0]]]), diverging=True)
    low, high = figure.axes[0].images[0].get_clim()
    assert (low, high) == (-3, 3)


@pytest.mark.parametrize("shape", [(0, 2, 2), (2, 2), (1, 2, 2, 3)])
def test_image_grid_says_which_shape_it_wants(shape):
    with pytest.raises(ValueError, match=r"\(n, height, width\)"):
        plotting.image_grid(np.zeros(shape))


def test_confusion_matrix_writes_every_count_and_colours_the_errors_alone():
    counts = np.array([[90, 3], [0, 80]])
    ax = plotting.confusion_matrix(counts, "01").axes[0]
    written = {text.get_text(): text.get_position() for text in ax.texts}
    assert written == {"90": (0, 0), "3": (1, 0), "80": (1, 1)}
    assert (ax.get_xlabel(), ax.get_ylabel()) == ("predicted digit", "true digit")
    np.testing.assert_array_equal(ax.images[0].get_array(), [[0, 3], [0, 0]])
    with pytest.raises(ValueError, match="classes must be 3, one for each; got 2"):
        plotting.confusion_matrix(np.zeros((3, 3)), "01")


def test_the_more_often_a_class_is_mistaken_the_darker_its_cell():
    counts = np.array([[90, 5, 1], [20, 80, 2], [0, 10, 70]])
    image = plotting.confusion_matrix(counts, "012").axes[0].images[0]
    brightness = image.to_rgba(image.get_array())[..., :3].sum(-1)
    order = np.argsort(image.get_array(), axis=None, kind="stable")
    assert np.all(np.diff(brightness.ravel()[order][3:]) < 0), "errors of 1, 2, 5, 10 and 20"
    assert np.ptp(brightness.ravel()[order][:4]) == 0, "what is no error is of one colour"


@pytest.mark.parametrize(
    ("counts", "classes", "message"),
    [
        ([[1, 2], [3, -4]], "01", "counts must be finite and at least 0"),
        ([[1, 2], [3, np.nan]], "01", "counts must be finite and at least 0"),
        ([[1, 2]], "01", r"counts must have the shape \(classes, classes\); got \(1, 2\)"),
    ],
)
def test_counts_are_from_0_up(counts, classes, message):
    with pytest.raises(ValueError, match=message):
        plotting.confusion_matrix(counts, classes)
