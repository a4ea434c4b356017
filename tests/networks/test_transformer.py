import pytest
import torch
from torch import nn
from torch.nn.functional import layer_norm, silu

from helpers.device import generator, rng
from helpers.initializers import fill
from helpers.networks import gpt

SIZES = {"context": 7, "width": 12, "blocks": 2, "heads": 3}


def made(**options):
    network, draws = gpt(**SIZES | options), rng(0)
    for W in network.parameters():
        if W.ndim == 2:
            fill(W, "normal", draws, std=0.5)
    return network


def characters(n=5, steps=7):
    return torch.randint(27, (n, steps), generator=generator(1))


def numbers():
    return torch.randn(5, 7, 12, generator=generator(2))


def encoder_of(block):
    """Torch's own layer with the weights of a block."""
    layer = nn.TransformerEncoderLayer(
        12, 3, 48, 0.0, "gelu", norm_first=True, batch_first=True, bias=False
    )
    attention = block.attention
    three = attention.query, attention.key, attention.value
    layer.self_attn.in_proj_weight.data = torch.cat([part.weight.data for part in three])
    layer.self_attn.out_proj.weight = attention.out.weight
    layer.linear1.weight = block.feed_forward.up.weight
    layer.linear2.weight = block.feed_forward.down.weight
    return layer


def test_a_block_is_torch_s_encoder_layer_that_sees_no_later_step():
    block = made().block1
    mask = nn.Transformer.generate_square_subsequent_mask(7)
    expected = encoder_of(block)(numbers(), src_mask=mask, is_causal=True)
    torch.testing.assert_close(block(numbers()), expected)


def test_no_step_sees_a_later_one():
    network, x = made(), characters()
    other = x.clone()
    other[:, 4:] = (other[:, 4:] + 1) % 27
    before, after = network(x)[:, :, :4], network(other)[:, :, :4]
    torch.testing.assert_close(before, after)
    assert not torch.allclose(network(x)[:, :, 4:], network(other)[:, :, 4:])


def test_fewer_steps_than_the_context_give_the_same_as_at_its_begin():
    network, x = made(), characters()
    torch.testing.assert_close(network(x[:, :3]), network(x)[:, :, :3])


def test_the_logits_are_read_from_the_normalized_stream():
    network, x = made(), characters()
    z = network.embedding.characters.weight[x] + network.embedding.positions.weight
    z = layer_norm(network.block2(network.block1(z)), (12,))
    torch.testing.assert_close(network(x), (z @ network.head.weight.T).mT)


@pytest.mark.parametrize(
    ("kind", "between"),
    [
        ("relu2", lambda part, z: part.up(z).clamp(min=0) ** 2),
        ("swiglu", lambda part, z: silu(part.gate(z)) * part.up(z)),
    ],
)
def test_the_feed_forward_part_is_the_one_that_is_named(kind, between):
    part = made(feed_forward=kind).block1.feed_forward
    torch.testing.assert_close(part(numbers()), part.down(between(part, numbers())))


def test_a_gate_costs_no_more_parameters_than_two_layers():
    two, three = (made(feed_forward=kind) for kind in ("gelu", "swiglu"))
    assert sum(p.numel() for p in two.parameters()) == sum(p.numel() for p in three.parameters())


def test_a_tied_head_has_the_matrix_of_the_embedding():
    network = made(tied=True)
    assert network.head.weight is network.embedding.characters.weight
    assert len(list(network.parameters())) == len(list(made().parameters())) - 1


@pytest.mark.parametrize("norm", [None, nn.LayerNorm, nn.RMSNorm])
def test_all_weights_are_nan_until_set_and_normalizations_are_not(norm):
    network = gpt(**SIZES, norm=norm)
    for name, parameter in network.named_parameters():
        assert parameter.isnan().all() != ("norm" in name)
    norms = [part for name, part in network.named_modules() if "norm" in name.split(".")[-1]]
    assert {type(part) for part in norms} == {norm or nn.Identity}


def test_building_leaves_the_global_generator_alone():
    before = torch.get_rng_state()
    gpt(**SIZES)
    assert torch.equal(torch.get_rng_state(), before)


@pytest.mark.parametrize(
    ("options", "error", "message"),
    [
        ({"width": 0}, ValueError, "width must be"),
        ({"heads": 5}, ValueError, "multiple of heads; got 12 and 5"),
        ({"blocks": 2.5}, TypeError, "blocks must be"),
        ({"feed_forward": "relu"}, ValueError, "feed_forward"),
        ({"tied": 1}, TypeError, "tied must be"),
        ({"norm": "layer"}, TypeError, "norm must be a function"),
    ],
)
def test_what_does_not_fit_is_refused(options, error, message):
    with pytest.raises(error, match=message):
        gpt(**SIZES | options)
