"""Make .venv and install the pinned packages into it, or mend what an earlier run left.

The file .venv/course-stamp tells the state: the key of a finished installation, or "installing"
while one is under way. A key that fits means there is nothing to do. An installation that was
interrupted is begun anew, because pip cannot tell a half-copied package from a whole one.
"""

from __future__ import annotations

import fcntl
import hashlib
import os
import re
import shutil
import subprocess
import sys
from collections import deque
from pathlib import Path
from typing import TextIO

ROOT = Path(__file__).resolve().parents[1]
VENV = ROOT / ".venv"
PYTHON = VENV / "bin" / "python"
STAMP = VENV / "course-stamp"
EXTRAS = "book,course,lab,test"
UNFINISHED = "installing"
LAST_LINES = 12


def version_of(python: Path) -> str | None:
    """Return a Python's version as "3.11", or None where it does not run."""
    command = [python, "-c", "import sys; print('%d.%d' % sys.version_info[:2])"]
    try:
        return subprocess.run(command, capture_output=True, text=True, check=True).stdout.strip()
    except (OSError, subprocess.CalledProcessError):
        return None


def key(version: str) -> str:
    """Return what the installation depends on: this place, the Python, its settings and pins."""
    digest = hashlib.sha256()
    for name in ("pyproject.toml", "setup.py", "constraints.txt"):
        digest.update((ROOT / name).read_bytes())
    return f"{ROOT}\n{version}\n{digest.hexdigest()}\n"


def pip_works() -> bool:
    """Say whether the pip of .venv runs."""
    command = [PYTHON, "-m", "pip", "--version"]
    return subprocess.run(command, capture_output=True, check=False).returncode == 0


def reusable(stamp: str | None) -> bool:
    """Say whether the packages can be installed into the .venv that is there."""
    here = stamp is None or stamp.startswith(f"{ROOT}\n")
    return here and not VENV.is_symlink() and pip_works()


def create() -> None:
    """Make a new .venv with the Python that runs this script, in an empty folder.

    The folder itself stays, as it may be a file system that is mounted there.
    """
    if VENV.is_symlink():
        VENV.unlink()
    VENV.mkdir(exist_ok=True)
    for path in VENV.iterdir():
        shutil.rmtree(path) if path.is_dir() and not path.is_symlink() else path.unlink()
    STAMP.write_text(UNFINISHED)
    base = getattr(sys, "_base_executable", sys.executable)
    subprocess.run([base, "-m", "venv", VENV], check=True)


def install() -> None:
    """Install the course and its pinned packages; show downloads, not every line of pip.

    Where pip fails, the last lines that it wrote are shown, too: they give the reason.
    """
    STAMP.write_text(UNFINISHED)
    command = [PYTHON, "-m", "pip", "install", "--disable-pip-version-check", "--no-input"]
    command += ["--constraint", "constraints.txt", "--editable", f".[{EXTRAS}]"]
    environment = os.environ | {"PYTHONUNBUFFERED": "1"}
    last: deque[str] = deque(maxlen=LAST_LINES)
    with subprocess.Popen(
        command, cwd=ROOT, env=environment, stdout=subprocess.PIPE, text=True
    ) as pip:
        for line in pip.stdout or ():
            last.append(line.rstrip())
            if re.search(r"Downloading .*\d [MG]B\)", line):
                print(f"  {line.strip()}", flush=True)
            elif line.startswith("Installing collected"):
                print(f"  Installing {line.count(',') + 1} packages", flush=True)
    if pip.returncode:
        print("The last lines of pip:", *last, sep="\n  ", file=sys.stderr)
        sys.exit("pip failed, for the reason it gives above. Mend that and run the command again.")


def wait_for(lock: TextIO) -> None:
    """Let one command at a time work on .venv."""
    try:
        fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        print("Another command is installing; waiting for it", flush=True)
        fcntl.flock(lock, fcntl.LOCK_EX)


def main() -> None:
    """Bring .venv to the state that the pinned packages describe."""
    stamp = STAMP.read_text() if STAMP.exists() else None
    present = version_of(PYTHON)
    version = "{}.{}".format(*sys.version_info)
    if stamp == key(version) and present == version:
        return
    if present == version and reusable(stamp):
        print("Updating .venv", flush=True)
    else:
        print(f"Making .venv with Python {version}; the first time takes minutes", flush=True)
        create()
    install()
    STAMP.write_text(key(version))


if __name__ == "__main__":
    with open(__file__) as lock:
        try:
            wait_for(lock)
            main()
        except KeyboardInterrupt:
            sys.exit("\nInterrupted. Run the command again to go on.")
        except (OSError, subprocess.CalledProcessError) as error:
            sys.exit(f"{error}\nMend that and run the command again.")
