"""MNIST: 70,000 images of handwritten digits, and images as tensors."""

from __future__ import annotations

import gzip
from typing import NamedTuple

import numpy as np
import torch

from helpers._checks import real_array
from helpers._models import device_named
from helpers.data.shipped import read_shipped

SHA256 = {
    "train-images-idx3-ubyte.gz": (
        "0b367032e93c5d0cea0925647cfdb18614af8ee15f83e6f2fc2ad904a6835971"
    ),
    "train-labels-idx1-ubyte.gz": (
        "1787548bbe0bff1ec2ecdc0ef292b02df999e2d1a6002d27500982c652b17203"
    ),
    "t10k-images-idx3-ubyte.gz": (
        "1a1a05eab793c14bb050b398624a11b0ffd1a2953baed553b1b9bd079e2a20be"
    ),
    "t10k-labels-idx1-ubyte.gz": (
        "b91679a0acfe4ba0e50a2437a903084cba1f5f92592b016a25a7dfd00455798b"
    ),
}


class MNIST(NamedTuple):
    """All of MNIST, as read-only arrays of bytes."""

    train_images: np.ndarray
    """(60000, 28, 28) uint8: 0 is the paper, 255 full ink."""
    train_labels: np.ndarray
    """(60000,) uint8: the digits 0 to 9."""
    test_images: np.ndarray
    """(10000, 28, 28) uint8."""
    test_labels: np.ndarray
    """(10000,) uint8."""


def load_mnist() -> MNIST:
    """Return all 70,000 images of handwritten digits, from the package's own files.

    Returns
    -------
    MNIST
        ``train_images``, ``train_labels``, ``test_images``, ``test_labels``; read-only.

    Raises
    ------
    FileNotFoundError
        If a file of the package is missing.
    ValueError
        If a file is not the one that was shipped (its SHA-256 differs).

    References
    ----------
    Y. LeCun, C. Cortes, C. J. C. Burges, "The MNIST database of handwritten digits", 1998;
    licence CC BY-SA 3.0.

    Examples
    --------
    >>> load_mnist().train_images.shape
    (60000, 28, 28)
    """
    return MNIST(
        train_images=_read("train-images-idx3-ubyte.gz", header=16).reshape(-1, 28, 28),
        train_labels=_read("train-labels-idx1-ubyte.gz", header=8),
        test_images=_read("t10k-images-idx3-ubyte.gz", header=16).reshape(-1, 28, 28),
        test_labels=_read("t10k-labels-idx1-ubyte.gz", header=8),
    )


def image_tensors(
    images: np.ndarray, labels: np.ndarray, device: str | torch.device = "cpu"
) -> tuple[torch.Tensor, torch.Tensor]:
    """Return images and their labels as tensors that a network takes.

    Parameters
    ----------
    images
        (n, height, width) uint8, 0 to 255, for grey images; (n, height, width, 3) for colour.
    labels
        (n,) integers from 0 up.
    device
        Where the tensors shall be.

    Returns
    -------
    x
        (n, 1, height, width) float32 in [0, 1]; (n, 3, height, width) for colour.
    y
        (n,) int64.

    Raises
    ------
    TypeError
        If the images are not uint8 or the labels not integers.
    ValueError
        If a shape is wrong, the lengths differ, there is no image, a label is negative, or this
        machine has no such device.

    Examples
    --------
    >>> x, y = image_tensors(np.full((2, 28, 28), 255, np.uint8), np.array([3, 7]))
    >>> x.shape, x.max().item(), y
    (torch.Size([2, 1, 28, 28]), 1.0, tensor([3, 7]))
    """
    images, labels = real_array("images", images), real_array("labels", labels)
    _check_images(images, labels)
    with device_named(device):
        x = torch.tensor(images, device=device)
    x = x.unsqueeze(1) if x.ndim == 3 else x.movedim(3, 1)
    x = x.to(torch.float32, memory_format=torch.contiguous_format).div_(255)
    y = torch.tensor(labels.astype(np.int64), device=device)
    return x, y


def _read(name: str, header: int) -> np.ndarray:
    """Return the bytes after the header of one of the package's files, read-only."""
    packed = read_shipped(f"mnist/{name}", SHA256[name])
    return np.frombuffer(gzip.decompress(packed), np.uint8, offset=header)


def _check_images(images: np.ndarray, labels: np.ndarray) -> None:
    if images.dtype != np.uint8:
        raise TypeError(f"images must be uint8, 0 to 255; got {images.dtype}")
    grey_or_colour = images.ndim == 3 or (images.ndim == 4 and images.shape[3] == 3)
    if not grey_or_colour or images.size == 0:
        raise ValueError(
            "images must have shape (n, height, width) or (n, height, width, 3), none of them 0; "
            f"got {images.shape}"
        )
    if not np.issubdtype(labels.dtype, np.integer):
        raise TypeError(f"labels must be integers; got {labels.dtype}")
    if labels.shape != images.shape[:1]:
        raise ValueError(
            f"labels must have shape {images.shape[:1]}, one label an image; got {labels.shape}"
        )
    if labels.min() < 0:
        raise ValueError(f"labels must be 0 or more; got {labels.min()}")
