import shutil
from hashlib import sha256
from pathlib import Path
from struct import pack

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from helpers import data
from helpers.data import shipped as shipped_file
from helpers.data.mnist import SHA256

# The checksums of the original, unpacked files, as other projects pin them too.
PUBLISHED = {
    "train_images": "ba891046e6505d7aadcbbe25680a0738ad16aec93bde7f9b65e87a2fc25776db",
    "train_labels": "65a50cbbf4e906d70832878ad85ccda5333a97f0f4c3dd2ef09a8a9eef7101c5",
    "test_images": "0fa7898d509279e482958e8ce81c8e77db3f2f8254e26661ceb7762c4d494ce7",
    "test_labels": "ff7bcfd416de33731a308c3f266cc351222c34898ecbeaf847f06e48f7ec33f2",
}


@pytest.fixture(scope="module")
def mnist():
    return data.load_mnist()


@pytest.fixture
def package_copy(tmp_path, monkeypatch):
    """Let the loader read a copy of the package's files, which a test may damage."""
    folder = tmp_path / "mnist"
    shutil.copytree(Path(str(shipped_file.FOLDER / "mnist")), folder)
    monkeypatch.setattr(shipped_file, "FOLDER", tmp_path)
    return folder


@pytest.mark.parametrize("field", data.MNIST._fields)
def test_mnist_is_the_published_data(mnist, field):
    array = getattr(mnist, field)
    magic = 2048 + array.ndim
    header = pack(f">{1 + array.ndim}I", magic, *array.shape)
    assert sha256(header + array.tobytes()).hexdigest() == PUBLISHED[field]


@pytest.mark.parametrize("field", data.MNIST._fields)
def test_mnist_arrays_are_read_only_bytes(mnist, field):
    array = getattr(mnist, field)
    assert array.dtype == np.uint8
    with pytest.raises(ValueError, match="read-only"):
        array[0] = 0
    with pytest.raises(ValueError, match="WRITEABLE"):
        array.flags.writeable = True


def test_mnist_loads_from_any_folder(mnist, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    np.testing.assert_array_equal(data.load_mnist().test_labels, mnist.test_labels)
    assert list(tmp_path.iterdir()) == []


def test_every_shipped_file_has_a_checksum():
    found = {file.name for file in (shipped_file.FOLDER / "mnist").iterdir()}
    assert found == set(SHA256)


@pytest.mark.parametrize("name", SHA256)
def test_a_missing_file_is_named_with_the_remedy(package_copy, name):
    (package_copy / name).unlink()
    with pytest.raises(FileNotFoundError, match=rf"{name} is missing.*Install.*git checkout"):
        data.load_mnist()


@pytest.mark.parametrize("name", SHA256)
@pytest.mark.parametrize("damage", ["one bit", "cut short", "empty"])
def test_a_corrupt_file_is_named_with_the_remedy(package_copy, name, damage):
    content = bytearray((package_copy / name).read_bytes())
    content[len(content) // 2] ^= 1
    kept = {"one bit": len(content), "cut short": len(content) // 2, "empty": 0}[damage]
    (package_copy / name).write_bytes(content[:kept])
    with pytest.raises(ValueError, match=rf"{name} is corrupt.*Install.*git checkout"):
        data.load_mnist()


images = arrays(np.uint8, st.tuples(st.integers(1, 5), st.integers(1, 6), st.integers(1, 6)))


@given(images=images, label=st.integers(0, 9))
def test_image_tensors_scale_to_one_and_keep_the_labels(images, label):
    labels = np.full(len(images), label, np.uint8)
    x, y = data.image_tensors(images, labels)
    assert x.shape == (len(images), 1, *images.shape[1:])
    np.testing.assert_array_equal(x[:, 0].numpy(), images.astype(np.float32) / np.float32(255))
    assert (x.dtype, y.dtype) == (torch.float32, torch.int64)
    np.testing.assert_array_equal(y.numpy(), labels)


def test_colours_become_the_second_axis():
    pictures = np.arange(2 * 4 * 5 * 3, dtype=np.uint8).reshape(2, 4, 5, 3)
    x, _ = data.image_tensors(pictures, DIGITS)
    assert (x.shape, x.is_contiguous()) == ((2, 3, 4, 5), True)
    for colour in range(3):
        wanted = pictures[..., colour].astype(np.float32) / np.float32(255)
        np.testing.assert_array_equal(x[:, colour].numpy(), wanted)


def test_image_tensors_are_copies(mnist):
    x, y = data.image_tensors(mnist.test_images[:3], mnist.test_labels[:3])
    before = mnist.test_images[:3].copy()
    x.fill_(1)
    y.fill_(0)
    np.testing.assert_array_equal(mnist.test_images[:3], before)


def test_image_tensors_are_on_the_device(mnist):
    x, y = data.image_tensors(mnist.test_images[:3], mnist.test_labels[:3], device="meta")
    assert (x.device.type, y.device.type) == ("meta", "meta")


PICTURES, DIGITS = np.zeros((2, 3, 3), np.uint8), np.zeros(2, np.uint8)


@pytest.mark.parametrize(
    ("images", "labels", "error", "message"),
    [
        (PICTURES / 255, DIGITS, TypeError, "images must be uint8.*float64"),
        (PICTURES[0], DIGITS, ValueError, r"\(n, height, width\).*\(3, 3\)"),
        (PICTURES[:0], DIGITS[:0], ValueError, r"\(0, 3, 3\)"),
        (PICTURES[..., None], DIGITS, ValueError, r"\(n, height, width, 3\).*\(2, 3, 3, 1\)"),
        (PICTURES, DIGITS[:1], ValueError, r"labels must have shape \(2,\).*\(1,\)"),
        (PICTURES, DIGITS[:, None], ValueError, r"\(2, 1\)"),
        (PICTURES, DIGITS.astype(float), TypeError, "labels must be integers.*float64"),
        (PICTURES, np.array([3, -1]), ValueError, "labels must be 0 or more; got -1"),
    ],
)
def test_image_tensors_reject_bad_input(images, labels, error, message):
    with pytest.raises(error, match=message):
        data.image_tensors(images, labels)
