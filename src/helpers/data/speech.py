"""Japanese Vowels: real speech, already turned into a few numbers for each moment."""

from __future__ import annotations

import gzip
from typing import NamedTuple

import numpy as np

from helpers.data.shipped import read_shipped

SHA256 = {
    "train.ts.gz": "4da778886d904651f01a3a60e06d11ee0dc4200be43c1b29539f4b3b8bc6b197",
    "test.ts.gz": "b7791f09f8d528e40938ca0177d45822969c3bfe81d28426577dfcdc46c53dc9",
}
FRAMES = 29


class JapaneseVowels(NamedTuple):
    """Utterances of nine speakers, as read-only arrays."""

    train_x: np.ndarray
    """(270, 12, 29) float32: coefficients by frames; 0 beyond the end of an utterance."""
    train_lengths: np.ndarray
    """(270,) int64: frames of each utterance, 7 to 26."""
    train_speakers: np.ndarray
    """(270,) int64: the speakers 0 to 8, 30 utterances each."""
    test_x: np.ndarray
    """(370, 12, 29) float32."""
    test_lengths: np.ndarray
    """(370,) int64: frames of each utterance, 7 to 29."""
    test_speakers: np.ndarray
    """(370,) int64: 24 to 88 utterances a speaker."""


def load_japanese_vowels() -> JapaneseVowels:
    """Return 640 utterances of two vowels by nine men, from the package's own files.

    Each utterance is a row of frames, and each frame holds 12 coefficients of a linear prediction
    analysis (LPC cepstrum) of the sound. The task is to name the speaker.

    Returns
    -------
    JapaneseVowels
        ``train_x``, ``train_lengths``, ``train_speakers``, ``test_x``, ``test_lengths``,
        ``test_speakers``; read-only. The numbers are as published; nothing is standardized.

    Raises
    ------
    FileNotFoundError
        If a file of the package is missing.
    ValueError
        If a file is not the one that was shipped (its SHA-256 differs).

    References
    ----------
    M. Kudo, J. Toyama, M. Shimbo, "Multidimensional curve classification using passing-through
    regions", Pattern Recognition Letters 20, 1999; UCI Machine Learning Repository, licence
    CC BY 4.0.

    Examples
    --------
    >>> load_japanese_vowels().train_x.shape
    (270, 12, 29)
    """
    return JapaneseVowels(*_read("train.ts.gz"), *_read("test.ts.gz"))


def _read(name: str) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Return the utterances, their lengths and their speakers of one file."""
    packed = read_shipped(f"japanese_vowels/{name}", SHA256[name])
    lines = gzip.decompress(packed).decode().splitlines()
    rows = [line.split(":") for line in lines if line and line[0] not in "#@"]
    x = np.zeros((len(rows), 12, FRAMES), np.float32)
    lengths = np.zeros(len(rows), np.int64)
    for i, (*coefficients, _) in enumerate(rows):
        curve = np.array([series.split(",") for series in coefficients], np.float32)
        lengths[i] = curve.shape[1]
        x[i, :, : lengths[i]] = curve
    speakers = np.array([row[-1] for row in rows], np.int64) - 1
    for array in (x, lengths, speakers):
        array.flags.writeable = False
    return x, lengths, speakers
