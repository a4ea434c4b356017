"""Which law do these weights look like? Structure first, then likelihood, fit and variance.

A law is found, not proved: several can agree with few weights, and all that agree are named.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from functools import lru_cache

import numpy as np
import torch
from scipy.special import kolmogorov, ndtr

from helpers.audit.norms import norm

SAMPLE = 10_000
"""Of a larger weight this many entries, evenly spaced, are compared with the laws."""
FALSE_ALARM = 1e-4
"""How rarely the Kolmogorov-Smirnov test may refuse the right law."""
DECISIVE = math.log(1000)
"""One law beats another where it makes the weights 1,000 times as likely."""
_CUT = 2.0  # keras, JAX and many others cut normal laws at two standard deviations
_CUT_MASS = 2 * float(ndtr(_CUT)) - 1
_CUT_STD = math.sqrt(1 - 2 * _CUT * math.exp(-(_CUT**2) / 2) / math.sqrt(2 * math.pi) / _CUT_MASS)
_KURTOSIS = {"uniform": 1.8, "normal": 3.0, "truncated normal": 2.4}  # of the last: 2.37


@dataclass(frozen=True)
class Law:
    """What the entries of a weight look like.

    Parameters
    ----------
    family
        ``"zeros"``, ``"constant"``, ``"sign"``, ``"identity"``, ``"dirac"``, ``"orthogonal"``,
        ``"sparse"``, ``"uniform"``, ``"normal"``, ``"truncated normal"`` (at two standard
        deviations), two of the last three with "or" between them where they cannot be told apart,
        ``"other"``, ``"too few"`` or ``"not finite"``.
    schemes
        Names of the schemes whose variance agrees, the nearest first: ``("He",)``.
    scale
        Standard deviation; of a constant its value, of an orthogonal weight its gain.
    """

    family: str
    schemes: tuple[str, ...] = ()
    scale: float = math.nan

    def __str__(self) -> str:
        if self.family in ("zeros", "not finite"):
            return self.family
        if self.family in ("identity", "dirac", "orthogonal"):
            return self.family + ("" if abs(self.scale - 1) < 1e-2 else f" times {self.scale:.3g}")
        if self.family == "constant":
            return f"constant {self.scale:.3g}"
        if self.family == "too few":
            return f"too few to tell, std {self.scale:.3g}"
        if self.family == "uniform" and not self.schemes:
            return f"uniform within ±{_shortest(math.sqrt(3) * self.scale, 5e-3):.6g}"
        return f"{self.family}, " + (" or ".join(self.schemes) or f"std {self.scale:.6g}")


def recognise(
    weight: torch.Tensor,
    candidates: dict[str, float] | None = None,
    start: tuple[str, float] | None = None,
    gates: int = 1,
) -> Law:
    """Name the law that a weight looks like.

    Parameters
    ----------
    weight
        (out, in, ...) or any other shape; floating point.
    candidates
        From the name of a scheme to the variance that it gives a weight of this shape.
    start
        Family and variance of torch's own start of such a layer.
    gates
        A recurrent layer stacks this many weights along the first axis; structure is sought in
        each, the law of the numbers in all together.

    Returns
    -------
    Law
        Structure (constant, identity, orthogonal) is exact up to rounding. Among the random laws
        the most likely is taken, its fit is tested by Kolmogorov and Smirnov, and a scheme agrees
        if its variance is within four standard errors. Nothing here is random.

    Examples
    --------
    >>> str(recognise(torch.eye(3)))
    'identity'
    """
    weight = weight.detach()
    if weight.dtype in (torch.float16, torch.bfloat16):
        eps, weight = torch.finfo(weight.dtype).eps, weight.float()
    else:
        eps = torch.finfo(weight.dtype).eps
    low, high = torch.stack(torch.aminmax(weight)).tolist()
    if not (math.isfinite(low) and math.isfinite(high)):
        return Law("not finite")
    if low == high:
        return Law("constant", scale=low) if low else Law("zeros", scale=0.0)
    sample = _sample(weight)
    return _structure(weight, sample, gates, eps) or _random(
        weight, sample, candidates or {}, start or ("none", 1.0)
    )


def _sample(weight: torch.Tensor) -> np.ndarray:
    """Return at most ``SAMPLE`` entries, evenly spaced, in float64."""
    flat = weight.flatten()
    if len(flat) > SAMPLE:
        flat = flat[_places(len(flat)).to(flat.device)]
    return flat.cpu().double().numpy()


@lru_cache(maxsize=8)
def _places(n: int) -> torch.Tensor:
    """Return ``SAMPLE`` evenly spaced places among n."""
    return torch.arange(SAMPLE) * (n - 1) // (SAMPLE - 1)


def _structure(weight: torch.Tensor, sample: np.ndarray, gates: int, eps: float) -> Law | None:
    """Return the law of a weight that is not a heap of independent numbers, else None."""
    sizes = np.abs(sample)
    if np.ptp(sizes) <= eps * sizes[0]:
        return Law("sign", scale=float(sizes[0]))
    if weight.ndim < 2:
        return None
    zeros = float((sample == 0).mean())
    parts = weight.chunk(gates)
    if zeros > 0 and (name := _diagonal(parts)):
        return Law(name, scale=float(parts[0].abs().max()))
    gains = [_orthogonal_gain(part.flatten(1), eps) for part in parts]
    if None not in gains and max(gains) - min(gains) < 1e-2 * max(gains):
        return Law("orthogonal", scale=gains[0])
    if zeros > 0.05:
        return Law("sparse", (f"{zeros:.0%} zeros",), float(sample.std()))
    return None


def _diagonal(parts: tuple[torch.Tensor, ...]) -> str | None:
    """Say whether each part is the identity, or the kernel that passes its input on."""
    for part in parts:
        like = torch.empty_like(part)
        if part.ndim == 2:
            torch.nn.init.eye_(like)
        elif part.ndim <= 5:
            torch.nn.init.dirac_(like)
        if part.ndim > 5 or not torch.allclose(part, like * part.abs().max()):
            return None
    return "identity" if parts[0].ndim == 2 else "dirac"


def _orthogonal_gain(matrix: torch.Tensor, eps: float) -> float | None:
    """Return the gain if (up to 64 of) the rows, or else the columns, are orthonormal."""
    short = matrix if matrix.shape[0] <= matrix.shape[1] else matrix.T
    if len(short) < 2:
        return None
    allowed = max(64 * torch.finfo(torch.float32).eps, 8 * eps / math.sqrt(short.shape[1]))
    for count in (2, 64):  # two rows tell most weights
        rows = short[:count].double() if short.device.type != "mps" else short[:count]
        products = rows @ rows.T
        square = products.diagonal().mean()
        error = (products / square - torch.eye(len(rows)).to(products)).abs().max().item()
        if not error < allowed:
            return None
    return math.sqrt(square.item())


def _random(
    weight: torch.Tensor,
    sample: np.ndarray,
    candidates: dict[str, float],
    start: tuple[str, float],
) -> Law:
    """Return the most likely random law, with the schemes whose variance agrees."""
    n, mean = weight.numel(), weight.mean().item()
    variance = norm(weight).item() ** 2 / n - mean**2
    if variance < 1e-6 * mean**2:  # digits cancelled
        variance = weight.double().var(correction=0).item()
    std = math.sqrt(variance)
    if n < 20:
        return Law("too few", scale=std)
    centred = abs(mean) < 4 * std / math.sqrt(n)
    sample = sample - (0.0 if centred else mean)
    likelihoods = _likelihoods(sample)
    best = max(likelihoods, key=likelihoods.__getitem__)
    if _misfit(sample, best) < FALSE_ALARM:
        return Law("other", scale=_shortest(std, 1e-3))
    allowed = 4 * math.sqrt((_KURTOSIS[best] - 1) / n) + 2e-3
    family = " or ".join(
        name for name, value in likelihoods.items() if likelihoods[best] - value < DECISIVE
    )
    if not centred:
        return Law(f"{family} around {mean:.3g}", scale=_shortest(std, allowed))
    own = {"torch's default": start[1]} if start[0] in family else {}
    distance = {name: abs(variance / value - 1) for name, value in (own | candidates).items()}
    agree = sorted((name for name in distance if distance[name] < allowed), key=distance.get)
    return Law(family, tuple(agree), std if best == "uniform" else _shortest(std, allowed))


def _likelihoods(x: np.ndarray) -> dict[str, float]:
    """Return the log-likelihood of each family at its best scale."""
    n, square = len(x), float(np.mean(x * x))
    sigma = max(math.sqrt(square) / _CUT_STD, float(np.abs(x).max()) / _CUT)
    return {
        "uniform": -n * math.log(np.ptp(x)),
        "normal": -n / 2 * (math.log(2 * math.pi * square) + 1),
        "truncated normal": -n
        * (square / (2 * sigma**2) + math.log(sigma * math.sqrt(2 * math.pi) * _CUT_MASS)),
    }


def _misfit(x: np.ndarray, family: str) -> float:
    """Return the Kolmogorov-Smirnov test's p-value, for the family at the scale of the sample.

    As the scale is fitted, the test refuses the right law more rarely than it says.
    """
    z = np.sort(x) / math.sqrt(np.mean(x * x))
    above = _distribution(z, family) - np.arange(len(z)) / len(z)
    distance = max(above.max(), 1 / len(z) - above.min())
    return float(kolmogorov(math.sqrt(len(z)) * distance))


def _distribution(z: np.ndarray, family: str) -> np.ndarray:
    """Return the cumulative distribution of a family with mean square 1."""
    if family == "uniform":
        return np.clip((1 + z / math.sqrt(3)) / 2, 0, 1)
    if family == "normal":
        return ndtr(z)
    return np.clip((ndtr(z * _CUT_STD) - ndtr(-_CUT)) / _CUT_MASS, 0, 1)


def _shortest(std: float, allowed: float) -> float:
    """Return the number with the fewest digits whose square is within a relative ``allowed``."""
    for digits in range(1, 7):
        rounded = float(f"{std:.{digits}g}")
        if abs(rounded**2 / std**2 - 1) < allowed:
            return rounded
    return std
