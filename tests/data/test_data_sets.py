"""CIFAR-10, Japanese Vowels and names: the data itself, and what happens when it is not there."""

import errno
import io
import os
import pickle
import shutil
import tarfile
from hashlib import md5
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import Thread
from time import time

import numpy as np
import pooch
import pytest

from helpers import data
from helpers.data import cifar10 as cifar10_file
from helpers.data import names as names_file
from helpers.data import shipped as shipped_file
from helpers.data import speech as speech_file

LOADERS = {
    "cifar10/subset.npz": data.load_cifar10,
    **{f"japanese_vowels/{name}": data.load_japanese_vowels for name in speech_file.SHA256},
    **{f"names/{name}": data.load_names for name in names_file.SHA256},
}


@pytest.fixture(scope="module")
def cifar():
    return data.load_cifar10()


@pytest.fixture(scope="module")
def vowels():
    return data.load_japanese_vowels()


@pytest.fixture(scope="module")
def names():
    return data.load_names()


@pytest.fixture
def package_copy(tmp_path, monkeypatch):
    """Let the loaders read a copy of the package's files, which a test may damage."""
    for folder in ("cifar10", "japanese_vowels", "names"):
        shutil.copytree(Path(str(shipped_file.FOLDER / folder)), tmp_path / folder)
    monkeypatch.setattr(shipped_file, "FOLDER", tmp_path)
    return tmp_path


def test_cifar_has_as_many_pictures_of_each_class(cifar):
    assert cifar.train_images.shape == (5000, 32, 32, 3)
    assert cifar.test_images.shape == (1000, 32, 32, 3)
    np.testing.assert_array_equal(np.bincount(cifar.train_labels), [500] * 10)
    np.testing.assert_array_equal(np.bincount(cifar.test_labels), [100] * 10)
    assert len(data.CIFAR10_CLASSES) == 10


def test_the_pictures_are_pictures(cifar):
    """Neighbouring pixels are alike, and ships and airplanes are bluer than frogs and deer."""
    pixels = cifar.train_images.astype(float)
    rows = np.abs(np.diff(pixels, axis=1)).mean()
    columns = np.abs(np.diff(pixels, axis=2)).mean()
    assert max(rows, columns) < 0.3 * np.abs(pixels[1:] - pixels[:-1]).mean()
    blueness = pixels[..., 2].mean((1, 2)) - pixels[..., 0].mean((1, 2))
    mean = [blueness[cifar.train_labels == label].mean() for label in range(10)]
    blue = sorted(data.CIFAR10_CLASSES, key=lambda name: -mean[data.CIFAR10_CLASSES.index(name)])
    assert set(blue[:2]) == {"airplane", "ship"}


def test_vowels_have_the_published_sizes(vowels):
    assert vowels.train_x.shape == (270, 12, 29)
    assert vowels.test_x.shape == (370, 12, 29)
    np.testing.assert_array_equal(np.bincount(vowels.train_speakers), [30] * 9)
    published = [31, 35, 88, 44, 29, 24, 40, 50, 29]
    np.testing.assert_array_equal(np.bincount(vowels.test_speakers), published)


@pytest.mark.parametrize("part", ["train", "test"])
def test_vowels_end_where_their_length_says(vowels, part):
    x, lengths = getattr(vowels, f"{part}_x"), getattr(vowels, f"{part}_lengths")
    assert (lengths.min(), x.shape[2]) == (7, 29)
    inside = np.arange(29) < lengths[:, None]
    assert (x.transpose(0, 2, 1)[~inside] == 0).all()
    assert (x.transpose(0, 2, 1)[inside] != 0).mean() > 0.999


def test_the_first_utterance_is_the_published_one(vowels):
    assert vowels.train_x[0, :2, 0].tolist() == pytest.approx([1.860936, -0.207383])
    assert vowels.train_x[0, 0, 19] == pytest.approx(1.261441)
    assert (vowels.train_lengths[0], vowels.train_speakers[0]) == (20, 0)


def test_names_are_sorted_distinct_and_plain(names):
    assert len(names.names) == len(set(names.names)) == 5163
    assert list(names.names) == sorted(names.names)
    assert set("".join(names.names)) == set("abcdefghijklmnopqrstuvwxyz")


def test_the_frequencies_are_the_published_ones(names):
    assert [(names.female > 0).sum(), (names.male > 0).sum()] == [4275, 1219]
    assert names.names[names.female.argmax()] == "mary"
    assert names.female.max() == 2.629
    assert names.names[names.male.argmax()] == "james"
    assert names.male.max() == 3.318
    assert np.all(names.female + names.male > 0)


@pytest.mark.parametrize("loaded", ["cifar", "vowels", "names"])
def test_arrays_are_read_only(loaded, request):
    arrays = [a for a in request.getfixturevalue(loaded) if isinstance(a, np.ndarray)]
    assert len(arrays) >= 2
    assert not any(array.flags.writeable for array in arrays)


@pytest.mark.parametrize("path", LOADERS)
def test_a_missing_file_is_named_with_the_remedy(package_copy, path):
    (package_copy / path).unlink()
    with pytest.raises(FileNotFoundError, match=rf"{Path(path).name} is missing.*git checkout"):
        LOADERS[path]()


@pytest.mark.parametrize("path", LOADERS)
@pytest.mark.parametrize("damage", ["one bit", "cut short", "empty"])
def test_a_corrupt_file_is_named_with_the_remedy(package_copy, path, damage):
    content = bytearray((package_copy / path).read_bytes())
    content[len(content) // 2] ^= 1
    kept = {"one bit": len(content), "cut short": len(content) // 2, "empty": 0}[damage]
    (package_copy / path).write_bytes(content[:kept])
    with pytest.raises(ValueError, match=rf"{Path(path).name} is corrupt.*git checkout"):
        LOADERS[path]()


@pytest.mark.parametrize("path", LOADERS)
def test_a_file_that_cannot_be_read_is_named(package_copy, path):
    (package_copy / path).unlink()
    (package_copy / path).mkdir()
    with pytest.raises(IsADirectoryError, match=rf"{Path(path).name} cannot be read: Is a dir"):
        LOADERS[path]()


@pytest.mark.parametrize("folder", ["cifar10", "japanese_vowels", "names"])
def test_every_shipped_file_has_a_checksum(folder):
    found = {f"{folder}/{file.name}" for file in (shipped_file.FOLDER / folder).iterdir()}
    assert found == {path for path in LOADERS if path.startswith(f"{folder}/")}


@pytest.mark.parametrize("subset", [1, None, "all"])
def test_subset_is_true_or_false(subset):
    with pytest.raises(TypeError, match="subset must be True or False; got"):
        data.load_cifar10(subset=subset)


def small_archive():
    """Make an archive of the form of the published one: 2 pictures a batch."""
    content = io.BytesIO()
    with tarfile.open(fileobj=content, mode="w:gz") as archive:
        for number, name in enumerate([*(f"data_batch_{i}" for i in range(1, 6)), "test_batch"]):
            pixels = np.full((2, 3, 1024), number, np.uint8)
            pixels[:, 0, 1] = 200 + number  # red, first row, second column
            batch = {b"data": pixels.reshape(2, 3072), b"labels": [number, 9]}
            member = tarfile.TarInfo(f"cifar-10-batches-py/{name}")
            packed = pickle.dumps(batch)
            member.size = len(packed)
            archive.addfile(member, io.BytesIO(packed))
    return content.getvalue()


@pytest.fixture
def server(tmp_path, monkeypatch):
    """Serve the small archive on this machine in place of the real one; count the requests."""
    archive = small_archive()

    class Handler(BaseHTTPRequestHandler):
        served = archive
        requests = 0

        def do_GET(self):
            Handler.requests += 1
            self.send_response(200)
            self.send_header("Content-Length", str(len(archive)))
            self.end_headers()
            self.wfile.write(Handler.served)

        def log_message(self, *_):
            pass

    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as http:
        Thread(target=http.serve_forever, daemon=True).start()
        address = f"http://127.0.0.1:{http.server_address[1]}/cifar-10-python.tar.gz"
        monkeypatch.setattr(cifar10_file, "URL", address)
        monkeypatch.setattr(cifar10_file, "URL_HASH", f"md5:{md5(archive).hexdigest()}")
        monkeypatch.setattr(pooch, "os_cache", lambda project: tmp_path / "cache" / project)
        monkeypatch.setenv("no_proxy", "127.0.0.1")
        yield Handler
        http.shutdown()


def leftovers(folder):
    return [path.name for path in folder.rglob("*") if path.is_file()]


def test_the_whole_set_is_downloaded_once(server, tmp_path):
    whole = data.load_cifar10(subset=False)
    assert whole.train_images.shape == (10, 32, 32, 3)
    assert whole.train_labels.tolist() == [0, 9, 1, 9, 2, 9, 3, 9, 4, 9]
    assert whole.test_labels.tolist() == [5, 9]
    assert whole.test_images[0, 0, 1].tolist() == [205, 5, 5]
    assert not whole.train_images.flags.writeable
    data.load_cifar10(subset=False)
    assert server.requests == 1
    assert leftovers(tmp_path) == ["cifar-10-python.tar.gz"]


def test_a_wrong_download_is_refused_and_leaves_nothing(server, tmp_path):
    server.served = server.served[:-1] + b"?"
    with pytest.raises(ValueError, match="hash"):
        data.load_cifar10(subset=False)
    assert leftovers(tmp_path) == []


def test_a_broken_download_leaves_nothing_and_can_be_run_again(server, tmp_path):
    archive, server.served = server.served, server.served[:100]
    with pytest.raises((ConnectionError, ValueError)):
        data.load_cifar10(subset=False)
    assert leftovers(tmp_path) == []
    server.served = archive
    assert len(data.load_cifar10(subset=False).test_labels) == 2


@pytest.mark.parametrize("number", [errno.ENOSPC, errno.EACCES, errno.EROFS, errno.EDQUOT])
def test_a_full_or_forbidden_cache_is_no_fault_of_the_network(server, monkeypatch, number):
    def fail(*_, **__):
        raise OSError(number, os.strerror(number))

    monkeypatch.setattr(pooch, "retrieve", fail)
    with pytest.raises(OSError, match=f"cannot be stored in .*{os.strerror(number)}.*XDG_") as it:
        data.load_cifar10(subset=False)
    assert not isinstance(it.value, ConnectionError)


def test_a_folder_in_place_of_the_cache_is_named(server, tmp_path):
    (tmp_path / "cache").write_text("not a folder")
    with pytest.raises(OSError, match="cannot be stored in"):
        data.load_cifar10(subset=False)


def test_what_a_killed_download_left_is_removed_and_a_running_one_is_not(server, tmp_path):
    cache = tmp_path / "cache" / "good-start"
    cache.mkdir(parents=True)
    for name, age in (("tmpold", 3700), ("tmpnew", 3500), ("other", 9999)):
        (cache / name).touch()
        os.utime(cache / name, (time() - age, time() - age))
    data.load_cifar10(subset=False)
    assert sorted(leftovers(cache)) == ["cifar-10-python.tar.gz", "other", "tmpnew"]


def test_without_a_network_the_error_says_what_to_do(server, monkeypatch, tmp_path):
    monkeypatch.setattr(cifar10_file, "URL", "http://127.0.0.1:9/cifar-10-python.tar.gz")
    with pytest.raises(ConnectionError, match=r"could not be downloaded.*load_cifar10\(\)"):
        data.load_cifar10(subset=False)
    assert leftovers(tmp_path) == []
