"""What training, evaluating, probing and rescaling share: checks, modes, means over batches."""

from helpers._models.checks import (
    check_data,
    check_differentiable,
    check_initialized,
    check_loss,
    check_module,
    check_pair,
    check_targets,
    check_tensor,
    check_trainable,
    check_validation,
    device_named,
)
from helpers._models.running import (
    Loss,
    count_right,
    first_copied,
    forward,
    forward_on_copies,
    mean_loss,
    means,
    mode,
    random_state_kept,
)

__all__ = [
    "Loss",
    "check_data",
    "check_differentiable",
    "check_initialized",
    "check_loss",
    "check_module",
    "check_pair",
    "check_targets",
    "check_tensor",
    "check_trainable",
    "check_validation",
    "count_right",
    "device_named",
    "first_copied",
    "forward",
    "forward_on_copies",
    "mean_loss",
    "means",
    "mode",
    "random_state_kept",
]
