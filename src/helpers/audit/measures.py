"""From the tensors of one pass to the numbers of each layer."""

from __future__ import annotations

import math
import re

import torch
from torch import nn

from helpers.activations import ACTIVATIONS, Activation
from helpers.audit import limits
from helpers.audit.graph import After
from helpers.audit.laws import Law, recognise
from helpers.audit.layers import Matrix, Product, is_parametrized, matrices
from helpers.audit.norms import norm, rms, spread
from helpers.audit.passes import Call, Pass
from helpers.audit.records import NAN, LayerReport, ParameterReport
from helpers.audit.recurrent import step_back, steps_in_loops
from helpers.theory import chi
from helpers.theory.maps import mean_square

SATURATION = {"sigmoid": math.log(19), "tanh": math.atanh(0.9)}
"""The pre-activation beyond which the output is within 5% of its range from a bound."""


def measure(result: Pass, after: list[After]) -> list[LayerReport]:
    """Return a report for each call of the pass, all numbers read from the device at once."""
    laws: dict[int, dict[str, Law]] = {}
    tensors = [_numbers(call, then, result) for call, then in zip(result.calls, after, strict=True)]
    values = iter(_read([tensor for numbers in tensors for tensor in numbers.values()]))
    numbers = [{key: next(values) for key in found} for found in tensors]
    predictions = _predictions(result.calls, after, numbers)
    _keep(result.calls, after, numbers)
    steps = steps_in_loops(result.calls, after, [n.get("gradient", NAN) for n in numbers])
    reports = []
    for call, then, known, predicted in zip(result.calls, after, numbers, predictions, strict=True):
        if id(call.module) not in laws:
            laws[id(call.module)] = laws_of(call.module)
        known.setdefault("step", steps.get(call.module, NAN))
        reports.append(_report(call, then, known, predicted, laws[id(call.module)]))
    return reports


def measure_parameters(model: nn.Module, result: Pass) -> tuple[ParameterReport, ...]:
    """Return a report for each parameter of the model, also of layers that are not known."""
    names: dict[nn.Parameter, list[str]] = {}
    for name, parameter in model.named_parameters(remove_duplicate=False):
        names.setdefault(parameter, []).append(name)
    floating = [parameter for parameter in names if parameter.is_floating_point()]
    sizes = dict(zip(floating, _read([rms(p) for p in floating]), strict=True))
    pulled = {p: g for p in names if (g := result.gradient(p)) is not None}
    pulls = dict(zip(pulled, _read([norm(g) for g in pulled.values()]), strict=True))
    return tuple(
        ParameterReport(
            tuple(own),
            re.sub(r"\.?(parametrizations\..*|[^.]*)$", "", own[0]),
            tuple(parameter.shape),
            sizes.get(parameter, NAN),
            pulls.get(parameter),
            parameter.requires_grad,
            any(is_parametrized(model, name) for name in own),
        )
        for parameter, own in names.items()
    )


def unmeasured(name: str, module: nn.Module) -> LayerReport:
    """Return the report of a layer that no pass called: its weights alone."""
    found = matrices(module)
    first = found[0] if found else None
    return LayerReport(
        name,
        type(module).__name__,
        shape=_stored_shape(module, first),
        fan_in=first and first.fan_in,
        fan_out=first and first.fan_out,
        laws=laws_of(module),
    )


def laws_of(module: nn.Module) -> dict[str, Law]:
    """Return the law of each parameter of a layer's own."""
    known = {matrix.parameter: matrix for matrix in matrices(module)}
    laws = {
        name: recognise(matrix.weight, matrix.candidates(), matrix.start(), matrix.gates)
        for name, matrix in known.items()
        if matrix.weight.is_floating_point()
    }
    for name, parameter in module.named_parameters(recurse=False):
        if name not in laws and parameter.is_floating_point() and parameter.numel():
            laws[name] = recognise(parameter)
    return laws


def _read(tensors: list[torch.Tensor]) -> list[float]:
    """Return tensors of no axes as numbers, read from the device at once."""
    return torch.stack([t.cpu().double() for t in tensors]).tolist() if tensors else []


def _numbers(call: Call, then: After, result: Pass) -> dict[str, torch.Tensor]:
    """Return every number of a call as a tensor of no axes, not read yet."""
    found, out = {}, call.output
    if call.kind in ("parts", "activation") or out is None or not out.numel():
        return found
    found["signal"], found["spread"] = rms(out), spread(out, call.unit_axis)
    if call.input is not None and call.input.numel():
        found["input"] = rms(call.input)
    for key, tensor in (("gradient", out), ("gradient_in", call.input)):
        if (gradient := result.gradient(tensor)) is not None:
            found[key] = norm(gradient)
    for matrix in matrices(call.module)[:1]:
        if matrix.fan_in is not None:
            found["gain"] = rms(matrix.weight) * math.sqrt(matrix.fan_in)
    bias = getattr(call.module, "bias", None)
    if call.kind == "matrix" and isinstance(bias, torch.Tensor):
        found["bias"] = rms(bias)
    if then.activation == "relu" and out.ndim > 1:
        others = [axis for axis in range(out.ndim) if axis != call.unit_axis % out.ndim]
        found["dead"] = (out.detach().amax(others) <= 0).double().mean()
    limit = SATURATION.get(then.activation or "")
    if getattr(call.module, "mode", "") == "RNN_TANH":  # its output is behind the tanh
        limit = 0.9
    if limit is not None:
        found["saturated"] = (out.detach().abs() > limit).double().mean()
    if (step := step_back(call)) is not None:
        found["step"] = step
    return found


def _predictions(
    calls: list[Call], after: list[After], numbers: list[dict[str, float]]
) -> list[float]:
    """Return what theory says of each layer's signal, from the gains of the weights."""
    before: dict[int, int] = {}
    for index, then in enumerate(after):
        for following in then.next if calls[index].kind == "matrix" else ():
            before[following] = index
    q = [NAN] * len(calls)
    for index, known in enumerate(numbers):
        if "gain" not in known or calls[index].kind != "matrix":
            continue
        source = before.get(index)
        if source is not None and not math.isnan(q[source]):
            phi = after[source].phi or ACTIVATIONS["identity"]
            entering = float(mean_square(phi.function, q[source]))
        else:
            entering = known.get("input", NAN) ** 2
        q[index] = known["gain"] ** 2 * entering + known.get("bias", 0.0) ** 2
    return [math.sqrt(value) for value in q]


def _keep(calls: list[Call], after: list[After], numbers: list[dict[str, float]]) -> None:
    """Add the gain that keeps a signal of size 1, where it is multiplied on its way to a layer.

    All weights that feed one layer are scaled together. If h(s z) = s^d h(z), to scale by s gives
    the next layer s^d of the signal. Where d is small, as behind a gate alone, the weights do not
    decide the size.
    """
    feeding: dict[int, list[int]] = {}
    for index, then in enumerate(after):
        if then.power and then.layers and "gain" in numbers[index]:
            feeding.setdefault(min(then.layers), []).append(index)
    for following, sources in feeding.items():
        h = calls[following].input
        size, d = rms(h).item(), degree(h, [calls[index].output for index in sources])
        for index in sources:
            given = numbers[index].get("input", NAN)
            if limits.DECIDING < d < math.inf and 0 < given < math.inf:
                times = math.exp(min(max(-math.log(size) / d, -700.0), 700.0))
                numbers[index]["keeping"] = numbers[index]["gain"] * given * times


def degree(h: torch.Tensor, outputs: list[torch.Tensor]) -> float:
    """Return the power of s with which h grows where these outputs z are multiplied by s.

    Measured at s = 1, as the derivative <h, dh/ds> / <h, h>.
    """
    pulls = torch.autograd.grad(
        h, outputs, h.detach(), retain_graph=True, allow_unused=True, materialize_grads=True
    )
    parts = [g.double() * z.detach() for g, z in zip(pulls, outputs, strict=True)]
    return sum(part.sum().item() for part in parts) / (rms(h).item() ** 2 * h.numel() or NAN)


def _report(
    call: Call, then: After, known: dict[str, float], predicted: float, laws: dict[str, Law]
) -> LayerReport:
    found = matrices(call.module)
    first = found[0] if found else None
    signal, gradient = known.get("signal", NAN), known.get("gradient", NAN)
    return LayerReport(
        getattr(call.module, "label", call.name),
        getattr(call.module, "owner", type(call.module).__name__),
        shape=_stored_shape(call.module, first),
        fan_in=first and first.fan_in,
        fan_out=first and first.fan_out,
        laws=laws,
        follows=str(then),
        gain=known.get("gain", NAN),
        critical=known.get("keeping", NAN) if then.power else _critical(then.phi, signal),
        signal=signal,
        spread=known.get("spread", NAN),
        signal_gain=_ratio(signal, known.get("input", NAN)),
        predicted=predicted,
        gradient=gradient,
        gradient_gain=_ratio(known.get("gradient_in", NAN), gradient),
        dead=known.get("dead", NAN),
        saturated=known.get("saturated", NAN),
        step=known["step"],
    )


def _critical(activation: Activation | None, signal: float) -> float:
    """Return the gain at which chi is 1: it keeps the mean square of the gradient."""
    if activation is None or not math.isfinite(signal):
        return NAN
    factor = float(chi(activation, signal**2, sigma_w=1.0))
    return 1 / math.sqrt(factor) if factor > 0 else NAN


def _ratio(above: float, below: float) -> float:
    return above / below if below and math.isfinite(below) else NAN


def _stored_shape(module: nn.Module, matrix: Matrix | None) -> tuple[int, ...]:
    if matrix is None:
        return ()
    if isinstance(module, Product):
        return tuple(module.get_parameter(matrix.parameter).shape)
    return tuple((matrix.weight.transpose(0, 1) if matrix.transposed else matrix.weight).shape)
