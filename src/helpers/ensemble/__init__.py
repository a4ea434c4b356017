"""Train many networks of one architecture at once, as one batched computation.

The parameters of the networks are stacked: one tensor with a first axis for the network. A small
network leaves most of the processor idle; 32 of them in one multiplication do not.
"""

from helpers.ensemble.curvature import sharpness
from helpers.ensemble.judging import EnsembleEvaluation, evaluate_ensemble
from helpers.ensemble.recurrent import train_recurrent
from helpers.ensemble.states import lstm_states, rnn_states
from helpers.ensemble.training import EnsembleHistory, train_ensemble

__all__ = [
    "EnsembleEvaluation",
    "EnsembleHistory",
    "evaluate_ensemble",
    "lstm_states",
    "rnn_states",
    "sharpness",
    "train_ensemble",
    "train_recurrent",
]
