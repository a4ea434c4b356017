"""CIFAR-10: small colour pictures of ten kinds of things."""

from __future__ import annotations

import io
import pickle
import tarfile
import time
from pathlib import Path
from typing import NamedTuple

import numpy as np

from helpers.data.shipped import read_shipped

SUBSET_SHA256 = "50311be0e67781b64d8fa2a6b2363875958c50bc5e5c7650c37918c26d956f42"
URL = "https://www.cs.toronto.edu/~kriz/cifar-10-python.tar.gz"
URL_HASH = "md5:c58f30108f718f92721af3b95e74349a"
LEFT_AFTER = 3600
"""Seconds after the last write until a part of a download counts as left behind."""
CIFAR10_CLASSES = (
    "airplane",
    "automobile",
    "bird",
    "cat",
    "deer",
    "dog",
    "frog",
    "horse",
    "ship",
    "truck",
)


class CIFAR10(NamedTuple):
    """Pictures and their classes, as read-only arrays of bytes."""

    train_images: np.ndarray
    """(n, 32, 32, 3) uint8: rows, columns, and red, green, blue. n is 5,000 or 50,000."""
    train_labels: np.ndarray
    """(n,) uint8: positions in ``CIFAR10_CLASSES``."""
    test_images: np.ndarray
    """(m, 32, 32, 3) uint8. m is 1,000 or 10,000."""
    test_labels: np.ndarray
    """(m,) uint8."""


def load_cifar10(subset: bool = True) -> CIFAR10:
    """Return CIFAR-10: a tenth of it from the package's own file, or all of it from its author.

    The subset holds the first 500 training pictures of each class in the first batch of the whole
    set, and the first 100 test pictures of each class. The whole set, 170 MB, is downloaded once
    into the user's cache folder and compared with its checksum. What was broken off is downloaded
    anew when you run it again. Later calls need no network.

    Parameters
    ----------
    subset
        True: 5,000 and 1,000 pictures, at once. False: 50,000 and 10,000, from the network.

    Returns
    -------
    CIFAR10
        ``train_images``, ``train_labels``, ``test_images``, ``test_labels``; read-only.

    Raises
    ------
    FileNotFoundError
        If the file of the package is missing.
    ValueError
        If a file is not the published one (its checksum differs).
    ConnectionError
        If the whole set is not there yet and cannot be downloaded.
    OSError
        If the cache folder is full, or must not be written.

    References
    ----------
    A. Krizhevsky, "Learning multiple layers of features from tiny images", 2009. Its author states
    no licence.

    Examples
    --------
    >>> load_cifar10().train_images.shape
    (5000, 32, 32, 3)
    """
    if not isinstance(subset, bool):
        raise TypeError(f"subset must be True or False; got {subset!r}")
    arrays = _subset() if subset else _whole()
    for array in arrays:
        array.flags.writeable = False
    return arrays


def _subset() -> CIFAR10:
    with np.load(io.BytesIO(read_shipped("cifar10/subset.npz", SUBSET_SHA256))) as arrays:
        return CIFAR10(*(arrays[field] for field in CIFAR10._fields))


def _whole() -> CIFAR10:
    with tarfile.open(_download()) as archive:
        train = [_batch(archive, f"data_batch_{number}") for number in range(1, 6)]
        test_images, test_labels = _batch(archive, "test_batch")
    images, labels = zip(*train, strict=True)
    return CIFAR10(np.concatenate(images), np.concatenate(labels), test_images, test_labels)


def _batch(archive: tarfile.TarFile, name: str) -> tuple[np.ndarray, np.ndarray]:
    """Return the images and labels of one batch; the archive's checksum vouches for the pickle."""
    batch = pickle.load(archive.extractfile(f"cifar-10-batches-py/{name}"), encoding="bytes")
    images = batch[b"data"].reshape(-1, 3, 32, 32).transpose(0, 2, 3, 1)
    return np.ascontiguousarray(images), np.array(batch[b"labels"], np.uint8)


def _download() -> str:
    """Return the path of the whole set, which is downloaded where it is not there yet."""
    import pooch  # pip install "good-start[course]"
    from requests import RequestException

    folder = pooch.os_cache("good-start")
    try:
        _remove_leftovers(folder)
        return pooch.retrieve(
            URL,
            known_hash=URL_HASH,
            fname="cifar-10-python.tar.gz",
            path=folder,
            downloader=pooch.HTTPDownloader(progressbar=True),
        )
    except OSError as error:
        if not isinstance(error, RequestException | ConnectionError | TimeoutError):
            raise OSError(
                f"CIFAR-10 cannot be stored in {folder}: {error}. Make room there, or name another "
                "folder in the environment variable XDG_CACHE_HOME, before Python starts."
            ) from error
        raise ConnectionError(
            f"CIFAR-10 could not be downloaded from {URL} ({type(error).__name__}). With a "
            "connection, run this again; or put the file into the folder "
            f"{folder}; or take the part that needs no network: load_cifar10()."
        ) from error


def _remove_leftovers(folder: Path) -> None:
    """Remove what a killed download left: a running one would have written to it by now."""
    for part in folder.glob("tmp*"):
        if time.time() - part.stat().st_mtime > LEFT_AFTER:
            part.unlink(missing_ok=True)
