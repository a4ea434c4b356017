"""Labelled experiments: named settings in, an ``xarray.Dataset`` with the same names out.

For example::

    def network(scheme, depth, seed):
        return initialize(mlp([784] + [64] * (depth - 1) + [10]), scheme, generator=rng(seed))

    runs = sweep(
        network,
        scheme={"He": "he_normal", "Xavier": "xavier_normal"},
        depth=[22, 30],
        lr=[0.01, 0.02, 0.05],
        seed=range(5),
        data=(x, y),
        steps=600,
        batch_size=64,
    )
    runs.loss.sel(scheme="He", depth=30)

Networks of one architecture are trained as one batched computation, such groups side by side on
the cores through joblib. The numbers are the same wherever they are computed.
"""

from helpers.experiments.comparing import best, difference
from helpers.experiments.starting import layer_statistics, starts
from helpers.experiments.sweeping import sweep
from helpers.experiments.tabulating import tabulate

__all__ = ["best", "difference", "layer_statistics", "starts", "sweep", "tabulate"]
