"""What a function returns at every combination of named settings."""

import numpy as np
import pytest
import xarray as xr
from hypothesis import given, settings
from hypothesis import strategies as st

from helpers.experiments import tabulate


@settings(max_examples=20, deadline=None)
@given(
    widths=st.lists(st.integers(1, 50), min_size=1, max_size=3, unique=True),
    rates=st.lists(st.integers(1, 50), min_size=1, max_size=3, unique=True),
)
def test_every_entry_is_what_the_function_returns_there(widths, rates):
    def ratio(width, rate):
        return width / rate

    seen = tabulate(ratio, rate=rates, width=widths)
    assert (seen.dims, seen.name) == (("rate", "width"), "ratio")
    for width in widths:
        for rate in rates:
            assert seen.sel(width=width, rate=rate) == width / rate


def test_dimensions_of_the_results_come_last():
    def powers(base, highest):
        exponents = np.arange(1, highest + 1)
        return xr.DataArray(base**exponents, {"exponent": exponents}, name="power")

    seen = tabulate(powers, base={"two": 2, "three": 3}, highest=4)
    assert (seen.dims, seen.name) == (("base", "exponent"), "power")
    np.testing.assert_array_equal(seen.sel(base="three"), [3, 9, 27, 81])


def test_a_mapping_gives_functions_names():
    seen = tabulate(lambda law, x: law(x), law={"sine": np.sin, "cosine": np.cos}, x=[0.0, 1.0])
    assert seen.sel(law="cosine", x=1.0) == np.cos(1.0)


def test_an_error_says_where():
    def inverse(x):
        return 1 / x

    with pytest.raises(ValueError, match=r"inverse fails at x=0: division by zero"):
        tabulate(inverse, x=[1, 0])


@pytest.mark.parametrize("settings", [{"x": [1], "y": 2}, {}])
def test_settings_and_arguments_must_fit(settings):
    with pytest.raises(TypeError):
        tabulate(lambda x: x, **settings)
