"""Many recurrent networks as one batched computation, with backpropagation written out.

The state after each step, the inputs and a 1 are held in one array ``(networks, rows, batch)``, so
that one multiplication by ``[W U b]`` does a step of all networks. This takes a fraction of the
time that a graph of single steps takes.
"""

from __future__ import annotations

import torch
from torch.autograd.function import once_differentiable

from helpers._checks import check_kind, one_of

Grads = tuple[torch.Tensor | None, ...]


def rnn_states(
    W: torch.Tensor,
    U: torch.Tensor,
    b: torch.Tensor,
    x: torch.Tensor,
    activation: str = "tanh",
) -> torch.Tensor:
    """Return the states of many recurrent networks, h = phi(W h + U x + b), from h = 0 on.

    Parameters
    ----------
    W
        (networks, hidden, hidden) recurrent weights.
    U
        (networks, hidden, inputs) input weights.
    b
        (networks, hidden) biases.
    x
        (networks, steps, batch, inputs); a first axis of 1 means the same inputs for all networks.
    activation
        ``"tanh"`` or ``"relu"``.

    Returns
    -------
    torch.Tensor
        (networks, steps, batch, hidden): what ``torch.nn.RNN`` computes, up to rounding.
        Differentiable with respect to W, U and b, once: a second derivative is a RuntimeError.

    Raises
    ------
    TypeError
        If W, U, b or x is no dense floating point tensor.
    ValueError
        If the activation is unknown, a shape or a device does not fit, or x requires a gradient.

    Examples
    --------
    >>> one = torch.ones(1, 1, 1)
    >>> rnn_states(one, one, torch.zeros(1, 1), torch.ones(1, 4, 1, 1), "relu").flatten()
    tensor([1., 2., 3., 4.])
    """
    one_of("activation", activation, ["tanh", "relu"])
    return _states(_Rnn, W, U, b, x, 1, activation)


def lstm_states(W: torch.Tensor, U: torch.Tensor, b: torch.Tensor, x: torch.Tensor) -> torch.Tensor:
    """Return the states of many LSTM networks, from the state and the memory 0 on.

    Parameters
    ----------
    W, U, b, x
        As for ``rnn_states``, but with 4 * hidden rows in W, U and b: those of the input gate, the
        forget gate, the new content and the output gate, in torch's order.

    Returns
    -------
    torch.Tensor
        (networks, steps, batch, hidden): what ``torch.nn.LSTM`` computes, up to rounding.
        Differentiable once, as ``rnn_states``.

    Raises
    ------
    TypeError, ValueError
        As for ``rnn_states``.

    References
    ----------
    Hochreiter and Schmidhuber, Long short-term memory, 1997. Gers, Schmidhuber and Cummins,
    Learning to forget: continual prediction with LSTM, 2000.
    """
    return _states(_Lstm, W, U, b, x, 4)


def _states(
    cell: type[torch.autograd.Function],
    W: torch.Tensor,
    U: torch.Tensor,
    b: torch.Tensor,
    x: torch.Tensor,
    gates: int,
    *options: str,
) -> torch.Tensor:
    """Check the shapes, and run all steps on the stacked weights [W U b]."""
    _check_tensors(W=W, U=U, b=b, x=x)
    networks, rows, hidden = W.shape if W.ndim == 3 else (0, 0, 0)
    expected = (networks, gates * hidden)
    if x.ndim != 4 or x.shape[0] not in {1, networks} or rows != gates * hidden or not rows:
        raise ValueError(
            "x must be (networks, steps, batch, inputs) and W (networks, rows, hidden) with "
            f"{gates} * hidden rows; got {tuple(x.shape)} and {tuple(W.shape)}"
        )
    if U.shape != (*expected, x.shape[3]) or b.shape != expected:
        raise ValueError(
            f"U must be {(*expected, x.shape[3])} and b {expected}; "
            f"got {tuple(U.shape)} and {tuple(b.shape)}"
        )
    stacked = torch.cat([W, U, b[:, :, None]], 2)
    return cell.apply(stacked, x, *options).permute(1, 0, 3, 2)


def _check_tensors(**tensors: torch.Tensor) -> None:
    """Raise unless these are dense floating point tensors on one device, x without a gradient."""
    for name, tensor in tensors.items():
        check_kind(name, tensor, torch.Tensor, "a torch tensor")
        if not tensor.is_floating_point() or tensor.layout != torch.strided or tensor.is_meta:
            raise TypeError(
                f"{name} must be a dense floating point tensor; got {tensor.dtype}, "
                f"{tensor.layout} on {tensor.device}"
            )
        if tensor.device != tensors["W"].device:
            raise ValueError(f"{name} is on {tensor.device}; it must be on the device of W")
    if tensors["x"].requires_grad:
        raise ValueError("x must not require a gradient, as it gets none; detach it")


def _with_inputs(weights: torch.Tensor, x: torch.Tensor, hidden: int) -> torch.Tensor:
    """Return room for (steps + 1, networks, hidden + inputs + 1, batch), the inputs filled in."""
    _, steps, batch, _ = x.shape
    S = weights.new_empty(steps + 1, len(weights), weights.shape[2], batch)
    S[:-1, :, hidden:-1] = x.permute(1, 0, 3, 2)
    S[:, :, -1] = 1
    S[0, :, :hidden] = 0
    return S


class _Rnn(torch.autograd.Function):
    @staticmethod
    def forward(ctx, weights: torch.Tensor, x: torch.Tensor, activation: str) -> torch.Tensor:
        hidden = weights.shape[1]
        S = _with_inputs(weights, x, hidden)
        for now, following in zip(S[:-1], S[1:, :, :hidden], strict=True):
            z = torch.bmm(weights, now)
            following.copy_(z.tanh_() if activation == "tanh" else z.clamp_(min=0))
        ctx.save_for_backward(weights, S)
        ctx.activation = activation
        return S[1:, :, :hidden]

    @staticmethod
    @once_differentiable
    def backward(ctx, gradient: torch.Tensor) -> Grads:
        weights, S = ctx.saved_tensors
        hidden, total = weights.shape[1], torch.zeros_like(weights)
        back = weights[:, :, :hidden].mT.contiguous()
        delta = torch.zeros_like(gradient[0])
        for t in range(len(gradient) - 1, -1, -1):
            h = S[t + 1, :, :hidden]
            slope = 1 - h * h if ctx.activation == "tanh" else h > 0
            delta = delta.add_(gradient[t]).mul_(slope)
            total.baddbmm_(delta, S[t].mT)
            delta = torch.bmm(back, delta)
        return total, None, None


class _Lstm(torch.autograd.Function):
    @staticmethod
    def forward(ctx, weights: torch.Tensor, x: torch.Tensor) -> torch.Tensor:
        hidden = weights.shape[1] // 4
        S = _with_inputs(weights, x, hidden)
        gates = S.new_empty(len(S) - 1, *weights.shape[:2], S.shape[3])
        memory = S.new_zeros(len(S), len(weights), hidden, S.shape[3])
        for t, gate in enumerate(gates):
            torch.bmm(weights, S[t], out=gate)
            i, f, g, o = gate.split(hidden, 1)
            gate[:, : 2 * hidden].sigmoid_()
            o.sigmoid_()
            g.tanh_()
            torch.addcmul(i * g, f, memory[t], out=memory[t + 1])
            torch.mul(o, memory[t + 1].tanh(), out=S[t + 1, :, :hidden])
        ctx.save_for_backward(weights, S, gates, memory)
        return S[1:, :, :hidden]

    @staticmethod
    @once_differentiable
    def backward(ctx, gradient: torch.Tensor) -> Grads:
        weights, S, gates, memory = ctx.saved_tensors
        hidden, total = weights.shape[1] // 4, torch.zeros_like(weights)
        back = weights[:, :, :hidden].mT.contiguous()
        i, f, g, o = gates.split(hidden, 2)
        output = memory[1:].tanh()
        shown, outer = o * (1 - output * output), output * o * (1 - o)
        inner = torch.stack([g * i * (1 - i), memory[:-1] * f * (1 - f), i * (1 - g * g)], 2)
        dh, dc, delta = (torch.zeros_like(part) for part in (output[0], output[0], gates[0]))
        to_memory, to_output = delta.unflatten(1, (4, hidden)).split([3, 1], 1)
        for t in range(len(gates) - 1, -1, -1):
            dh += gradient[t]
            dc.addcmul_(dh, shown[t])
            torch.mul(dc[:, None], inner[t], out=to_memory)
            torch.mul(dh, outer[t], out=to_output[:, 0])
            dc *= f[t]
            total.baddbmm_(delta, S[t].mT)
            dh = torch.bmm(back, delta)
        return total, None
