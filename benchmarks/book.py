"""Seconds and peak memory of `make book`, warm, and of re-running each notebook with nbval.

    python -m benchmarks.book            # minutes; prints a Markdown table
    python -m benchmarks.book --smoke    # the same table from quick commands, in seconds

README.md says what the figures cover.
"""

from __future__ import annotations

import argparse
import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Sequence
from pathlib import Path
from typing import NamedTuple

from tools.notebooks import chapter_names, chapter_path

ROOT = Path(__file__).resolve().parents[1]
UNIT = 2**20 if sys.platform == "darwin" else 2**10  # ru_maxrss counts bytes, elsewhere KiB


class Cost(NamedTuple):
    """Wall time, and the most memory that one process of the command held at a time."""

    seconds: float
    mebibytes: float


def cost(command: Sequence[str]) -> Cost:
    """Run a command in the root of the project and return what it took."""
    environment = {**os.environ, "TQDM_DISABLE": "1"}
    environment.pop("COURSE_SEED", None)
    with tempfile.TemporaryFile("w+") as output:
        start = time.perf_counter()
        process = subprocess.Popen(command, cwd=ROOT, env=environment, stdout=output, stderr=output)
        _, status, usage = os.wait4(process.pid, 0)
        seconds = time.perf_counter() - start
        process.returncode = os.waitstatus_to_exitcode(status)
        if process.returncode:
            output.seek(0)
            raise RuntimeError(f"{' '.join(command)} failed:\n{output.read()}")
    return Cost(seconds, usage.ru_maxrss / UNIT)


def row(name: str, build: Cost, run: Cost | None) -> str:
    """Return one row of the table."""
    costs = [f"{c.seconds:.1f} | {c.mebibytes:.0f}" if c else "| " for c in (build, run)]
    return f"| {name} | {' | '.join(costs)} |"


def main(arguments: Sequence[str] | None = None) -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--smoke", action="store_true", help="one notebook, quick commands")
    smoke = parser.parse_args(arguments).smoke
    build = ["make", "help" if smoke else "book"]
    nbval = [sys.executable, "-m", "pytest", "--nbval", *(["--collect-only"] if smoke else [])]
    names = chapter_names()[: 1 if smoke else None]

    print("| Chapter | `make book`, seconds | its MiB | nbval, seconds | its MiB |")
    print("| --- | --- | --- | --- | --- |", flush=True)
    cost(build)
    print(row("none changed", cost(build), None), flush=True)
    for name in names:
        path = chapter_path(name)
        if not smoke:
            path.touch()
        print(row(f"`{name}` touched", cost(build), cost([*nbval, str(path)])), flush=True)


if __name__ == "__main__":
    main()
