"""Fair comparisons: each arm at its own best setting, and paired differences."""

import numpy as np
import pytest
import xarray as xr
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays
from scipy import stats

from helpers.experiments import best, difference

RATES = [0.1, 0.2, 0.4, 0.8]
NAN = np.nan


def values(numbers, **coordinates):
    return xr.DataArray(np.asarray(numbers, float), coordinates)


THREE = values([1, 2, 3], seed=[0, 1, 2])


# Each arm at its best


def test_each_arm_is_taken_where_its_mean_over_seeds_is_best():
    accuracy = values(
        [  # the best single seed of "He" is at 0.4, its best mean at 0.2
            [[0.1, 0.1], [0.7, 0.7], [0.9, 0.2], [0.1, 0.1]],
            [[0.2, 0.2], [0.3, 0.3], [0.5, 0.6], [0.1, 0.2]],
        ],
        scheme=["He", "Xavier"],
        lr=RATES,
        seed=[0, 1],
    )
    chosen = best(accuracy)
    assert chosen.dims == ("scheme", "seed")
    assert chosen.lr.dims == ("scheme",)
    np.testing.assert_array_equal(chosen.lr, [0.2, 0.4])
    np.testing.assert_array_equal(chosen, [[0.7, 0.7], [0.5, 0.6]])


def test_every_other_dimension_is_an_arm():
    numbers = np.zeros((2, 4, 3, 5))
    where = np.array([[1, 2, 1], [2, 2, 1]])
    for (a, b), i in np.ndenumerate(where):
        numbers[a, i, b] = 1 + a + b
    found = best(
        values(numbers, scheme=["He", "zero"], lr=RATES, depth=[1, 2, 3], seed=np.arange(5))
    )
    np.testing.assert_array_equal(found.lr, np.array(RATES)[where])
    np.testing.assert_array_equal(found.isel(seed=0), [[1, 2, 3], [2, 3, 4]])


def test_less_may_be_better():
    loss = values([3.0, 1.0, 2.0, 9.0], lr=RATES)
    assert best(loss, mode="min").lr == 0.2
    assert best(-loss).lr == 0.2
    with pytest.raises(ValueError, match="end of its grid"):
        best(loss)


def test_the_grid_need_not_be_sorted():
    accuracy = values([0.9, 0.1, 0.5, 0.2], lr=[0.2, 0.8, 0.4, 0.1])
    assert best(accuracy).lr == 0.2
    assert best(accuracy) == 0.9
    with pytest.raises(ValueError, match="end of its grid"):
        best(values([0.1, 0.2, 0.9], lr=[0.2, 0.4, 0.1]))


def test_another_dimension_may_be_chosen_on():
    accuracy = values([[0.1, 0.5, 0.2], [0.7, 0.1, 0.2]], lr=[0.1, 0.2], depth=[5, 10, 20])
    with pytest.raises(ValueError, match=r"the arm lr=0\.2 is best at the end.* of depth"):
        best(accuracy, over="depth")
    np.testing.assert_array_equal(best(accuracy[:1], over="depth").depth, [10])


def test_a_setting_at_which_one_seed_diverged_is_no_candidate():
    accuracy = values([[0.1, 0.1], [0.3, 0.3], [0.9, NAN], [NAN, NAN]], lr=RATES, seed=[0, 1])
    assert best(accuracy).lr == 0.2
    assert best(-accuracy, mode="min").lr == 0.2
    accuracy[0] = 0.5
    with pytest.raises(ValueError, match="end of its grid"):
        best(accuracy)


def test_seeds_may_have_another_name_or_be_missing():
    accuracy = values([[0.1, 0.1], [0.3, 0.3], [0.9, 0.0]], lr=RATES[:3], repetition=[0, 1])
    with pytest.raises(ValueError, match="repetition=0 is best at the end"):
        best(accuracy)
    accuracy[2] = [0.4, 0.0]
    assert best(accuracy, seed="repetition").lr == 0.2


@pytest.mark.parametrize("end", [0, -1])
def test_the_arms_that_are_best_at_the_end_are_named(end):
    numbers = np.tile([0.1, 0.5, 0.4, 0.1], (2, 3, 1))
    numbers[1, [0, 2], end] = 0.9
    accuracy = values(numbers, scheme=["He", "Xavier"], depth=[5, 10, 20], lr=RATES)
    message = (
        r"the arm scheme='Xavier', depth=5; scheme='Xavier', depth=20 is best at the end of its "
        r"grid of lr; extend the grid: \[0\.1 0\.2 0\.4 0\.8\]"
    )
    with pytest.raises(ValueError, match=message):
        best(accuracy)


def test_a_tolerance_lets_level_arms_pass():
    level = values([0.101, 0.1, 0.09, 0.1], lr=RATES)
    with pytest.raises(ValueError, match="the arm is best at the end"):
        best(level)
    assert best(level, tolerance=0.002).lr == 0.2
    assert best(values([0.1, 0.1, 0.1], lr=RATES[:3])).lr == 0.2
    with pytest.raises(ValueError, match="the arm is best at the end"):
        best(level, tolerance=0.0005)
    assert best(-level, mode="min", tolerance=0.002).lr == 0.2


def test_an_arm_that_diverged_everywhere_is_named():
    accuracy = values([[0.1, 0.2, 0.1], [NAN, NAN, NAN]], scheme=["He", "large"], lr=RATES[:3])
    with pytest.raises(ValueError, match="scheme='large' holds a diverged network at every lr"):
        best(accuracy)


@pytest.mark.parametrize(
    ("given_values", "options", "error", "message"),
    [
        (values([1, 2], lr=[0.1, 0.2]), {}, ValueError, "lr must have three values or more"),
        (values([1, 2, 1], lr=RATES[:3]), {"over": "lrr"}, ValueError, "Did you mean 'lr'"),
        (values([1, 2, 1], lr=RATES[:3]), {"mode": "maxx"}, ValueError, "Did you mean 'max'"),
        (np.ones(3), {}, TypeError, r"values must be an xarray\.DataArray; got ndarray"),
        (values([1, 2, 1], lr=["1", "2", "10"]), {}, TypeError, "lr must be labelled by numbers"),
    ],
)
def test_what_cannot_be_chosen_on_is_refused(given_values, options, error, message):
    with pytest.raises(error, match=message):
        best(given_values, **options)


@given(arrays(float, (3, 5, 4), elements=st.floats(-1, 1)), st.permutations(range(5)))
@settings(max_examples=50, deadline=None)
def test_nothing_is_better_than_the_best(numbers, order):
    accuracy = values(numbers, scheme=list("abc"), lr=range(5), seed=range(4))
    chosen = best(accuracy, tolerance=2)
    inner = accuracy.isel(lr=slice(1, -1)).mean("seed")
    np.testing.assert_allclose(chosen.mean("seed"), inner.max("lr"), atol=1e-12)
    np.testing.assert_array_equal(chosen, accuracy.sel(lr=chosen.lr))
    assert chosen.identical(best(accuracy.isel(lr=list(order)), tolerance=2))


# Pairs


@given(arrays(float, (2, 6, 2), elements=st.floats(-100, 100)))
@settings(max_examples=50, deadline=None)
def test_interval_is_that_of_the_paired_t_test(numbers):
    a, b = (values(n, seed=range(6), depth=[5, 10]) for n in numbers)
    found = difference(a, b)
    each = numbers[0] - numbers[1]
    if (each.std(0) < 1e-6).any():
        return  # scipy divides by the spread
    interval = stats.ttest_rel(*numbers).confidence_interval(0.95)
    np.testing.assert_allclose(found.difference, each.mean(0), atol=1e-12)
    np.testing.assert_allclose(found.low, interval.low, rtol=1e-8, atol=1e-8)
    np.testing.assert_allclose(found.high, interval.high, rtol=1e-8, atol=1e-8)
    assert found.difference.dims == ("depth",)
    assert found.pairs == 6


def test_pairs_that_agree_have_the_sign_of_the_mean():
    zero = values(np.zeros((5, 2)), seed=range(5), arm=["up", "down"])
    other = values(
        np.transpose([[1, 1, -1, 2, 0], [-3, 1, 1, -1, -1]]), seed=range(5), arm=["up", "down"]
    )
    np.testing.assert_array_equal(difference(other, zero).agree, [3, 3])
    np.testing.assert_array_equal(difference(zero, other).agree, [3, 3])


def test_equal_pairs_differ_by_nothing():
    same = values([1.0, 2.0, 3.0], seed=range(3))
    found = difference(same, same)
    assert (found.difference, found.low, found.high, found.agree) == (0, 0, 0, 3)


def test_arms_at_rates_of_their_own_are_compared():
    accuracy = values(
        [[[0.1, 0.1, 0.2], [0.7, 0.8, 0.9], [0.3, 0.2, 0.1], [0.1, 0.1, 0.1]],
         [[0.1, 0.1, 0.2], [0.2, 0.2, 0.2], [0.5, 0.6, 0.7], [0.1, 0.1, 0.1]]],
        scheme=["He", "Xavier"], lr=RATES, seed=range(3),
    )  # fmt: skip
    chosen = best(accuracy)
    found = difference(chosen.sel(scheme="He"), chosen.sel(scheme="Xavier"))
    assert found.difference == pytest.approx(0.2)
    assert set(found.coords) == set()


@pytest.mark.parametrize(
    ("a", "b", "error", "message"),
    [
        (THREE, values([1, 2, 3], seed=[1, 2, 3]), ValueError, "must have the same labels"),
        (THREE, values([1, 2], seed=[0, 1]), ValueError, "must have the same labels"),
        (THREE[:2], THREE[:2], ValueError, "must hold three pairs or more; got 2"),
        (THREE.where(THREE > 1), THREE, ValueError, "a holds NaN: a network that diverged"),
        (THREE, THREE.where(THREE > 1), ValueError, "b holds NaN"),
        (THREE.values, THREE, TypeError, r"a must be an xarray\.DataArray; got ndarray"),
        (THREE, [1, 2, 3], TypeError, r"b must be an xarray\.DataArray; got list"),
        (THREE.rename(seed="sed"), THREE, ValueError, "Did you mean 'sed'"),
    ],
)
def test_what_is_no_pair_is_refused(a, b, error, message):
    with pytest.raises(error, match=message):
        difference(a, b)
