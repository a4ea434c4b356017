"""The project's own files agree with one another: dependencies, commands, workflows, licences."""

from __future__ import annotations

import ast
import re
import subprocess
import sys
import tomllib
from collections.abc import Iterator
from importlib.metadata import metadata, packages_distributions, requires
from itertools import chain
from pathlib import Path

import pytest
import yaml
from packaging.requirements import Requirement
from packaging.specifiers import SpecifierSet
from packaging.utils import canonicalize_name
from packaging.version import Version

import helpers
from tools import constraints, environment
from tools.notebooks import chapter_names

ROOT = Path(__file__).resolve().parents[2]
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))
EXTRAS = PROJECT["project"]["optional-dependencies"]
PYTHONS = SpecifierSet(PROJECT["project"]["requires-python"])
MINORS = [minor for minor in range(30) if f"3.{minor}" in PYTHONS]
DECLARED = {
    canonicalize_name(requirement.name): requirement
    for requirement in map(Requirement, chain(PROJECT["project"]["dependencies"], *EXTRAS.values()))
}
BASE = {"numpy", "scipy", "torch"}
ROOMS_OF_THE_COURSE = {"_progress", "evidence", "experiments", "explorers", "plotting", "widgets"}
ON_REQUEST = {
    "audit": {"matplotlib", "pandas", "tqdm", "xarray"},
    "data": {"pooch", "requests"},
    "training": {"joblib"},
}
"""What other rooms import of the extra, inside functions: a figure, a table, a bar, a download."""
PINS = constraints.pins((ROOT / "constraints.txt").read_text("utf-8"))
WORKFLOWS = sorted((ROOT / ".github" / "workflows").glob("*.yml"))
MAKEFILE = (ROOT / "Makefile").read_text("utf-8")
GOALS = set(re.findall(r"^([a-z]+):", MAKEFILE, flags=re.M))
each_workflow = pytest.mark.parametrize("path", WORKFLOWS, ids=lambda path: path.name)


def exact(requirement: Requirement) -> str | None:
    """Return the version that a requirement pins exactly, or None."""
    (specifier,) = requirement.specifier or [None]
    is_exact = specifier and specifier.operator == "==" and "*" not in specifier.version
    return specifier.version if is_exact else None


# Dependencies


def test_every_constraint_is_one_exact_version() -> None:
    lines = [line for line in (ROOT / "constraints.txt").read_text("utf-8").splitlines() if line]
    assert len(PINS) == sum(not line.startswith("#") for line in lines)
    assert [name for name, requirement in PINS.items() if not exact(requirement)] == []


def test_every_declared_dependency_is_pinned_within_its_bounds() -> None:
    wrong = {
        name: PINS.get(name)
        for name, requirement in DECLARED.items()
        if name not in PINS or not requirement.specifier.contains(exact(PINS[name]))
    }
    assert wrong == {}


def torch_bounds() -> tuple[Version, Version]:
    """Return the oldest torch that the helpers accept, and the one that is too new for them."""
    bounds = {item.operator: Version(item.version) for item in DECLARED["torch"].specifier}
    assert set(bounds) == {">=", "<"}
    return bounds[">="], bounds["<"]


def test_helpers_need_numpy_scipy_a_range_of_torch_and_nothing_else() -> None:
    assert {Requirement(line).name for line in PROJECT["project"]["dependencies"]} == BASE
    oldest, too_new = torch_bounds()
    assert oldest <= Version(exact(PINS["torch"])) < too_new
    newest = f"{too_new.major}.{too_new.minor - 1}"
    for name in ("README.md", "book/how-to-use.md"):
        assert f"{oldest} or {newest}" in read(name)


def test_package_asks_for_no_more_than_that_without_extras() -> None:
    asked = map(Requirement, requires(PROJECT["project"]["name"]))
    plain = {item.name: item.specifier for item in asked if not item.marker}
    conditions = {str(item.marker) for item in map(Requirement, requires("good-start"))}
    assert conditions - {"None"} == {f'extra == "{extra}"' for extra in EXTRAS}
    assert set(plain) == BASE
    assert plain["torch"] == DECLARED["torch"].specifier


def test_constraints_are_what_is_installed() -> None:
    installed, elsewhere = constraints.needed()
    assert {name: exact(PINS[name]) for name in installed if name in PINS} == installed
    assert set(PINS) == {*installed, *elsewhere}
    idle = {name for name, pin in PINS.items() if pin.marker and not pin.marker.evaluate()}
    assert idle <= elsewhere


def test_pins_hold_on_other_pythons_and_beside_the_libraries_of_a_gpu(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    asked = {
        "good-start": ["torch", "overrides; python_version < '3'", "appnope; os_name == 'nt'"],
        "torch": ["sympy", "triton==3.7.1; platform_system == 'Linux'"],
        "sympy": ["torch; os_name == 'nt'"],
    }
    monkeypatch.setattr(constraints, "requires", asked.__getitem__)
    monkeypatch.setattr(constraints, "version", {"torch": "2.13.0+cu130", "sympy": "1"}.get)
    monkeypatch.setattr(constraints, "PYTHONS", ("2.7", "3.14"))
    assert constraints.needed() == ({"torch": "2.13.0", "sympy": "1"}, {"overrides", "appnope"})


def test_new_pins_are_those_installed_and_the_lines_of_other_platforms_stay(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    file = tmp_path / "constraints.txt"
    file.write_text("gone==1\nhere==1\nthere==3; os_name == 'nt'  # kept\n", "utf-8")
    monkeypatch.setattr(constraints, "FILE", file)
    monkeypatch.setattr(constraints, "needed", lambda: ({"here": "2"}, {"there", "unknown"}))
    constraints.main()
    assert file.read_text("utf-8") == f'{constraints.HEADER}here==2\nthere==3; os_name == "nt"\n'
    said = capsys.readouterr().out.splitlines()
    assert said[0] == "1 packages of this environment, 1 of others"
    assert said[1:] == ["without a pin, because it is not needed here: unknown"]


def test_every_pin_can_be_installed_on_every_python_that_the_course_supports() -> None:
    """Debian 12 has Python 3.11.2, and packages may exclude any release such as 3.14.1."""
    releases = [f"3.{minor}.{micro}" for minor in MINORS for micro in range(20)]
    installed, _ = constraints.needed()
    allowed = {name: SpecifierSet(metadata(name).get("Requires-Python", "")) for name in installed}
    wrong = {
        name: refused
        for name in installed
        if (refused := [release for release in releases if release not in allowed[name]])
    }
    assert wrong == {}


def test_build_system_is_pinned_as_well() -> None:
    for line in PROJECT["build-system"]["requires"]:
        requirement = Requirement(line)
        assert exact(requirement) == exact(PINS[canonicalize_name(requirement.name)])


def test_conda_environment_has_the_same_pins() -> None:
    conda = yaml.safe_load((ROOT / "environment.yml").read_text("utf-8"))
    python, pip, through_pip = conda["dependencies"]
    version = re.fullmatch(r"python=(\d+\.\d+)", python)
    assert version
    assert version[1] in PYTHONS
    assert pip == "pip"
    lines = through_pip["pip"]
    assert lines[-2:] == [
        "--constraint constraints.txt",
        f"--editable .[{','.join(sorted(EXTRAS))}]",
    ]
    assert all(line.startswith("--extra-index-url ") for line in lines[:-2])
    assert conda["name"] == PROJECT["project"]["name"]


def test_every_way_to_install_takes_all_extras() -> None:
    extras = set(EXTRAS)
    assert set(environment.EXTRAS.split(",")) == constraints.EXTRAS == extras
    for name in ("README.md", "book/how-to-use.md"):
        commands = re.findall(r"--constraint (\S+) --editable \"\.\[([\w,]+)\]\"", read(name))
        assert commands, name
        for file, chosen in commands:
            assert (ROOT / file).exists()
            assert set(chosen.split(",")) == extras


def test_every_place_names_the_same_pythons() -> None:
    low, high = min(MINORS), max(MINORS)
    script = read("tools/setup.sh")
    assert f"not (3, {low}) <= sys.version_info[:2] <= (3, {high})" in script
    names = [f"3.{minor}" for minor in MINORS]
    assert f"needs Python {', '.join(names[:-1])} or {names[-1]}." in script
    assert f"python3 {' '.join(f'python{name}' for name in reversed(names))};" in script
    assert list(constraints.PYTHONS) == names
    assert f"Python 3.{low} to 3.{high}" in read("README.md")


def imported(path: Path) -> set[str]:
    """Return the top-level names that a module imports."""
    nodes = list(ast.walk(ast.parse(path.read_text("utf-8"))))
    names = [alias.name for node in nodes if isinstance(node, ast.Import) for alias in node.names]
    names += [node.module for node in nodes if isinstance(node, ast.ImportFrom) if not node.level]
    return {name.split(".")[0] for name in names}


def sources() -> Iterator[Path]:
    """Find every Python file of the project."""
    for folder in ("src", "tests", "tools", "benchmarks", "book"):
        yield from (ROOT / folder).rglob("*.py")


def test_every_import_is_declared() -> None:
    own = {path.stem for path in sources()} | {path.parent.name for path in sources()}
    provided = packages_distributions()
    undeclared = {
        f"{path.relative_to(ROOT)}: {name}"
        for path in sources()
        for name in imported(path) - own - set(sys.stdlib_module_names)
        if not {canonicalize_name(package) for package in provided.get(name, [])} & set(DECLARED)
    }
    assert undeclared == set()


def test_helpers_need_the_extra_course_in_its_rooms_alone() -> None:
    house = ROOT / "src" / "helpers"
    needed = {
        path.relative_to(house).as_posix(): names
        for path in house.rglob("*.py")
        if (room := path.relative_to(house).parts[0].removesuffix(".py")) not in ROOMS_OF_THE_COURSE
        if (
            names := imported(path)
            - {"helpers", *BASE, *sys.stdlib_module_names, *ON_REQUEST.get(room, ())}
        )
    }
    assert needed == {}


# Commands


def read(name: str) -> str:
    """Read a file of the project."""
    return (ROOT / name).read_text("utf-8")


def test_help_lists_every_command() -> None:
    result = subprocess.run(
        ["make", "--no-print-directory"], cwd=ROOT, capture_output=True, text=True, check=True
    )
    assert set(re.findall(r"^  make (\w+) +\S", result.stdout, flags=re.M)) == GOALS
    (phony,) = re.findall(r"^\.PHONY: (.*)$", MAKEFILE, flags=re.M)
    assert set(phony.split()) == GOALS


@pytest.mark.parametrize("name", ["README.md", "CONTRIBUTING.md", "book/how-to-use.md"])
def test_every_command_in_the_text_exists(name: str) -> None:
    named = set(re.findall(r"(?:^|`|^    |\$ )make ([a-z]+)\b", read(name), flags=re.M))
    assert named
    assert named <= GOALS


def test_continuous_integration_runs_what_the_readme_says() -> None:
    lines = [line for line in read(".ci/run").splitlines() if line and not line.startswith("#")]
    assert lines[-1] == "exec make test"
    assert re.search(r"^    make test\b", read("README.md"), flags=re.M)


@pytest.mark.parametrize("command", [["check"], ["format", "--check"]], ids=lambda c: c[0])
def test_ruff_is_content(command: list[str]) -> None:
    result = subprocess.run(
        [sys.executable, "-m", "ruff", *command, "."],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=False,
    )
    assert result.returncode == 0, result.stdout + result.stderr


def test_every_limit_of_time_can_be_stretched() -> None:
    bare = {
        f"{path.relative_to(ROOT)}: {found}"
        for path in sources()
        for found in re.findall(r"(?<![\w-])timeout=\s*[\d_.]+", path.read_text("utf-8"))
    }
    assert bare == set()


# Workflows


def workflow(path: Path) -> dict:
    """Read a workflow; the key "on" is read as true by YAML 1.1."""
    content = yaml.safe_load(path.read_text("utf-8"))
    return content | {"on": content.pop(True)}


@each_workflow
def test_actions_are_pinned_by_commit(path: Path) -> None:
    used = re.findall(r"uses: +(.*)", path.read_text("utf-8"))
    assert used
    pinned = re.compile(
        r"[\w-]+/[\w-]+@[0-9a-f]{40} # v\d+\.\d+\.\d+|\./\.github/workflows/\w+\.yml"
    )
    assert [action for action in used if not pinned.fullmatch(action)] == []


def test_an_action_has_the_same_commit_everywhere() -> None:
    used = re.findall(r"uses: +([\w-]+/[\w-]+)@(.*)", "\n".join(map(Path.read_text, WORKFLOWS)))
    assert len(set(used)) == len({action for action, _ in used})


@each_workflow
def test_workflow_is_bounded(path: Path) -> None:
    content = workflow(path)
    assert content["permissions"] == {"contents": "read"}
    assert content["concurrency"]["group"]
    for name, job in content["jobs"].items():
        assert "uses" in job or job["timeout-minutes"] <= 60, name
        for step in job.get("steps", []):
            if step.get("uses", "").startswith("actions/checkout@"):
                assert step["with"]["persist-credentials"] is False


def test_pushes_and_pull_requests_are_tested_on_supported_pythons() -> None:
    test, deploy = (
        workflow(ROOT / ".github" / "workflows" / f"{name}.yml") for name in ("test", "deploy")
    )
    assert {"push", "pull_request", "workflow_call"} == set(test["on"])
    assert test["on"]["push"] == {"branches-ignore": deploy["on"]["push"]["branches"]}
    versions = test["jobs"]["test"]["strategy"]["matrix"]["python-version"]
    supported = [f"3.{minor}" for minor in MINORS]
    assert {supported[0], supported[-1]} <= set(versions) <= set(supported)
    assert test["jobs"]["test"]["steps"][-1]["run"] == "bash .ci/run"


def test_the_oldest_and_the_newest_torch_are_tested() -> None:
    job = workflow(ROOT / ".github" / "workflows" / "test.yml")["jobs"]["torch"]
    ends = job["strategy"]["matrix"]["include"]
    first, last = (Version(end["torch"]) for end in ends)
    assert [end["python-version"] for end in ends] == [f"3.{MINORS[0]}", f"3.{MINORS[-1]}"]
    oldest, too_new = torch_bounds()
    assert first == oldest
    assert (last.major, last.minor + 1) == (too_new.major, too_new.minor)
    commands = [step["run"] for step in job["steps"] if "run" in step]
    (replaced,) = re.findall(r's/(.*?)/torch==\$\{\{ matrix\.torch \}\}/"', commands[0])
    assert re.findall(replaced, read("constraints.txt"), flags=re.M) == [str(PINS["torch"])]
    tested = re.findall(r"tests/\S+", commands[-1])
    assert tested
    assert [path for path in tested if not (ROOT / path).exists()] == []


def test_links_and_newest_releases_are_tried_every_week() -> None:
    weekly = workflow(ROOT / ".github" / "workflows" / "weekly.yml")
    (entry,) = weekly["on"]["schedule"]
    assert re.fullmatch(r"\d+ \d+ \* \* [0-6]", entry["cron"])
    links, newest = (
        [step["run"] for step in weekly["jobs"][name]["steps"] if "run" in step]
        for name in ("links", "newest")
    )
    assert links[-1].endswith("--builder linkcheck")
    assert f'".[{",".join(sorted(EXTRAS))}]"' in newest[0]
    assert not any("constraint" in command for command in newest)
    tested = re.findall(r"(?<= )(?:tests|chapters)\S*", newest[-1])
    assert [path for path in tested if not (ROOT / path).exists()] == []


def test_only_what_passed_its_tests_is_published() -> None:
    jobs = workflow(ROOT / ".github" / "workflows" / "deploy.yml")["jobs"]
    assert jobs["test"]["uses"] == "./.github/workflows/test.yml"
    assert set(jobs["deploy"]["needs"]) == {"test", "build"}
    assert jobs["copies"]["needs"] == "test"
    assert jobs["build"]["steps"][-1]["with"]["path"] == "_build/html"
    assert jobs["build"]["steps"][-2]["run"] == "make pdf epub"
    allowed = {name: job["permissions"] for name, job in jobs.items() if "permissions" in job}
    assert allowed.keys() == {"deploy", "copies"}
    assert allowed["copies"] == {"contents": "write"}


# Text


def test_table_of_contents_lists_every_chapter_and_no_other_file() -> None:
    toc = yaml.safe_load(read("_toc.yml"))
    files = [chapter["file"] for part in toc["parts"] for chapter in part["chapters"]]
    missing = [
        f for f in files if not any((ROOT / f"{f}{end}").exists() for end in (".md", ".ipynb"))
    ]
    assert missing == []
    assert sorted(f for f in files if f.startswith("chapters/")) == [
        f"chapters/{name}" for name in chapter_names()
    ]


def test_readme_lists_every_chapter() -> None:
    linked = re.findall(r"\]\(chapters/(.*?)\.ipynb\)", read("README.md"))
    assert sorted(linked) == chapter_names()


@pytest.mark.parametrize("name", ["README.md", "CONTRIBUTING.md"])
def test_links_between_files_resolve(name: str) -> None:
    links = re.findall(r"\]\(([^)#:]+)\)", read(name))
    assert [link for link in links if not (ROOT / link).exists()] == []


def test_citation_and_the_epub_name_this_version() -> None:
    citation = yaml.safe_load(read("CITATION.cff"))
    settings = yaml.safe_load(read("_config.yml"))["sphinx"]["config"]
    assert citation["version"] == settings["version"] == helpers.__version__
    assert citation["title"] == f"{settings['epub_title']}: {settings['epub_description'].lower()}"
    assert citation["authors"] == [{"name": "The Good Start authors"}]
    assert citation["license"] == ["MIT", "CC-BY-4.0"]


TERMS = {
    "mnist": ("Attribution-ShareAlike 3.0", "MNIST", "CC BY-SA 3.0", "CC-BY-SA-3.0"),
    "japanese_vowels": ("Attribution 4.0", "Japanese Vowels", "CC BY 4.0", "CC-BY-4.0"),
    "names": ("public domain", "Names", "public domain", "LicenseRef-Public-Domain"),
    "cifar10": ("state no licence", "CIFAR-10, a tenth", "none stated", "LicenseRef-CIFAR-10"),
}
"""Of each folder of data: its terms in LICENSE, its row of the page and its terms there, and in the
package's metadata."""


def test_terms_of_all_data_that_are_shipped_are_known() -> None:
    folders = (ROOT / "src/helpers/data/files").iterdir()
    assert {path.name for path in folders} == set(TERMS)


@pytest.mark.parametrize("folder", TERMS)
def test_licence_page_and_metadata_agree_on_the_terms_of_data(folder: str) -> None:
    in_licence, row, on_page, in_metadata = TERMS[folder]
    (paragraph,) = re.findall(rf"(?m)^- {folder}/: (?:.+\n)(?:  .+\n)*", read("LICENSE"))
    assert in_licence in " ".join(paragraph.split())
    (cells,) = re.findall(rf"(?m)^\| {row} \|(.*)\|$", read("book/data.md"))
    assert cells.split("|")[-1].strip().startswith(on_page)
    assert in_metadata in PROJECT["project"]["license"].split(" AND ")


def test_the_package_names_no_other_terms_than_those_of_its_code_and_data() -> None:
    declared = PROJECT["project"]["license"]
    assert set(declared.split(" AND ")) == {"MIT", *(terms[-1] for terms in TERMS.values())}
    assert metadata("good-start")["License-Expression"] == declared
    assert "LICENSE" in metadata("good-start").get_all("License-File")


def test_licence_holds_both_texts() -> None:
    text = " ".join(read("LICENSE").split())
    assert "Permission is hereby granted, free of charge" in text
    assert "Creative Commons Attribution 4.0 International Public License" in text
    assert "Creative Commons may be contacted at creativecommons.org." in text


def test_a_citation_reads_as_author_and_year_where_nothing_resolves_it() -> None:
    # JupyterLab shows the key itself: "He-et-al-2015".
    keys = re.findall(r"^@\w+\{(.*),$", (ROOT / "book" / "references.bib").read_text("utf-8"), re.M)
    assert len(keys) > 100
    assert [key for key in keys if not re.fullmatch(r"\w+(-\w+)*-(19|20)\d\d(-[a-z]+)?", key)] == []
