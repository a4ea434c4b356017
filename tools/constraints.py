"""Write constraints.txt: the exact version of every package that the course needs.

    .venv/bin/python -m tools.constraints

The versions are those installed in this environment. Packages that are needed on another platform
or another Python only cannot be seen here; their lines, with their markers, are kept as they are.
To move to newer versions, delete the lines in question, run "make setup", then this command.
"""

from __future__ import annotations

from importlib.metadata import PackageNotFoundError, requires, version
from pathlib import Path

from packaging.markers import Marker
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name
from packaging.version import Version

from tools.files import write_whole

FILE = Path(__file__).resolve().parents[1] / "constraints.txt"
PROJECT = "good-start"
EXTRAS = {"book", "course", "lab", "test"}
SYSTEMS = [("linux", "Linux", "posix"), ("darwin", "Darwin", "posix"), ("win32", "Windows", "nt")]
PYTHONS = ("3.11", "3.12", "3.13", "3.14")
HEADER = """\
# The exact version of every package that the course installs, on every platform.
# Written by tools/constraints.py; its docstring says how to change it.
# PyTorch's Linux build pins its CUDA libraries itself.
"""


def somewhere(marker: Marker) -> bool:
    """Say whether a requirement applies on some platform and Python that the course runs on."""
    return any(
        marker.evaluate(
            {
                "sys_platform": platform,
                "platform_system": system,
                "os_name": family,
                "python_version": python,
                "python_full_version": f"{python}.0",
                "extra": "",
            }
        )
        for platform, system, family in SYSTEMS
        for python in PYTHONS
    )


def needed() -> tuple[dict[str, str], set[str]]:
    """Follow the requirements of the course through what is installed.

    Returns
    -------
    installed : dict
        Name and public version of every package needed here.
    elsewhere : set of str
        Names that are required only on another platform or another Python.
    """
    installed: dict[str, str] = {}
    elsewhere: set[str] = set()
    waiting = [(PROJECT, frozenset(EXTRAS))]
    seen = set()
    while waiting:
        name, extras = item = waiting.pop()
        if item in seen:
            continue
        seen.add(item)
        for text in requires(name) or []:
            requirement = Requirement(text)
            other = canonicalize_name(requirement.name)
            marker = requirement.marker
            if name == "torch" and marker:  # the CUDA libraries, which its Linux build pins
                continue
            if marker and not any(marker.evaluate({"extra": extra}) for extra in extras or {""}):
                if somewhere(marker):
                    elsewhere.add(other)
                continue
            installed[other] = Version(version(other)).public
            waiting.append((other, frozenset(requirement.extras)))
    return installed, elsewhere - set(installed)


def pins(text: str) -> dict[str, Requirement]:
    """Read the lines of a constraints file, by package name."""
    lines = (line.split("#")[0].strip() for line in text.splitlines())
    found = (Requirement(line) for line in lines if line)
    return {canonicalize_name(requirement.name): requirement for requirement in found}


def main() -> None:
    """Write the file."""
    installed, elsewhere = needed()
    lines = {name: f"{name}=={number}" for name, number in installed.items()}
    old = pins(FILE.read_text(encoding="utf-8")) if FILE.exists() else {}
    kept = {name: str(old[name]) for name in elsewhere if name in old}
    lines |= kept
    write_whole(FILE, HEADER + "\n".join(lines[name] for name in sorted(lines)) + "\n")
    print(f"{len(installed)} packages of this environment, {len(kept)} of others")
    for name in sorted(elsewhere - set(kept)):
        print(f"without a pin, because it is not needed here: {name}")


if __name__ == "__main__":
    try:
        main()
    except PackageNotFoundError as error:
        raise SystemExit(f"{error.name} is not installed. Run make setup first.") from None
