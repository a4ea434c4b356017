"""A recurrent network that reads characters and predicts the next one."""

from __future__ import annotations

from collections import OrderedDict

import torch
from torch import nn

from helpers._checks import check_count, one_of
from helpers.networks.weightless import without_weights


class OneHot(nn.Module):
    """Turn each whole number into a row of zeros with a single 1."""

    def __init__(self, characters: int):
        super().__init__()
        self.characters = characters

    def forward(self, numbers: torch.Tensor) -> torch.Tensor:
        """Return shape (..., characters) for whole numbers of shape (...)."""
        return nn.functional.one_hot(numbers, self.characters).to(torch.get_default_dtype())

    def extra_repr(self) -> str:
        """Say how many characters there are."""
        return str(self.characters)


class States(nn.Module):
    """Of what a recurrent layer of torch returns, keep the states after all steps."""

    def forward(self, returned: tuple) -> torch.Tensor:
        """Return the first of what the layer returned."""
        return returned[0]


def char_rnn(activation: str = "tanh", *, hidden: int = 32, characters: int = 27) -> nn.Sequential:
    """Return a recurrent network that predicts the next character, without weights.

    Parameters
    ----------
    activation
        ``"tanh"`` or ``"relu"``: those that ``torch.nn.RNN`` has.
    hidden
        Number of recurrent units, 1 or more.
    characters
        Number of different characters, 1 or more.

    Returns
    -------
    nn.Sequential
        Maps characters ``(n, steps)``, int64 from 0 to ``characters`` - 1, to logits
        ``(n, steps, characters)`` of the character that follows each. Its parts are ``one_hot``,
        ``rnn``, ``states`` and ``linear``. Every parameter is NaN until ``initialize`` sets it.

    Raises
    ------
    TypeError
        If ``hidden`` or ``characters`` is not an integer.
    ValueError
        If the activation is another, or a number is below 1.

    Examples
    --------
    >>> [name for name, _ in char_rnn().named_children()]
    ['one_hot', 'rnn', 'states', 'linear']
    """
    one_of("activation", activation, ["tanh", "relu"])
    check_count("hidden", hidden)
    check_count("characters", characters)

    def parts() -> OrderedDict[str, nn.Module]:
        return OrderedDict(
            one_hot=OneHot(characters),
            rnn=nn.RNN(characters, hidden, nonlinearity=activation, batch_first=True),
            states=States(),
            linear=nn.Linear(hidden, characters),
        )

    return without_weights(parts)
