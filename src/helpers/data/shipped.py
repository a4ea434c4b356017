"""The data files of the package, each checked by its checksum before it is used."""

from __future__ import annotations

from hashlib import sha256
from importlib.resources import files

FOLDER = files("helpers.data") / "files"


def read_shipped(path: str, checksum: str) -> bytes:
    """Return the bytes of one of the package's data files.

    Parameters
    ----------
    path
        Folder and name among the package's data files: ``"mnist/train-labels-idx1-ubyte.gz"``.
    checksum
        Its SHA-256, in hexadecimal digits.

    Returns
    -------
    bytes
        The file as it was shipped.

    Raises
    ------
    FileNotFoundError, PermissionError
        If the file is missing, or must not be read.
    ValueError
        If it is not the one that was shipped.
    """
    file = FOLDER / path
    remedy = (
        "Install the package again, or in a clone of the course restore the file with "
        f"`git checkout -- src/helpers/data/files/{path}`."
    )
    try:
        content = file.read_bytes()
    except FileNotFoundError as error:
        raise FileNotFoundError(f"the data file {file} is missing. {remedy}") from error
    except OSError as error:
        raise type(error)(f"the data file {file} cannot be read: {error.strerror}") from error
    if sha256(content).hexdigest() != checksum:
        raise ValueError(f"the data file {file} is corrupt: its checksum is wrong. {remedy}")
    return content
