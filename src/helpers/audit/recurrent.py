"""What becomes of a gradient over one step of time: in recurrent layers, and in loops."""

from __future__ import annotations

import torch
from torch import nn

from helpers.audit.graph import After
from helpers.audit.norms import norm
from helpers.audit.passes import Call

_FORWARDS = {"LSTM": nn.LSTM.forward, "GRU": nn.GRU.forward}


def step_back(call: Call) -> torch.Tensor | None:
    """Return by what factor one step back in time changes the norm of a gradient.

    A layer of torch runs its steps in one call, so it is called once more: from states of 0, and
    random signs go back from its last state to its first (of an LSTM the cell's). The result is the
    geometric mean over the steps; None where the layer is another, or has one step.
    """
    layer, given = call.module, call.input
    if not isinstance(layer, nn.RNNBase) or given is None or given.ndim != 3:
        return None
    steps, n = given.shape[:2][:: -1 if layer.batch_first else 1]
    if steps < 2:
        return None
    rows = layer.num_layers * (2 if layer.bidirectional else 1)
    first = given.new_zeros(rows, n, layer.hidden_size, requires_grad=True)
    lstm = isinstance(layer, nn.LSTM)
    hidden = given.new_zeros(rows, n, layer.proj_size or layer.hidden_size)
    forward = _FORWARDS.get(layer.mode, nn.RNN.forward)  # a class of the user's may have another
    _, last = forward(layer, given.detach(), (hidden, first) if lstm else first)
    signs = torch.randint(2, first.shape, generator=torch.Generator().manual_seed(0)) * 2 - 1
    (pull,) = torch.autograd.grad(last[1] if lstm else last, first, signs.to(first))
    return (norm(pull) / first.numel() ** 0.5) ** (1 / steps)


def steps_in_loops(
    calls: list[Call], after: list[After], gradients: list[float]
) -> dict[nn.Module, float]:
    """Return for each layer that is called in a loop what ``step_back`` gives for a recurrent one.

    Parameters
    ----------
    calls, after
        Of one pass.
    gradients
        The norm of the gradient at each call's output.
    """
    looped = {
        call.module
        for call, then in zip(calls, after, strict=True)
        if then.loop or isinstance(call.module, nn.RNNCellBase)
    }
    found = {}
    for module in looped:
        own = [g for call, g in zip(calls, gradients, strict=True) if call.module is module]
        if len(own) > 1 and own[-1] > 0:
            found[module] = (own[0] / own[-1]) ** (1 / (len(own) - 1))
    return found
