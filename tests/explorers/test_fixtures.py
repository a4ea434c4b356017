"""The explorers' JavaScript computes what the helpers compute."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
from typing import Any

import numpy as np
import pytest

from tests.explorers.fixtures import FILE, fixtures
from tools.patience import patience

FOLDER = FILE.parent
NO_NODE = "no Node.js 20 or newer found: install it (apt install nodejs, brew install node)"


def assert_equal(stored: Any, computed: Any, where: str = "fixtures") -> None:
    """Compare two trees of JSON: numbers to 12 digits, everything else exactly.

    In a list, what differs by rounding from 0 is 0: processors round differently.
    """
    if isinstance(computed, dict):
        assert stored.keys() == computed.keys(), where
        for key, value in computed.items():
            assert_equal(stored[key], value, f"{where}.{key}")
    elif isinstance(computed, list | tuple) and all(isinstance(x, int | float) for x in computed):
        np.testing.assert_allclose(stored, computed, rtol=1e-12, atol=1e-16, err_msg=where)
    elif isinstance(computed, list | tuple):
        assert len(stored) == len(computed), where
        for number, (one, other) in enumerate(zip(stored, computed, strict=True)):
            assert_equal(one, other, f"{where}[{number}]")
    elif isinstance(computed, float):
        assert stored == pytest.approx(computed, rel=1e-12), where
    else:
        assert stored == computed, where


def test_what_is_stored_is_what_the_helpers_compute() -> None:
    assert_equal(json.loads(FILE.read_text("utf-8")), fixtures())


def test_a_difference_is_found() -> None:
    with pytest.raises(AssertionError, match=r"a\.b\[1\]"):
        assert_equal({"b": [["x"], [1.0, 2.0]]}, {"b": [["x"], [1.0, 2.1]]}, "a")


def test_javascript_computes_the_same() -> None:
    node = shutil.which("node")
    if node is None:
        (pytest.fail if os.environ.get("CI") == "true" else pytest.skip)(NO_NODE)
    files = sorted(str(path) for path in FOLDER.glob("*.test.mjs"))
    result = subprocess.run(
        [node, "--test", *files], capture_output=True, text=True, check=False, timeout=patience(300)
    )
    assert result.returncode == 0, result.stdout
