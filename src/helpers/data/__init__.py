"""Data sets, shipped inside the package and checked by their checksums at each load.

The whole of CIFAR-10 alone is downloaded, and only on request.
"""

from helpers.data.cifar10 import CIFAR10, CIFAR10_CLASSES, load_cifar10
from helpers.data.mnist import MNIST, image_tensors, load_mnist
from helpers.data.names import Names, load_names
from helpers.data.speech import JapaneseVowels, load_japanese_vowels

__all__ = [
    "CIFAR10",
    "CIFAR10_CLASSES",
    "MNIST",
    "JapaneseVowels",
    "Names",
    "image_tensors",
    "load_cifar10",
    "load_japanese_vowels",
    "load_mnist",
    "load_names",
]
