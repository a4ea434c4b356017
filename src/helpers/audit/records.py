"""What an audit says: of each layer, and what it found."""

from __future__ import annotations

import math
from dataclasses import dataclass, field
from importlib.metadata import PackageNotFoundError, metadata

from helpers.audit.laws import Law

GRAVITIES = ("grave", "warning", "note")
NAN = math.nan


@dataclass(frozen=True)
class LayerReport:
    """What one call of a layer holds and does.

    Parameters
    ----------
    name, kind
        The layer's name in the model, and the name of its class.
    shape
        Shape of its weight as stored; empty where there is none that the audit understands.
    fan_in, fan_out
        As in ``helpers.initializers.fans``, of one gate where there are several; None for an
        embedding, a normalization and what is not understood.
    laws
        From a parameter's name in the layer to the law that its entries look like.
    follows
        What comes after the layer: the name of an activation or of a function without a theory
        here (``"hardswish"``), ``"norm"``, ``"loop"`` (the same layer again), ``"sum"`` (it is
        added to another signal), or ``""``: the output, or something else.
    gain
        sqrt(fan_in E[W^2]): sigma_w of ``helpers.theory``.
    critical
        The gain with which the activation that follows, at the measured mean square q of the
        layer's output, would keep the mean square of a gradient: 1 / sqrt(E[phi'(u)^2]), u ~
        N(0, q). Where the signal is multiplied on its way to the next layer, with itself or with
        another one, the gain with which a signal of size 1 would arrive as such, measured. NaN
        where no activation follows that the course has a theory of.
    signal, spread
        Root mean square of the output; and its standard deviation over the examples, the root of
        the mean of its square over units: the part of the signal that tells examples apart.
    signal_gain
        Root mean square of the output over that of the input.
    predicted
        ``signal`` as theory has it: from the gains of the layers alone, where one feeds the next
        through an activation, else from the measured input. Linear and convolution only.
    gradient
        Norm of dL/d(output), all numbers of the batch together.
    gradient_gain
        Norm of dL/d(input) over that of dL/d(output).
    dead
        Fraction of units that the ReLU which follows sets to 0 on the whole batch; NaN without.
    saturated
        Fraction of the outputs within 5% of the range from a bound of the sigmoid or tanh that
        follows, or is in the layer, as in a recurrent one (a sigmoid below 0.05 or above 0.95, a
        tanh beyond ±0.9); NaN without.
    step
        Factor by which one step back in time changes the norm of a gradient, in a recurrent layer
        and in one that is called in a loop; NaN in others.
    """

    name: str
    kind: str
    shape: tuple[int, ...] = ()
    fan_in: int | None = None
    fan_out: int | None = None
    laws: dict[str, Law] = field(default_factory=dict)
    follows: str = ""
    gain: float = NAN
    critical: float = NAN
    signal: float = NAN
    spread: float = NAN
    signal_gain: float = NAN
    predicted: float = NAN
    gradient: float = NAN
    gradient_gain: float = NAN
    dead: float = NAN
    saturated: float = NAN
    step: float = NAN


@dataclass(frozen=True)
class ParameterReport:
    """What one parameter is and how much the loss pulls at it, whatever layer it is in.

    Parameters
    ----------
    names
        All its names in the model; several where it is tied.
    layer
        The name of the module that holds it, by the first name.
    shape
        As stored.
    rms
        Root mean square of its entries; NaN where they are no floating-point numbers.
    gradient
        Norm of the loss's gradient: exactly 0, or not finite, where it is so. None where the loss
        does not depend on the parameter, or the parameter is frozen.
    requires_grad
        Whether it is trained.
    parametrized
        Whether a weight is computed from it, as by weight or spectral normalization, so that
        the weight itself is no parameter.
    """

    names: tuple[str, ...]
    layer: str
    shape: tuple[int, ...]
    rms: float
    gradient: float | None
    requires_grad: bool
    parametrized: bool

    @property
    def name(self) -> str:
        """The first of its names."""
        return self.names[0]

    @property
    def tied(self) -> bool:
        """Whether it is in the model under several names."""
        return len(self.names) > 1


@dataclass(frozen=True)
class Finding:
    """Something that the audit found.

    Parameters
    ----------
    gravity
        ``"grave"``: it will hardly train so. ``"warning"``: training suffers. ``"note"``: sound
        perhaps, but know it.
    principle
        Which of the audit's principles it breaks, in one word: ``"symmetry"``.
    layers
        Names of the layers, or of the parameters where the layer has several.
    text
        What was found, with its numbers.
    mend
        Lines of code that mend it, for a ``model`` in scope and ``torch`` imported; "" for none.
        They were tried on a copy: the finding goes and no new one comes. Lines that could not be
        tried begin with a comment that says why.
    chapter
        The chapter of the course that explains it, as ``"initialization/he"``.
    """

    gravity: str
    principle: str
    layers: tuple[str, ...]
    text: str
    mend: str
    chapter: str

    @property
    def link(self) -> str:
        """Address of the chapter on the course's site if the package names one, else its file."""
        site = _site()
        return f"{site}/chapters/{self.chapter}.html" if site else f"chapters/{self.chapter}.ipynb"


def _site() -> str:
    """Return the address of the site that the package's metadata calls Documentation, or ""."""
    try:
        urls = metadata("good-start").get_all("Project-URL") or []
    except PackageNotFoundError:
        return ""
    named = dict(url.split(", ", 1) for url in urls)
    return named.get("Documentation", "").rstrip("/")
