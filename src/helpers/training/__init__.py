"""Train and evaluate a network on tensors that fit in memory."""

from helpers._models import Loss
from helpers._progress import progress
from helpers.training.fitting import Evaluation, History, evaluate, fit
from helpers.training.parallel import in_parallel
from helpers.training.processes import in_processes

__all__ = [
    "Evaluation",
    "History",
    "Loss",
    "evaluate",
    "fit",
    "in_parallel",
    "in_processes",
    "progress",
]
