"""A measured number is written after the sign ≈, in so many digits, and nothing else is."""

import math
import re

import numpy as np
import pytest
import torch
import xarray as xr
from hypothesis import given
from hypothesis import strategies as st

from helpers.evidence import about
from helpers.experiments import difference

SEEDS = {"seed": [0, 1, 2, 3]}
GAIN = difference(xr.DataArray([3.0, 4, 5, 6], SEEDS), xr.DataArray([1.0, 2, 4, 7], SEEDS))


@pytest.mark.parametrize(
    ("value", "written"),
    [
        (0.3141, "≈0.31"),
        (-0.3141, "≈-0.31"),
        (0.0, "≈0.0"),
        (-0.0, "≈0.0"),
        (1e-4, "≈0.00010"),
        (9.94e-5, "≈9.9e-5"),
        (-3.2e-9, "≈-3.2e-9"),
        (5e-324, "≈4.9e-324"),
        (99.6, "≈100"),
        (1234.5, "≈1,200"),
        (-58_730.0, "≈-59,000"),
        (949_999.0, "≈950,000"),
        (999_999.0, "≈1.0e6"),
        (1.7e308, "≈1.7e308"),
        (7, "≈7"),
        (True, "≈1"),
        (np.int64(12), "≈12"),
        (np.float32(0.25), "≈0.25"),
        (torch.tensor(0.25, dtype=torch.bfloat16, requires_grad=True), "≈0.25"),
        (xr.DataArray(0.25), "≈0.25"),
        ([0.29, 0.31, 0.3], "≈0.29 to ≈0.31"),
        ([0.301, 0.302], "≈0.30"),
        (np.array([[-2.0, -1.0]]), "≈-2.0 to ≈-1.0"),
        ([1e-9, 1e9], "≈1.0e-9 to ≈1.0e9"),
        (math.nan, "not finite"),
        (-math.inf, "not finite"),
        ([1.0, math.nan], "not finite"),
        ([1.0, math.inf], "≈1.0 to not finite"),
    ],
)
def test_about_writes(value, written):
    assert about(value) == written


def test_a_difference_is_written_with_its_interval_and_its_pairs():
    shown = re.fullmatch(
        r"≈1\.0 \(95% interval ≈(-\S+) to ≈(\S+); ≈3 of 4 pairs agree\)", about(GAIN)
    )
    low, high = map(float, shown.groups())
    assert low == pytest.approx(GAIN.low.item(), rel=0.05)
    assert high == pytest.approx(GAIN.high.item(), rel=0.05)


def test_pairs_that_agree_are_counted_to_the_last_one():
    seeds = {"seed": range(200)}
    gain = xr.DataArray([1.0] * 123 + [-0.1] * 77, seeds)
    assert "≈123 of 200 pairs agree" in about(difference(gain, 0 * gain))


def test_one_difference_of_several_must_be_chosen():
    two = xr.concat([GAIN, GAIN], "depth")
    with pytest.raises(TypeError, match="choose one variable, or one difference"):
        about(two)
    assert about(two.isel(depth=0)) == about(GAIN)


@given(st.floats(allow_nan=False, allow_infinity=False), st.integers(min_value=1, max_value=12))
def test_about_rounds_to_significant_digits(value, digits):
    text = about(value, digits)
    assert re.fullmatch(r"≈-?(\d{1,3}(,\d{3})*(\.\d+)?|\d(\.\d+)?e-?\d+)", text)
    seen = float(text[1:].replace(",", ""))
    if math.isfinite(seen):  # the largest floats are rounded up to more than a float
        assert abs(seen - value) <= 0.5001 * abs(value) * 10.0 ** (1 - digits) + 5e-324


@pytest.mark.parametrize(
    "value",
    [
        1 + 2j,
        torch.tensor(1 + 2j),
        torch.tensor(1.0, device="meta"),
        torch.eye(2).to_sparse(),
        np.ma.masked_array([1, 9], [0, 1]),
        np.datetime64("2020-01-01"),
        [1, [2]],
        "0.3",
        ["0.3"],
        None,
        {1: 2},
        object(),
        10**400,
    ],
    ids=lambda value: type(value).__name__,
)
def test_what_holds_no_real_numbers_is_refused(value):
    with pytest.raises(TypeError, match="must hold real numbers; got"):
        about(value)


@pytest.mark.parametrize("value", [[], np.zeros((3, 0)), torch.tensor([]), xr.DataArray([])])
def test_nothing_is_no_measurement(value):
    with pytest.raises(ValueError, match="it is empty"):
        about(value)


@pytest.mark.parametrize("digits", [1.5, "2", None, True])
def test_digits_are_counted(digits):
    with pytest.raises(TypeError, match="digits must be an integer"):
        about(0.3, digits)
    with pytest.raises(ValueError, match="1 or more"):
        about(0.3, 0)
