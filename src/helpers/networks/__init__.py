"""The course's networks. They come without weights: all parameters are NaN until initialized."""

from helpers.networks.convolutional import cifar_cnn, mnist_cnn, pool_first, speech_cnn
from helpers.networks.dense import mlp
from helpers.networks.recurrent import char_rnn
from helpers.networks.residual import residual_mlp
from helpers.networks.transformer import gpt

__all__ = [
    "char_rnn",
    "cifar_cnn",
    "gpt",
    "mlp",
    "mnist_cnn",
    "pool_first",
    "residual_mlp",
    "speech_cnn",
]
