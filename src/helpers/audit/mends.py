"""The lines of code that mend what an audit finds."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence
from textwrap import fill

from helpers.audit.graph import After
from helpers.audit.layers import matrices
from helpers.audit.measured import Measured
from helpers.audit.norms import nonzero
from helpers.audit.passes import Call
from helpers.theory import gain

_SCHEMES = {
    "relu": ("kaiming_normal_", 'nonlinearity="relu"'),
    "tanh": ("xavier_normal_", ""),
    "sigmoid": ("xavier_normal_", "gain=4"),
    "silu": ("xavier_normal_", "gain=1.55"),
    "softplus": ("xavier_normal_", "gain=1.45"),
    None: ("kaiming_normal_", 'nonlinearity="linear"'),
}
"""Of SiLU and softplus the gains that left nothing to find in 10, 20 and 30 layers of 64 units,
from four seeds each. With 0.05 more the signal of thirty layers grows."""


def names_of(call: Call) -> tuple[str, ...]:
    """Return the names in the model of a layer's weights."""
    return tuple(f"{call.name}.{m.parameter}".lstrip(".") for m in matrices(call.module))


def initialized(m: Measured, names: Sequence[str]) -> str:
    """Return the line that draws these weights anew, as the activations after them ask."""
    scheme: dict[str, tuple[str, str]] = {}
    for call, then, _ in m.each("matrix", "recurrent", "attention"):
        for name, matrix in zip(names_of(call), matrices(call.module), strict=True):
            function, options = _SCHEMES.get(then.activation) or _scheme(then)
            if call.kind != "matrix":
                function, options = "xavier_uniform_", ""
            if matrix.transposed and function == "kaiming_normal_":
                options += ', mode="fan_out"'
            scheme.setdefault(name, (function, options))
    scheme |= {name: ("ones_", "") for name in names if name not in scheme}
    lines = []
    for (function, options), _ in Counter(scheme[name] for name in names).most_common():
        own = [name for name in names if scheme[name] == (function, options)]
        lines.append(_line(own, function, options))
    return "\n".join(lines)


def _scheme(then: After) -> tuple[str, str]:
    """Return He's scheme for a slope, else Xavier's with the gain that keeps gradients."""
    if then.activation == "leaky_relu":
        return "kaiming_normal_", f'a={then.slope:.3g}, nonlinearity="leaky_relu"'
    return "xavier_normal_", f"gain={gain(then.phi, 'backward'):.2f}"


def bias_to_zero(calls: Iterable[Call]) -> str:
    """Return the line that sets the biases of layers to 0; "" where all are."""
    own = [
        f"{call.name}.{name}".lstrip(".")
        for call in calls
        for name, parameter in call.module.named_parameters(recurse=False)
        if "bias" in name and nonzero(parameter)
    ]
    return _line(list(dict.fromkeys(own)), "zeros_") if own else ""


def _line(names: Sequence[str], function: str, options: str = "") -> str:
    """Return the call for one weight, or the loop over several."""
    end = f", {options.lstrip(', ')})" if options else ")"
    if len(names) == 1:
        return f"torch.nn.init.{function}(model.get_parameter({names[0]!r}){end}"
    listed = fill(f"for name in {list(names)}:", 76, subsequent_indent="    ")
    return f"{listed}\n    torch.nn.init.{function}(model.get_parameter(name){end}"
