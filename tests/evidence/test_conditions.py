"""A condition holds if and only if plain arithmetic says so, and shows both sides of it."""

import math
import warnings

import numpy as np
import pytest
import torch
import xarray as xr
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from helpers.evidence import EvidenceError, check, condition
from helpers.experiments import difference

FLOATS = st.floats(-1e6, 1e6)
ANY = st.floats(allow_nan=True, allow_infinity=True)
NAN, INF = math.nan, math.inf
A = xr.DataArray([[1.0, 2.0], [3.0, 4.0]], {"scheme": ["He", "Xavier"], "depth": [10, 20]})
SHUFFLED = A.isel(scheme=[1, 0], depth=[1, 0]).transpose("depth", "scheme")


def gain(*of_pairs):
    """Return a difference that has these values pair by pair."""
    seeds = {"seed": range(len(of_pairs))}
    zero = xr.DataArray(np.zeros(len(of_pairs)), seeds)
    return difference(xr.DataArray(list(of_pairs), seeds), zero)


# What is shown


@pytest.mark.parametrize(
    ("value", "demand", "shown"),
    [
        (0.3141, {"above": 0.25, "below": 0.37}, "≈0.31 (allowed 0.25 to 0.37)"),
        (0.3141, {"expected": 0.31, "tolerance": 0.06}, "≈0.31 (allowed 0.25 to 0.37)"),
        (-0.5, {"expected": -0.5, "tolerance": 0.1}, "≈-0.50 (allowed -0.6 to -0.4)"),
        (0.1234, {"above": 0}, "≈0.12 (allowed above 0)"),
        (58_730.0, {"below": 60_000}, "≈59,000 (allowed below 60,000)"),
        ([0.2, 0.4], {"below": 1}, "≈0.20 to ≈0.40 (allowed below 1)"),
        (0.46, {"above": np.float64(0.21)}, "≈0.46 above ≈0.21"),
        (0.21, {"below": xr.DataArray(0.46)}, "≈0.21 below ≈0.46"),
        (0.46, {"above": torch.tensor(0.2), "below": [0.5]}, "≈0.46 above ≈0.20 below ≈0.50"),
        (0.46, {"above": np.array([0.21]), "below": 1}, "≈0.46 above ≈0.21 (allowed below 1)"),
        (1.00002, {"expected": 1, "tolerance": 1e-4}, "≈1.0000 (allowed 0.9999 to 1.0001)"),
        (1.00002, {"expected": 1, "tolerance": 9.9e-5}, "≈1.0000 (allowed 1 ± 9.9e-05)"),
        (1, {"below": 999_999_999_999_999}, "≈1 (allowed below 999,999,999,999,999)"),
        (1, {"below": 1e15}, "≈1 (allowed below 1e+15)"),
        (0, {"expected": 0}, "exactly 0"),
        (1_234_567, {"expected": 1_234_567}, "exactly 1,234,567"),
        ([0.1, 0.1], {"expected": 0.1}, "exactly 0.1"),
        ("He", {"expected": "He"}, "'He'"),
        (np.str_("He"), {"expected": "He"}, "'He'"),
        (
            [1.0, 2.0],
            {"expected": [1.0, 2.1], "tolerance": 0.2},
            "largest distance ≈0.10 (allowed 0.2)",
        ),
        (
            0.31,
            {"expected": np.float64(0.3), "tolerance": 0.05},
            "≈0.31 against ≈0.30, largest distance ≈0.010 (allowed 0.05)",
        ),
        (
            gain(1, 2, 2, 3),
            {"above": 0},
            "≈2.0 (95% interval ≈0.70 to ≈3.3; ≈4 of 4 pairs agree) (allowed above 0)",
        ),
    ],
)
def test_both_sides_are_shown(value, demand, shown):
    assert str(condition("it", value, **demand)) == f"✓ it: {shown}"


@pytest.mark.parametrize(
    ("value", "demand", "shown"),
    [
        (0.2499, {"above": 0.25}, "≈0.2499 (allowed above 0.25)"),
        (0.2501, {"above": 0.25}, "≈0.2501 (allowed above 0.25)"),
        (np.float64(0.46), {"above": np.float64(0.4599)}, "≈0.4600 above ≈0.4599"),
        (99.51, {"above": 99, "below": 100}, "≈99.51 (allowed 99 to 100)"),
        (0.1 + 0.2, {"expected": 0.3}, "≈0.30000000000000004 (allowed 0.3)"),
        (1 + 2e-9, {"expected": 1, "tolerance": 1e-9}, "≈1.000000002 (allowed 1 ± 1e-09)"),
        (1e308, {"expected": -1e308}, "≈1.0e308 (allowed -1e+308)"),
    ],
)
def test_a_value_is_seen_on_the_right_side_of_its_bound(value, demand, shown):
    assert str(condition("it", value, **demand))[2:] == f"it: {shown}"


@pytest.mark.parametrize(
    ("value", "demand", "shown"),
    [
        (0.5, {"above": 1}, "≈0.50 (allowed above 1)"),
        ([0.5, 3], {"above": 1, "below": 2}, "≈0.50 to ≈3.0 (allowed 1 to 2)"),
        (1.5, {"expected": 1}, "≈1.5 (allowed 1)"),
        (NAN, {"expected": 1, "tolerance": 0.1}, "not finite (allowed 0.9 to 1.1)"),
        (NAN, {"above": 0}, "not finite (allowed above 0)"),
        (0.2, {"above": np.array([0.3])}, "≈0.20 above ≈0.30"),
        (0.2, {"above": np.array([NAN])}, "≈0.20 above not finite"),
        ("He", {"expected": "Xavier"}, "'He' (allowed 'Xavier')"),
        ([1.0, NAN], {"expected": [1.0, 2.0], "tolerance": 9}, "largest distance not finite"),
        (gain(1, 2, -2), {"above": 0}, "(allowed above 0)"),
    ],
)
def test_a_failing_check_shows_what_was_measured(value, demand, shown):
    with pytest.raises(EvidenceError) as raised:
        check("it", value, **demand)
    assert str(raised.value).startswith("✗ it: ")
    assert shown in str(raised.value)


def test_a_check_prints_the_condition_and_returns_nothing(capsys):
    assert check("loss", 0.3141, above=0.25, below=0.37) is None
    assert capsys.readouterr().out == f"{condition('loss', 0.3141, above=0.25, below=0.37)}\n"


# If and only if


@given(value=ANY, expected=FLOATS, tolerance=st.floats(0, 1e6))
def test_near_is_what_subtraction_says(value, expected, tolerance):
    held = condition("it", value, expected, tolerance).holds
    assert held == (abs(value - expected) <= tolerance)


@given(value=ANY, above=FLOATS, below=FLOATS)
def test_between_is_what_comparison_says(value, above, below):
    assert condition("it", value, above=above).holds == (value > above)
    assert condition("it", value, below=below).holds == (value < below)
    assert condition("it", value, above=np.float64(above)).holds == (value > above)
    if above < below:
        assert condition("it", value, above=above, below=below).holds == (above < value < below)


@given(arrays(float, (2, 3), elements=ANY), arrays(float, (2, 3), elements=ANY), FLOATS)
def test_every_entry_counts(values, others, bound):
    pairs = list(zip(values.flat, others.flat, strict=True))
    assert condition("it", values, above=bound).holds == all(v > bound for v in values.flat)
    assert condition("it", bound, above=others).holds == all(bound > o for o in others.flat)
    assert condition("it", values, above=others).holds == all(v > o for v, o in pairs)
    assert condition("it", values, below=others).holds == all(v < o for v, o in pairs)
    near = condition("it", values, others, 1.0).holds
    assert near == all(abs(float(v) - float(o)) <= 1 for v, o in pairs)


@given(st.lists(FLOATS, min_size=3, max_size=6), FLOATS)
def test_the_whole_interval_of_a_difference_counts(of_pairs, bound):
    measured = gain(*of_pairs)
    assert condition("it", measured, above=bound).holds == (measured.low.item() > bound)
    assert condition("it", measured, below=bound).holds == (measured.high.item() < bound)


# Labels


def test_labelled_arrays_are_compared_label_by_label():
    assert (SHUFFLED.values == A.values.T[::-1, ::-1]).all()
    assert condition("it", A + 0.1, above=SHUFFLED).holds
    assert condition("it", SHUFFLED, below=A + 0.1).holds
    assert condition("it", A, SHUFFLED).holds
    assert not condition("it", A - 0.1, above=SHUFFLED).holds
    assert str(condition("it", A, SHUFFLED + 1, 1)) == "✓ it: largest distance ≈1.0 (allowed 1)"


@pytest.mark.parametrize("demand", [{"above": None}, {"below": None}, {"expected": None}])
@pytest.mark.parametrize(
    ("other", "named"),
    [
        (A.sel(depth=[10]), "one side has the depth 20"),
        (A.assign_coords(scheme=["He", "LeCun"]), "one side has the scheme 'LeCun'"),
        (A.sel(depth=10, drop=True), "one side has the dimension 'depth'"),
        (A.rename(depth="width"), "one side has the dimension 'depth'"),
    ],
)
def test_what_one_side_lacks_is_named(demand, other, named):
    for one, two in ((A, other), (other, A)):
        with pytest.raises(ValueError, match=f"'it': {named}"):
            condition("it", one, **dict.fromkeys(demand, two))


def test_a_single_number_goes_with_every_label():
    assert condition("it", A, above=A.sel(scheme="He", depth=10) - 1).holds
    assert condition("it", A.max() + 1, above=A).holds


def test_conditions_change_neither_side():
    one, two = A.copy(deep=True), SHUFFLED.copy(deep=True)
    condition("it", one, above=two)
    xr.testing.assert_identical(one, A)
    xr.testing.assert_identical(two, SHUFFLED)


# Nothing passes on nothing


@pytest.mark.parametrize(
    ("value", "demand", "error", "named"),
    [
        (2.0, {"expected": []}, ValueError, "empty"),
        ([], {"expected": 1}, ValueError, "empty"),
        ([], {"above": 1}, ValueError, "empty"),
        (1, {"above": []}, ValueError, "empty"),
        (2 + 3j, {"expected": 2, "tolerance": 1}, TypeError, "real numbers"),
        (2, {"expected": 2 + 3j, "tolerance": 1}, TypeError, "real numbers"),
        (torch.tensor(1 + 2j), {"expected": 1, "tolerance": 9}, TypeError, "real numbers"),
        (np.ma.masked_array([1, 9], [0, 1]), {"expected": 1}, TypeError, "real numbers"),
        (np.ones(3), {"expected": np.ones((3, 1))}, ValueError, r"\(3,\) against \(3, 1\)"),
        (np.ones(3), {"above": np.zeros((3, 1))}, ValueError, r"\(3,\) against|\(3, 1\)"),
        (np.ones((3, 1)), {"below": np.full(3, 2)}, ValueError, r"\(3, 1\) against \(3,\)"),
        (np.ones(3), {"expected": np.ones(2)}, ValueError, r"\(3,\) against \(2,\)"),
        (1, {"expected": 1, "tolerance": INF}, ValueError, "tolerance must be finite"),
        (1, {"expected": 1, "tolerance": NAN}, ValueError, "tolerance must be finite"),
        (1, {"expected": 1, "tolerance": -1}, ValueError, "tolerance must be finite and 0"),
        (1, {"expected": 1, "tolerance": "1"}, TypeError, "real numbers; got '1'"),
        (1, {"expected": 1, "tolerance": [1, 2]}, ValueError, "tolerance must be finite"),
        (1, {"above": 0, "tolerance": 1}, TypeError, "tolerance needs an expected value"),
        (1, {"tolerance": 1}, TypeError, "needs either"),
        (1, {"expected": 1, "above": 0}, TypeError, "needs either"),
        (INF, {"expected": INF, "tolerance": 1}, ValueError, "must be finite; got inf"),
        (NAN, {"expected": NAN}, ValueError, "must be finite; got nan"),
        (1, {"below": INF}, ValueError, "below must be finite"),
        (1, {"above": -INF}, ValueError, "above must be finite"),
        (1, {"above": NAN}, ValueError, "above must be finite"),
        (1, {"above": 2, "below": 0}, ValueError, "no number lies above 2 and below 0"),
        (1, {"above": 1, "below": 1}, ValueError, "no number lies"),
        (1, {"above": "0"}, TypeError, "real numbers; got '0'"),
        ("1", {"expected": 1}, TypeError, "a text needs a text"),
        (1, {"expected": "1"}, TypeError, "a text needs a text"),
        ("a", {"above": 1}, TypeError, "a text needs a text"),
        (np.array(["a"]), {"expected": "a"}, TypeError, "a text needs a text"),
        (gain(1, 2, 3), {"expected": 2, "tolerance": 9}, TypeError, "choose one variable"),
        (1, {"below": gain(1, 2, 3)}, TypeError, "choose one variable"),
        (xr.Dataset({"x": 1.0}), {"above": 0}, TypeError, "choose one variable"),
    ],
)
def test_what_proves_nothing_is_refused(value, demand, error, named, capsys):
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        with pytest.raises(error, match=f"'it'.*({named})"):
            check("it", value, **demand)
    assert capsys.readouterr().out == ""


def test_a_condition_must_demand_something():
    with pytest.raises(TypeError, match="needs either an expected value, or above"):
        condition("it", True)


@pytest.mark.parametrize("statement", ["", "  ", None, 3])
def test_a_statement_says_what_is_measured(statement):
    with pytest.raises(TypeError, match="must say what is measured"):
        condition(statement, 1, 1)


# A truth value


@pytest.mark.parametrize(
    "value", [True, np.bool_(True), [True, True], torch.tensor([True]), A + 9 > 3]
)
def test_a_truth_value_is_true_in_every_entry(value, capsys):
    check("it is so", value)
    assert capsys.readouterr().out == "✓ it is so\n"
    with pytest.raises(EvidenceError, match="✗ it is so"):
        check("it is so", np.logical_not(np.asarray(value)))


@pytest.mark.parametrize("value", [0.3, NAN, 2, [True, 2]])
def test_a_number_alone_is_no_truth_value(value):
    with pytest.raises(TypeError, match=r"'it' needs bounds, or a truth value; got (≈|not finite)"):
        check("it", value)
    with pytest.raises(ValueError, match="empty"):
        check("it", [])
