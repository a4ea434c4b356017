import pytest
import torch
from torch import nn

from helpers.device import generator, rng
from helpers.initializers import initialize
from helpers.networks import residual_mlp

SIZES = {"width": 8, "blocks": 3}


def made(**options):
    return initialize(residual_mlp(12, 4, **SIZES, **options), "he_normal", generator=rng(0))


def images():
    return torch.randn(6, 3, 4, generator=generator(1))


@pytest.mark.parametrize("norm", [None, nn.LayerNorm])
def test_each_block_adds_its_scaled_branch(norm):
    model = made(scale=0.3, norm=norm)
    z = images().flatten(1) @ model.input.weight.T
    for block in model[2:-1]:
        branch = z if norm is None else nn.functional.layer_norm(z, (8,))
        hidden = branch.clamp(min=0) @ block.first.weight.T
        z = z + 0.3 * hidden.clamp(min=0) @ block.last.weight.T
    torch.testing.assert_close(model(images()), z @ model.output.weight.T)


def test_a_learned_scale_of_zero_makes_each_block_the_identity_and_can_grow():
    model = made(scale=0.0, learned=True)
    z = model.input(images().flatten(1))
    torch.testing.assert_close(model(images()), model.output(z), rtol=0, atol=0)
    model(images()).square().mean().backward()
    for block in model[2:-1]:
        assert block.scale.grad != 0
        assert not block.first.weight.grad.any()


def test_a_fixed_scale_is_no_parameter():
    names = dict(made(scale=0.5).named_parameters())
    assert not any("scale" in name for name in names)
    assert len(names) == 2 * (2 + 2 * SIZES["blocks"])


def test_weights_are_nan_until_initialized_and_normalizations_are_not():
    model = residual_mlp(12, 4, **SIZES, norm=nn.LayerNorm)
    for name, parameter in model.named_parameters():
        assert parameter.isnan().all() != ("norm" in name)


def test_building_leaves_the_global_generator_alone():
    before = torch.get_rng_state()
    residual_mlp(12, 4, **SIZES, norm=nn.LayerNorm, learned=True)
    assert torch.equal(torch.get_rng_state(), before)


@pytest.mark.parametrize(
    ("options", "error", "message"),
    [
        ({"width": 0}, ValueError, "width must be"),
        ({"blocks": 0}, ValueError, "blocks must be"),
        ({"blocks": 2.5}, TypeError, "blocks must be"),
        ({"scale": float("nan")}, ValueError, "scale must be finite"),
        ({"scale": "1"}, TypeError, "scale must be a real number"),
        ({"norm": "layer"}, TypeError, "norm must be a function"),
    ],
)
def test_what_does_not_fit_is_refused(options, error, message):
    with pytest.raises(error, match=message):
        residual_mlp(12, 4, **(SIZES | options))
