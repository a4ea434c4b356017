"""The laws that weights look like: each is named, and told from the others."""

from __future__ import annotations

from collections.abc import Callable

import pytest
import torch
from scipy import stats
from torch import nn

from helpers.audit.laws import SAMPLE, recognise
from helpers.audit.measures import laws_of
from helpers.device import generator, rng
from helpers.initializers import INITIALIZERS, fans

SHAPES = [(96, 64), (64, 96), (40, 24, 3, 3)]
SCHEMES = {
    "zeros": "zeros",
    "constant": "constant 0.5",
    "sign": "sign, std 0.01",
    "uniform": "uniform within ±0.05",
    "normal": "normal, std 0.01",
    "lecun_uniform": "uniform, LeCun",
    "lecun_normal": "normal, LeCun",
    "xavier_uniform": "uniform, Xavier",
    "xavier_normal": "normal, Xavier",
    "he_uniform": "uniform, He",
    "he_normal": "normal, He",
    "orthogonal": "orthogonal",
    "identity": "identity",
}


def candidates(shape: tuple[int, ...]) -> dict[str, float]:
    fan_in, fan_out = fans(shape)
    return {"LeCun": 1 / fan_in, "Xavier": 2 / (fan_in + fan_out), "He": 2 / fan_in}


def drawn(name: str, shape: tuple[int, ...], seed: int = 0, **options: float) -> torch.Tensor:
    options |= {"value": 0.5} if name == "constant" else {}
    return torch.from_numpy(INITIALIZERS[name](shape, rng(seed), **options)).float()


def test_every_scheme_of_the_table_has_a_name() -> None:
    assert SCHEMES.keys() == INITIALIZERS.keys()


@pytest.mark.parametrize("shape", SHAPES, ids=str)
@pytest.mark.parametrize("name", INITIALIZERS)
def test_every_scheme_is_recognised(name: str, shape: tuple[int, ...]) -> None:
    if name == "identity":
        shape = shape[:2]
    for dtype in (torch.float32, torch.float64, torch.bfloat16):
        law = recognise(drawn(name, shape).to(dtype), candidates(shape))
        said = str(law).replace("0.0100098", "0.01")  # what bfloat16 makes of 0.01
        assert said == SCHEMES[name]


TORCH_INITS: dict[str, tuple[Callable[[torch.Tensor], object], str]] = {
    "uniform_": (lambda w: nn.init.uniform_(w, -0.1, 0.1, generator(1)), "uniform within ±0.1"),
    "uniform_ from 0": (lambda w: nn.init.uniform_(w, generator=generator(1)), "uniform around"),
    "normal_": (lambda w: nn.init.normal_(w, std=0.02, generator=generator(1)), "normal, std 0.02"),
    "normal_ around 1": (
        lambda w: nn.init.normal_(w, 1, 0.02, generator=generator(1)), "normal around 1, std 0.02"
    ),
    "trunc_normal_": (
        lambda w: nn.init.trunc_normal_(w, std=0.02, generator=generator(1)), "normal, std 0.02"
    ),
    "trunc_normal_ at two": (
        lambda w: nn.init.trunc_normal_(w, std=0.02, a=-0.04, b=0.04, generator=generator(1)),
        "truncated normal, std 0.0176",
    ),
    "ones_": (nn.init.ones_, "constant 1"),
    "eye_": (nn.init.eye_, "identity"),
    "xavier_uniform_": (lambda w: nn.init.xavier_uniform_(w, generator=generator(1)),
                        "uniform, Xavier"),
    "kaiming_normal_": (lambda w: nn.init.kaiming_normal_(w, generator=generator(1)),
                        "normal, He"),
    "orthogonal_": (lambda w: nn.init.orthogonal_(w, 1.5, generator(1)), "orthogonal times 1.5"),
    "sparse_": (lambda w: nn.init.sparse_(w, 0.25, generator=generator(1)), "sparse, 2"),
}  # fmt: skip


@pytest.mark.parametrize("name", TORCH_INITS)
def test_torch_s_own_schemes_are_recognised(name: str) -> None:
    fill, expected = TORCH_INITS[name]
    weight = torch.empty(200, 120)
    fill(weight)
    assert expected in str(recognise(weight, candidates((200, 120)))).replace("0.0175", "0.0176")


def test_a_kernel_that_passes_its_input_on_is_recognised() -> None:
    assert str(recognise(nn.init.dirac_(torch.empty(8, 8, 3, 3)))) == "dirac"


@pytest.mark.parametrize("gates", [3, 4])
def test_the_gates_of_a_recurrent_layer_are_looked_at_one_by_one(gates: int) -> None:
    stacked = torch.cat([drawn("orthogonal", (16, 16), seed) for seed in range(gates)])
    assert str(recognise(stacked, gates=gates)) == "orthogonal"
    assert recognise(stacked).scale == pytest.approx(gates**0.5), "the columns of the whole"
    assert recognise(torch.eye(16).repeat(gates, 1), gates=gates).family == "identity"


@pytest.mark.parametrize("padding", [0, 3, 12, 15])
def test_the_row_of_the_padding_is_no_part_of_an_embedding_s_law(padding: int) -> None:
    embedding = nn.Embedding(16, 32, padding_idx=padding)
    embedding.weight.data = drawn("normal", (16, 32))
    embedding.weight.data[padding] = 0
    assert recognise(embedding.weight).family == "sparse"
    assert "normal" in laws_of(embedding)["weight"].family


def truncated(shape: tuple[int, ...], std: float, seed: int) -> torch.Tensor:
    """Draw as keras and JAX do: cut at two standard deviations, then rescaled to ``std``."""
    cut = stats.truncnorm(-2, 2)
    numbers = cut.rvs(size=shape, random_state=rng(seed)) * std / cut.std()
    return torch.from_numpy(numbers).float()


@pytest.mark.parametrize("scale", ["LeCun", "Xavier", "He"])
def test_keras_s_truncated_laws_are_recognised(scale: str) -> None:
    std = candidates((128, 80))[scale] ** 0.5
    law = recognise(truncated((128, 80), std, 0), candidates((128, 80)))
    assert (law.family, law.schemes) == ("truncated normal", (scale,))


LAWS = {
    "normal": lambda shape, seed: drawn("normal", shape, seed, std=0.1),
    "uniform": lambda shape, seed: drawn("uniform", shape, seed, limit=0.1 * 3**0.5),
    "truncated normal": lambda shape, seed: truncated(shape, 0.1, seed),
}


@pytest.mark.parametrize("law", LAWS)
def test_laws_of_one_variance_are_told_apart_where_the_weights_suffice(law: str) -> None:
    found = [recognise(LAWS[law]((40, 50), seed)).family for seed in range(50)]
    assert found.count(law) >= 49, "2,000 weights tell the three laws apart"
    few = [recognise(LAWS[law]((5, 10), seed)).family for seed in range(50)]
    assert sum(law in family for family in few) >= 49, "fifty weights never exclude the right law"
    assert any(" or " in family for family in few)


def test_a_law_that_is_none_of_these_is_called_other() -> None:
    laplace = torch.from_numpy(rng(0).laplace(size=(40, 50)))
    assert recognise(laplace).family == "other"
    mixture = torch.cat([drawn("normal", (40, 50), std=0.1), drawn("normal", (40, 50), std=0.5)])
    assert recognise(mixture).family == "other"


def test_neighbouring_variances_are_told_apart_by_many_weights_alone() -> None:
    shape = (300, 330)  # LeCun and Xavier differ by 5%
    assert recognise(drawn("lecun_normal", shape), candidates(shape)).schemes == ("LeCun",)
    shape = (30, 33)
    law = recognise(drawn("lecun_normal", shape), candidates(shape))
    assert set(law.schemes) == {"LeCun", "Xavier"}


def test_of_a_large_weight_a_part_is_compared_and_all_of_it_measured() -> None:
    weight = drawn("he_normal", (300, 200))
    assert weight.numel() > 5 * SAMPLE
    weight[:, 1] = 5.0  # hardly in the sample, but in the variance
    assert recognise(weight, candidates((300, 200))).schemes == ()


def test_few_weights_are_not_judged() -> None:
    assert recognise(torch.tensor([[0.1, -0.2, 0.3]])).family == "too few"
    assert recognise(torch.tensor([[0.1, torch.inf, 0.3]])).family == "not finite"
