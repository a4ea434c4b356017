"""The figures of labelled results: what they draw, leave out, refuse, and leave as it was."""

import warnings

import matplotlib
import matplotlib.pyplot as plt
import numpy as np
import pytest
import torch
import xarray as xr
from matplotlib.colors import to_hex

from helpers import plotting
from helpers.experiments import starts
from helpers.initializers import initialize
from helpers.networks import mlp

CROSS = "\u00d7"
SCHEMES, SEEDS, STEPS = ["He", "Xavier", "LeCun"], [0, 1, 2], np.arange(1, 9)
NAN = np.nan


@pytest.fixture(autouse=True)
def _style():
    """Draw in the course's style, warnings as errors; nothing of it may be changed."""
    with matplotlib.rc_context(), warnings.catch_warnings():
        warnings.simplefilter("error")
        matplotlib.use("Agg")
        plotting.set_style()
        before = dict(matplotlib.rcParams)
        yield
        plt.close("all")
        assert dict(matplotlib.rcParams) == before


def rendered(figure):
    """Lay a figure out as it is shown, where a warning or an error would come."""
    figure.set_dpi(50)
    figure.draw_without_rendering()
    return figure


def runs(rows=(10, 30)):
    """Return losses with the dimensions depth, scheme, seed and step."""
    size = (len(rows), len(SCHEMES), len(SEEDS), len(STEPS))
    values = 1.0 + np.arange(np.prod(size)).reshape(size)
    labels = {"depth": list(rows), "scheme": SCHEMES, "seed": SEEDS, "step": STEPS}
    return xr.DataArray(values, labels, name="loss")


def series(ax):
    """Return the lines of an axes by their names in the legend."""
    return {line.get_label(): line for line in ax.lines if line.get_label()[:1] != "_"}


def texts(figure):
    """Return every text that stands in a figure, the legend's too."""
    found = figure.findobj(matplotlib.text.Text)
    return {text.get_text() for text in found if text.get_visible()} - {""}


def band(ax, i=0):
    """Return the lower and the upper ends of a band at every position."""
    points = ax.collections[i].get_paths()[0].vertices
    heights = {x: points[points[:, 0] == x, 1] for x in points[:, 0]}
    return {x: (y.min(), y.max()) for x, y in sorted(heights.items())}


# Curves


def test_curves_draw_the_mean_and_the_range_of_every_series_in_its_panel():
    values = runs()
    figure = plotting.curves(values, hue="scheme", row="depth")
    assert [ax.get_title("left") for ax in figure.axes] == ["depth: 10", "depth: 30"]
    for ax, depth in zip(figure.axes, values.depth, strict=True):
        assert list(series(ax)) == SCHEMES
        for i, scheme in enumerate(SCHEMES):
            own = values.sel(depth=depth, scheme=scheme)
            np.testing.assert_array_equal(series(ax)[scheme].get_xdata(), STEPS)
            np.testing.assert_allclose(series(ax)[scheme].get_ydata(), own.mean("seed"))
            low, high = own.min("seed").values, own.max("seed").values
            assert band(ax, i) == dict(zip(STEPS, zip(low, high, strict=True), strict=True))
    assert {*SCHEMES, "loss", "step"} <= texts(figure)


def test_series_differ_by_colour_line_and_marker_in_the_same_order():
    many = xr.DataArray(np.ones((14, 3)), {"arm": range(14), "step": range(3)})
    lines = plotting.curves(many, hue="arm").axes[0].lines
    looks = [(line.get_color(), str(line._dash_pattern), line.get_marker()) for line in lines]
    assert len(set(looks)) == 14
    assert [color for color, _, _ in looks[:6]] == list(plotting.COLORS)
    for kind in zip(*looks[:6], strict=True):
        assert len(set(kind)) == 6


def test_a_single_run_is_a_line_without_a_band_and_without_a_legend():
    figure = plotting.curves(runs().isel(depth=0, scheme=0, seed=0))
    (ax,) = figure.axes
    assert len(ax.lines) == 1
    assert not ax.collections
    assert not figure.legends


@pytest.mark.parametrize("length", [32, 33])
def test_a_line_has_a_marker_at_each_point_where_they_are_few(length):
    ax = plotting.curves(xr.DataArray(np.ones(length), dims="step")).axes[0]
    assert ax.lines[0].get_marker() == ("o" if length <= 32 else "none")


def test_neighbours_are_smoothed_and_a_rest_is_left_out():
    ax = plotting.curves(runs((10,)).isel(depth=0, scheme=0), smooth=3).axes[0]
    np.testing.assert_allclose(ax.lines[0].get_xdata(), [2, 5])
    np.testing.assert_allclose(ax.lines[0].get_ydata(), [2 + 8, 5 + 8])
    assert band(ax) == {2: (2, 18), 5: (5, 21)}


@pytest.mark.parametrize("smooth", [1, 2])
def test_a_line_ends_in_a_cross_where_one_of_its_networks_diverged(smooth):
    values = runs().isel(depth=0).copy()
    values.loc["Xavier", 1, 5:] = NAN
    ax = plotting.curves(values, hue="scheme", smooth=smooth).axes[0]
    (cross,) = [line for line in ax.lines if line.get_marker() == "X"]
    own = series(ax)["Xavier"]
    seen = np.isfinite(own.get_ydata())
    assert seen.sum() == 4 // smooth
    assert cross.get_color() == own.get_color()
    assert (cross.get_xdata()[0], cross.get_ydata()[0]) == (
        own.get_xdata()[seen][-1],
        own.get_ydata()[seen][-1],
    )
    assert np.isfinite(series(ax)["He"].get_ydata()).all()


def test_points_that_are_not_joined_have_no_line_and_no_cross():
    values = runs().isel(depth=0).copy()
    values.loc["Xavier", 1, 5:] = NAN
    ax = plotting.curves(values, hue="scheme", lines=False).axes[0]
    assert [line.get_linestyle() for line in ax.lines] == ["None"] * 3
    assert len({line.get_marker() for line in ax.lines}) == 3


def test_theory_is_thin_solid_and_grey_and_named_once():
    values = runs()
    theory = (values.mean("seed") * 2).isel(depth=[1])
    figure = plotting.curves(values, hue="scheme", row="depth", theory=theory)
    first, second = figure.axes
    assert len(first.lines) == 3
    predicted = second.lines[3:]
    assert len(predicted) == 3
    for line, scheme in zip(predicted, SCHEMES, strict=True):
        assert line.get_linestyle() == "-"
        assert line.get_linewidth() < 1
        red, green, blue = (to_hex(line.get_color())[i : i + 2] for i in (1, 3, 5))
        assert red == green == blue
        np.testing.assert_allclose(line.get_ydata(), theory.sel(scheme=scheme).values[0])
    whole = plotting.curves(values.isel(depth=0), hue="scheme", theory=theory[0, 0])
    assert [text.get_text() for text in whole.legends[0].get_texts()] == [*SCHEMES, "theory"]


def test_references_are_dotted_and_have_their_names_beside_them():
    levels = {"guessing": 2.3, "one pixel": 9.0}
    figure = plotting.curves(runs(), hue="scheme", row="depth", references=levels)
    for ax in figure.axes:
        drawn = ax.lines[3:]
        assert [line.get_ydata()[0] for line in drawn] == [2.3, 9.0]
        dots = [line._dash_pattern[1] for line in drawn]
        assert all(on < off for on, off in dots)
        assert {text.get_text(): text.get_position() for text in ax.texts} == {
            "guessing": (1.01, 2.3),
            "one pixel": (1.01, 9.0),
        }
    assert [text.get_text() for text in figure.legends[0].get_texts()] == SCHEMES


def test_names_and_scales_are_the_callers_and_the_name_of_x_stands_once():
    figure = plotting.curves(runs(), hue="scheme", row="depth", xlabel="update", ylabel="cost")
    assert [ax.get_xlabel() for ax in figure.axes] == ["", "update"]
    assert [ax.get_ylabel() for ax in figure.axes] == ["cost", "cost"]


@pytest.mark.parametrize(("ends", "whole"), [((1, 21), True), ((0.5, 2.5), False)])
def test_no_tick_stands_between_whole_numbers(ends, whole):
    positions = np.arange(*ends)
    figure = plotting.curves(xr.DataArray(positions, {"layer": positions}), "layer")
    rendered(figure)
    ticks = figure.axes[0].get_xticks()
    assert (ticks == ticks.round()).all() == whole


@pytest.mark.parametrize(
    ("label", "text"),
    [
        (0.03, "0.03"),
        (3e-5, "3e-5"),
        (np.float64(1.5e-4), "1.5e-4"),
        (0.001, "0.001"),
        (-2e-7, "-2e-7"),
        (0.0, "0"),
        (10, "10"),
        ("He", "He"),
    ],
)
def test_labels_are_short(label, text):
    values = xr.DataArray(np.ones((2, 3)), {"arm": [label, label], "step": range(3)})
    figure = plotting.curves(values.isel(arm=[0]), hue="arm")
    assert list(series(figure.axes[0])) == [text]


def test_zeros_and_negative_numbers_have_no_place_on_a_logarithmic_scale():
    values = runs().isel(depth=0).copy()
    values.loc["He", :, :4] = 0
    values.loc["Xavier"] = -1
    values.loc["LeCun", 0] = 0
    ax = plotting.curves(values, hue="scheme", yscale="log", references={"no": 0.0}).axes[0]
    assert np.isfinite(series(ax)["He"].get_ydata()).tolist() == [False] * 4 + [True] * 4
    assert np.isnan(series(ax)["Xavier"].get_ydata()).all()
    assert np.isfinite(series(ax)["LeCun"].get_ydata()).all()
    assert not [line for line in ax.lines if line.get_marker() == "X"]
    assert "no" not in texts(ax.figure)
    early = plotting.curves(values.assign_coords(step=STEPS - 3), hue="scheme", xscale="log")
    assert early.axes[0].lines[0].get_xdata().min() == 1


@pytest.mark.parametrize("value", [0.0, -1.0, NAN])
def test_a_logarithmic_panel_without_anything_says_so(value):
    values = runs().isel(scheme=0).copy()
    values[0] = value
    figure = rendered(plotting.curves(values, row="depth", yscale="log", xscale="log"))
    first, second = figure.axes
    assert [text.get_text() for text in first.texts] == ["nothing above 0"]
    assert not second.texts


def test_the_legend_has_no_more_columns_than_there_is_room_for():
    def columns(*names):
        values = xr.DataArray(np.ones((len(names), 2)), {"arm": list(names), "step": [0, 1]})
        return plotting.curves(values, hue="arm").legends[0]._ncols

    assert columns("a", "b") == 2
    assert columns(*"abcdef") == 3
    assert columns("a", "b", "a scheme with a rather long name") == 1


def test_the_dimensions_may_have_any_names_and_need_no_labels():
    bare = xr.DataArray(np.ones((2, 4, 3)), dims=("width of 2", "epoch", "seed"))
    ax = plotting.curves(bare, x="epoch", hue="width of 2").axes[0]
    assert list(series(ax)) == ["0", "1"]
    words = xr.DataArray([1.0, 2.0], {"activation": ["relu", "tanh"]})
    ax = plotting.curves(words, x="activation").axes[0]
    rendered(ax.figure)
    assert [tick.get_text() for tick in ax.get_xticklabels()] == ["relu", "tanh"]


@pytest.mark.parametrize("value", [NAN, np.inf, -np.inf, 1e200, 0.0])
@pytest.mark.parametrize("scale", ["linear", "log", "symlog"])
def test_any_numbers_can_be_drawn(value, scale):
    values = runs((10,)).isel(depth=0).copy()
    rendered(plotting.curves(values * 0 + value, hue="scheme", yscale=scale))
    values[0, 0, 2] = value
    rendered(plotting.curves(values, hue="scheme", yscale=scale))


# Layers


@pytest.fixture(scope="module")
def seen():
    """What starts sees of networks of two depths: the signal of the shallow one ends earlier."""

    def network(scheme, depth, seed):
        generator = np.random.default_rng(seed)
        return initialize(mlp([8] * (depth + 1)), scheme, generator=generator)

    x = torch.randn(16, 8, generator=torch.Generator().manual_seed(0))
    schemes = {"He": "he_normal", "zeros": "zeros"}
    return starts(network, x, x.argmax(1), scheme=schemes, depth=[3, 5], seed=range(3))


def test_layers_draw_each_variable_in_a_panel_on_a_logarithmic_scale(seen):
    figure = plotting.layers(seen.sel(depth=5), hue="scheme")
    assert [ax.get_title("left") for ax in figure.axes] == [
        "signal, mean square",
        "gradient, mean square",
    ]
    for ax, name in zip(figure.axes, ("signal", "gradient"), strict=True):
        assert ax.get_yscale() == "log"
        expected = seen[name].sel(depth=5, scheme="He").mean("seed")
        np.testing.assert_allclose(series(ax)["He"].get_ydata(), expected)
        assert series(ax)["He"].get_linestyle() == "None"
        assert len(band(ax)) == expected.notnull().sum()
    zero = series(figure.axes[0])["zeros"].get_ydata()
    assert np.isnan(zero).any()
    assert not (zero <= 0).any()


def test_relative_values_are_those_over_each_networks_own_last_layer(seen):
    figure = plotting.layers(
        seen.sel(scheme="He"), ["gradient"], hue="depth", relative=["gradient"]
    )
    assert figure.axes[0].get_title("left") == "gradient, mean square, relative to the last layer"
    for depth in (3, 5):
        own = seen.gradient.sel(scheme="He", depth=depth).dropna("layer")
        drawn = series(figure.axes[0])[str(depth)].get_ydata()
        expected = (own / own.isel(layer=-1)).mean("seed")
        np.testing.assert_allclose(drawn[np.isfinite(drawn)], expected)
        assert expected[-1] == 1


def test_relative_to_a_last_layer_of_zero_is_nothing(seen):
    ax = plotting.layers(seen.sel(scheme="zeros", depth=3) * 0, "signal", relative=["signal"]).axes[
        0
    ]
    assert [text.get_text() for text in ax.texts] == ["nothing above 0"]


def test_theory_of_a_variable_is_drawn_and_scaled_as_the_variable(seen):
    own = seen.sel(scheme="He", depth=5).drop_vars(["signal_theory", "gradient_theory"])
    own = own.assign(gradient_theory=own.gradient.mean("seed") * 2)
    signal, gradient = plotting.layers(own, relative=["gradient"]).axes
    assert len(signal.lines) == 1
    _, predicted = gradient.lines
    expected = own.gradient_theory / own.gradient_theory.isel(layer=-1)
    np.testing.assert_allclose(predicted.get_ydata(), expected)
    assert predicted.get_linestyle() == "-"


def test_layers_may_have_names():
    words = xr.Dataset({"signal": (("layer",), [1.0, 2.0])}, {"layer": ["dense_1", "dense_2"]})
    ax = plotting.layers(words, "signal").axes[0]
    rendered(ax.figure)
    assert [tick.get_text() for tick in ax.get_xticklabels()] == ["dense_1", "dense_2"]


# Heat maps


def cells(ax):
    """Return the texts of the cells by column and row."""
    return {text.get_position(): text.get_text() for text in ax.texts}


def test_a_heat_map_writes_the_mean_of_every_cell_and_a_cross_where_one_diverged():
    values = runs().isel(step=[0, 1]).copy() / 100
    values[0, 1, 2, 0] = NAN
    figure = plotting.heat_map(values, "step", "scheme", row="depth")
    first, second, bar = figure.axes
    assert [ax.get_title("left") for ax in (first, second)] == ["depth: 10", "depth: 30"]
    means = values.mean("seed", skipna=False)
    for ax, depth in ((first, 10), (second, 30)):
        for i, scheme in enumerate(SCHEMES):
            for j, step in enumerate(means.step):
                mean = means.sel(depth=depth, scheme=scheme, step=step).item()
                assert cells(ax)[j, i] == (CROSS if np.isnan(mean) else f"{mean:.2f}")
        assert [tick.get_text() for tick in ax.get_yticklabels()] == SCHEMES
    assert bar.get_ylabel() == "loss"
    assert {image.get_clim() for ax in (first, second) for image in ax.images} == {
        (means.min().item(), means.max().item())
    }


@pytest.mark.parametrize(
    ("value", "written"),
    [
        (0, "0.00"),
        (0.314, "0.31"),
        (0.01, "0.01"),
        (0.0012, "0.0012"),
        (9.99, "9.99"),
        (9.996, "10"),
        (123, "123"),
        (999.6, "1k"),
        (2600, "3k"),
        (-2.5, "-2.50"),
        (1e300, "1e+300"),
        (np.inf, CROSS),
    ],
)
def test_a_number_fits_its_cell(value, written):
    ax = plotting.heat_map(xr.DataArray([[value]], dims=("a", "b")), "b", "a").axes[0]
    assert cells(ax) == {(0, 0): written}
    assert len(written) <= 6


def test_the_colours_of_a_heat_map_end_at_its_limits():
    values = xr.DataArray([[0.2, 0.7]], dims=("a", "b"))
    for limits, ends in ((None, (0.2, 0.7)), ((0, 2), (0, 2)), ([0.5, 0.5], (0, 1))):
        image = plotting.heat_map(values, "b", "a", limits=limits).axes[0].images[0]
        assert image.get_clim() == ends
    for limits in ((2, 0), (0, np.inf), (0, 1, 2), 1):
        with pytest.raises(ValueError, match="limits must be two numbers"):
            plotting.heat_map(values, "b", "a", limits=limits)


def test_numbers_can_be_read_on_every_colour():
    def luminance(color):
        channels = np.array(matplotlib.colors.to_rgb(color))
        linear = np.where(
            channels <= 0.04045, channels / 12.92, ((channels + 0.055) / 1.055) ** 2.4
        )
        return linear @ (0.2126, 0.7152, 0.0722)

    for values in (np.linspace(0, 1, 40)[None], [[3.0, 3.0]], [[NAN, 1.0]]):
        ax = plotting.heat_map(xr.DataArray(values, dims=("a", "b")), "b", "a").axes[0]
        for text in ax.texts:
            j, i = text.get_position()
            ground = ax.images[0].to_rgba(values[i][j])[:3]
            light, dark = sorted(map(luminance, (text.get_color(), ground)), reverse=True)
            assert (light + 0.05) / (dark + 0.05) > 4.4


# Strips


def test_a_strip_shows_every_measurement_in_the_line_of_its_label():
    values = runs().isel(step=0)
    figure = plotting.strip(values, "scheme", row="depth", references={"chance": 5.0})
    for ax, depth in zip(figure.axes, values.depth, strict=True):
        assert ax.get_title("left") == f"depth: {depth.item()}"
        assert [tick.get_text() for tick in ax.get_yticklabels()] == SCHEMES
        assert ax.yaxis_inverted()
        points = [line for line in ax.lines if line.get_linestyle() == "None"]
        for i, (scheme, line) in enumerate(zip(SCHEMES, points, strict=True)):
            own = values.sel(depth=depth, scheme=scheme)
            np.testing.assert_array_equal(line.get_xdata(), own)
            assert (np.abs(line.get_ydata() - i) < 0.5).all()
        low, high = sorted(ax.get_ylim())
        assert low <= -0.5
        assert high >= len(SCHEMES) - 0.5
        assert cells(ax) == {(5.0, -0.5): "chance"}
    assert [ax.get_xlabel() for ax in figure.axes] == ["", "loss"]


def test_a_strip_counts_what_has_diverged_and_leaves_zeros_out_of_a_logarithmic_scale():
    values = runs().isel(step=0, depth=0).copy()
    values.loc["Xavier", 1:] = NAN
    values.loc["He", 0] = 0
    ax = plotting.strip(values, "scheme", xscale="log", references={"no": 0.0}).axes[0]
    assert cells(ax) == {(1.01, 1): "2 diverged"}
    assert np.isfinite(ax.lines[0].get_xdata()).tolist() == [False, True, True]
    single = plotting.strip(values.isel(seed=2), "scheme").axes[0]
    assert [line.get_ydata()[0] for line in single.lines] == [0, 1, 2]


# What all of them refuse


def draw(values, **changes):
    """Draw a heat map, a strip and curves of a value; return the errors."""
    settings = {"hue": "scheme", "row": "depth", **changes}
    errors = []
    for figure in (
        lambda: plotting.curves(values, **settings),
        lambda: plotting.heat_map(values, "step", settings["hue"], row=settings["row"]),
        lambda: plotting.strip(values, settings["hue"], row=settings["row"]),
    ):
        with pytest.raises((TypeError, ValueError)) as raised:
            figure()
        errors.append(f"{raised.type.__name__}: {raised.value}")
    assert not plt.get_fignums(), "a figure was left"
    return errors


@pytest.mark.parametrize("values", [[1.0], np.ones(3), None, "loss", xr.Dataset({"loss": 1.0})])
def test_only_labelled_arrays_are_drawn(values):
    for error in draw(values):
        assert error.startswith("TypeError: values must be an xarray.DataArray, such as runs.loss")


@pytest.mark.parametrize("values", [runs() * 1j, runs().astype(str), runs().astype(object)])
def test_only_real_numbers_are_drawn(values):
    for error in draw(values):
        assert error.startswith("TypeError: values must hold real numbers; got")


def test_a_missing_or_left_over_dimension_is_named():
    errors = draw(runs(), hue="width")
    assert set(errors) == {
        "ValueError: there is no dimension 'width'; there are depth, scheme, seed, step"
    }
    assert set(draw(runs(), row="scheme")) == {
        "ValueError: the dimension 'scheme' is named twice; name another one, or rename it"
    }
    with pytest.raises(ValueError, match=r"choose one label of 'depth' with \.sel, or name it"):
        plotting.curves(runs(), hue="scheme")
    with pytest.raises(ValueError, match="choose one label of 'step'"):
        plotting.strip(runs(), "scheme", row="depth")
    with pytest.raises(ValueError, match="the dimension 'seed' is averaged over"):
        plotting.curves(runs().isel(depth=0, step=0), x="seed", hue="scheme")
    with pytest.raises(ValueError, match="there is no dimension 'step'; there are none"):
        plotting.curves(xr.DataArray(1.0))


@pytest.mark.parametrize("name", ["depth", "scheme", "seed", "step"])
def test_an_empty_dimension_is_named(name):
    with pytest.raises(ValueError, match=f"nothing to draw: the dimension '{name}' is empty"):
        plotting.curves(runs().isel({name: []}), hue="scheme", row="depth")


def test_positions_must_have_a_place_on_a_logarithmic_axis():
    with pytest.raises(ValueError, match="no step is above 0, and its scale is logarithmic"):
        plotting.curves(xr.DataArray([1.0], {"step": [0]}), xscale="log")


@pytest.mark.parametrize(("smooth", "error"), [(0, ValueError), (9, ValueError), (1.5, TypeError)])
def test_smoothing_takes_as_many_neighbours_as_there_are(smooth, error):
    with pytest.raises(error, match="smooth must be"):
        plotting.curves(runs(), hue="scheme", row="depth", smooth=smooth)


@pytest.mark.parametrize("level", [NAN, np.inf, -np.inf])
def test_a_reference_is_a_finite_number(level):
    for figure in (
        lambda: plotting.curves(runs()[0, 0], references={"guessing": level}),
        lambda: plotting.strip(runs()[0, :, :, 0], "scheme", references={"guessing": level}),
    ):
        with pytest.raises(ValueError, match="'guessing' must be a finite number"):
            figure()


def test_theory_has_the_same_dimensions():
    with pytest.raises(ValueError, match="there is no dimension 'step'"):
        plotting.curves(runs().isel(depth=0), hue="scheme", theory=xr.DataArray(1.0))
    with pytest.raises(TypeError, match=r"theory must be an xarray\.DataArray"):
        plotting.curves(runs().isel(depth=0), hue="scheme", theory=np.ones(8))
    assert not plt.get_fignums()


def test_layers_say_which_variables_there_are(seen):
    own = seen.sel(depth=5)
    for changes in ({"variables": ["sgnal"]}, {"relative": ["sgnal"]}):
        with pytest.raises(ValueError, match="there is no variable 'sgnal'; there are signal"):
            plotting.layers(own, hue="scheme", **changes)
    with pytest.raises(ValueError, match="choose one label of 'scheme'"):
        plotting.layers(own)
    with pytest.raises(TypeError, match=r"seen must be .*, as starts returns it; got"):
        plotting.layers(own.signal, hue="scheme")
    assert not plt.get_fignums()


# What they leave as it was


def test_figures_leave_the_style_of_others_alone(seen):
    with matplotlib.rc_context({"figure.constrained_layout.use": False}):
        before = dict(matplotlib.rcParams)
        plotting.curves(runs(), hue="scheme", row="depth", references={"a": 1.0})
        plotting.layers(seen.sel(depth=5), hue="scheme")
        plotting.heat_map(runs(), "step", "scheme", row="depth")
        plotting.strip(runs().isel(step=0), "scheme", row="depth")
        for number in plt.get_fignums():
            rendered(plt.figure(number))
        plt.close("all")
        assert dict(matplotlib.rcParams) == before


def test_figures_do_not_change_their_values(seen):
    values = runs()
    before, layers_before = values.copy(deep=True), seen.copy(deep=True)
    plotting.curves(values, hue="scheme", row="depth", smooth=2, yscale="log", xscale="log")
    plotting.heat_map(values, "step", "scheme", row="depth")
    plotting.layers(seen.sel(depth=5), hue="scheme", relative=["gradient"])
    xr.testing.assert_identical(values, before)
    xr.testing.assert_identical(seen, layers_before)


def test_the_course_s_width_is_that_of_every_figure(seen):
    plotting.curves(runs(), hue="scheme", row="depth")
    plotting.layers(seen.sel(depth=5), hue="scheme")
    plotting.strip(runs().isel(step=0), "scheme", row="depth")
    plotting.heat_map(runs(), "step", "scheme", row="depth")
    widths = {plt.figure(number).get_figwidth() for number in plt.get_fignums()}
    assert widths == {plotting.WIDTH}
