"""A model without numbers, on the meta device, gets memory and a start."""

from __future__ import annotations

from typing import TYPE_CHECKING

from helpers._checks import check_kind

if TYPE_CHECKING:
    import torch
    from torch import nn


def materialize(
    model: nn.Module, generator: torch.Generator, device: str | torch.device = "cpu"
) -> list[str]:
    """Give a model of the meta device memory and let its modules reset themselves.

    Parameters
    ----------
    model
        Any module; it is changed in place. What its tensors held is lost. Weights that two
        modules share on the meta device stay shared.
    generator
        Seeds what the modules draw; the global random state is left as it was.
    device
        Where the memory is.

    Returns
    -------
    list
        Names of parameters and buffers of which some entry was set by no ``reset_parameters``:
        they hold zeros, and you must set them. Empty where all is set.

    Raises
    ------
    TypeError, ValueError
        If an argument does not fit; the model is unchanged then.

    Notes
    -----
    The memory is filled twice, with ones and with zeros, before the modules reset themselves. An
    entry that both times still holds what it was filled with was set by none.

    Examples
    --------
    >>> import torch
    >>> from torch import nn
    >>> model = nn.MultiheadAttention(8, 2, device="meta")
    >>> materialize(model, torch.Generator())
    ['in_proj_weight', 'in_proj_bias']
    """
    import torch

    from helpers._models import check_module, device_named, random_state_kept

    check_module(model)
    check_kind("generator", generator, torch.Generator, "a torch.Generator")
    with device_named(device):
        device = torch.empty(0, device=device).device
    _to_empty(model, device)
    seed = torch.randint(2**63 - 1, (), generator=generator, device=generator.device).item()
    with torch.no_grad(), random_state_kept(device):
        torch.manual_seed(seed)
        kept = [_kept(model, filling) for filling in (1, 0)]
    return [name for name, _ in _tensors(model) if (kept[0][name] & kept[1][name]).any()]


def _tensors(model: nn.Module) -> list[tuple[str, torch.Tensor]]:
    return [*model.named_parameters(), *model.named_buffers()]


def _to_empty(model: nn.Module, device: torch.device) -> None:
    """Allocate all tensors, and let modules share again what they shared."""
    shared = _names_by_tensor(model)
    model.to_empty(device=device)
    for first, *others in shared:
        for name in others:
            owner, _, attribute = name.rpartition(".")
            source, _, original = first.rpartition(".")
            tensor = getattr(model.get_submodule(source), original)
            setattr(model.get_submodule(owner), attribute, tensor)


def _names_by_tensor(model: nn.Module) -> list[list[str]]:
    """List the names of each tensor that has several."""
    names: dict[torch.Tensor, list[str]] = {}
    every = [
        *model.named_parameters(remove_duplicate=False),
        *model.named_buffers(remove_duplicate=False),
    ]
    for name, tensor in every:
        names.setdefault(tensor, []).append(name)
    return [found for found in names.values() if len(found) > 1]


def _kept(model: nn.Module, filling: int) -> dict[str, torch.Tensor]:
    """Fill all tensors and reset the modules; say which entries still hold the filling."""
    for _, tensor in _tensors(model):
        tensor.fill_(filling)
    for module in model.modules():
        if callable(reset := getattr(module, "reset_parameters", None)):
            reset()
    return {name: tensor == filling for name, tensor in _tensors(model)}
