"""Named settings: which are axes, who takes them, and how results get their names."""

from functools import partial

import numpy as np
import pytest
import xarray as xr
from hypothesis import given, settings
from hypothesis import strategies as st

from helpers.experiments.settings import (
    call,
    check_free,
    check_taken,
    describe,
    labelled,
    labels,
    points,
    split,
)

NUMBERS = st.lists(st.integers(-5, 5), min_size=1, max_size=3, unique=True)
AXES = st.dictionaries(st.sampled_from("abc"), NUMBERS, min_size=0, max_size=3)


def network(scheme, depth, seed=0):
    return scheme, depth, seed


# Axes


@pytest.mark.parametrize("values", [[1, 2, 3], (1, 2, 3), range(1, 4), np.array([1, 2, 3])])
def test_several_values_are_an_axis_and_label_themselves(values):
    axes, fixed = split({"depth": values, "lr": 0.1})
    assert axes == {"depth": {1: 1, 2: 2, 3: 3}}
    assert all(type(label) is int for label in axes["depth"])
    assert fixed == {"lr": 0.1}


def test_a_mapping_gives_names_to_any_values():
    values = {"none": None, "list": [1, 2], "function": print}
    axes, fixed = split({"what": values, "text": "he_normal", "nothing": None})
    assert axes == {"what": values}
    assert fixed == {"text": "he_normal", "nothing": None}


@pytest.mark.parametrize(
    ("given_settings", "error", "message"),
    [
        ({"depth": []}, ValueError, "depth must have at least one value; got none"),
        ({"depth": {}}, ValueError, "depth must have at least one value; got none"),
        ({"depth": range(0)}, ValueError, "depth must have at least one value"),
        ({"depth": [1, 2, 1]}, ValueError, r"depth has a value twice: \[1, 2, 1\]"),
        ({"lr": [0.1, None]}, TypeError, 'lr holds None, which is no label.*lr={"first": ...'),
        ({"phi": [print]}, TypeError, "phi holds .*print.* which is no label. Give each value a"),
        ({"depth": {(1, 2): 1}}, TypeError, r"depth holds \(1, 2\), which is no label"),
        ({"depth": {None: 1}}, TypeError, "depth holds None, which is no label"),
        ({"depth": [5, "ten"]}, TypeError, "labelled by numbers or by names; got both"),
    ],
)
def test_what_cannot_be_an_axis_is_named(given_settings, error, message):
    with pytest.raises(error, match=message):
        split(given_settings)


@given(AXES)
@settings(max_examples=50, deadline=None)
def test_points_are_all_combinations_in_the_order_of_their_labels(values):
    axes, fixed = split({**values, "fixed": "one"})
    grid, names = list(points(axes, fixed)), labels(axes)
    assert len(grid) == len(names) == np.prod([len(v) for v in values.values()], dtype=int)
    assert len({tuple(point.items()) for point in grid}) == len(grid)
    assert [{**name, "fixed": "one"} for name in names] == [dict(point) for point in grid]


def test_a_point_holds_the_value_and_its_label_is_the_name():
    axes, fixed = split({"scheme": {"He": "he_normal"}, "depth": [5, 10]})
    assert list(points(axes, fixed))[1] == {"scheme": "he_normal", "depth": 10}
    assert [describe(each) for each in labels(axes)] == [
        "scheme='He', depth=5",
        "scheme='He', depth=10",
    ]
    assert describe({}) == "the one setting"


# Who takes them


@pytest.mark.parametrize(
    ("names", "message"),
    [
        (["scheme", "depht"], "nothing takes the setting 'depht'. Did you mean 'depth'?"),
        (["scheme", "depth", "q"], "nothing takes the setting 'q'. Allowed: depth, lr, scheme, se"),
        (["scheme"], "network needs 'depth', which is not among the settings"),
        (["scheme", "depth", "ler"], "Did you mean 'lr'?"),
        (["scheme", "depth", "LR"], "Did you mean 'lr'?"),
    ],
)
def test_a_setting_that_nothing_takes_and_one_that_is_missing_are_named(names, message):
    with pytest.raises(TypeError, match=message.replace("?", r"\?")):
        check_taken(names, [network], options=["lr"])


def test_every_function_must_get_its_arguments():
    def rate(dept):
        return dept

    with pytest.raises(TypeError, match=r"rate needs 'dept'.* Did you mean 'depth'\?"):
        check_taken(["scheme", "depth"], [network, rate])


def test_functions_may_take_options_and_settings_of_each_other():
    check_taken(["scheme", "depth", "decay"], [network, lambda lr, decay: lr], options=["lr"])
    check_taken(["scheme", "depth", "seed"], [partial(network, seed=1)])
    check_taken(["seed"], [lambda: None], others=["seed"])
    check_taken(["whatever"], [lambda **settings: settings])


def test_a_name_of_the_result_is_no_setting():
    check_free(["depth"], ["loss", "step"])
    with pytest.raises(ValueError, match="the result has 'step' of its own; give the setting"):
        check_free(["depth", "step"], ["loss", "step"])


def test_a_function_gets_what_it_takes():
    point = {"scheme": "he", "depth": 3, "lr": 0.1, "steps": 7}
    assert call(network, point) == ("he", 3, 0)
    assert call(lambda **rest: rest, point) == point
    assert call(lambda **rest: rest, point, without=["lr", "steps"]) == {"scheme": "he", "depth": 3}
    named = call(lambda lr, **rest: (lr, rest), point, without=["lr", "steps"])
    assert named == (0.1, {"scheme": "he", "depth": 3})


# Results


@given(AXES.filter(len))
@settings(max_examples=20, deadline=None)
def test_each_row_is_found_under_its_labels(values):
    axes, _ = split(values)
    names = labels(axes)
    rows = [xr.Dataset({"n": float(i), "v": ("step", [i, -i])}) for i in range(len(names))]
    found = labelled(rows, axes)
    assert found.n.dims == tuple(values)
    assert found.v.dims == (*values, "step")
    for i, name in enumerate(names):
        assert found.n.sel(name).item() == i
        assert found.v.sel(name).values.tolist() == [i, -i]


def test_rows_of_different_length_end_in_nan():
    rows = [
        xr.Dataset({"v": ("layer", np.ones(n))}, {"layer": np.arange(1, n + 1)}) for n in (2, 4, 3)
    ]
    found = labelled(rows, {"depth": dict.fromkeys([2, 4, 3])})
    np.testing.assert_array_equal(found.layer, [1, 2, 3, 4])
    np.testing.assert_array_equal(found.v.isnull().sum("layer"), [2, 0, 1])
    assert found.v.sel(depth=2, layer=3).isnull()


def test_without_an_axis_the_result_is_the_one_row():
    row = xr.Dataset({"v": ("step", [1.0, 2.0])}, {"step": [0, 1]})
    assert labelled([row], {}).identical(row)
