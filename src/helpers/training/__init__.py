"""Train and evaluate a network on tensors that fit in memory."""

from helpers._models import Loss
from helpers._progress import progress
from helpers.training.fitting import Evaluation, History, evaluate, fit
from helpers.training.parallel import in_parallel

__all__ = ["Evaluation", "History", "Loss", "evaluate", "fit", "in_parallel", "progress"]
