"""The tools behind make: execution and storage of notebooks, the environment, the server."""

from __future__ import annotations

import base64
import copy
import io
import json
import os
import shutil
import signal
import subprocess
import sys
import threading
import time
import tomllib
import urllib.request
from collections.abc import Callable
from pathlib import Path

import nbformat
import numpy as np
import pytest
from nbformat import v4
from PIL import Image, ImageDraw

from tools import environment, notebooks, serve
from tools.execution import CELL_TIMEOUT, read
from tools.patience import patience
from tools.pictures import keep_pictures, same_picture

ROOT = Path(__file__).resolve().parents[2]


# Notebooks


@pytest.fixture
def chapter(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Callable[..., Path]:
    """Write a chapter named "part/page" with these code cells and return its file."""
    monkeypatch.setattr(notebooks, "CHAPTERS", tmp_path)
    monkeypatch.setattr(notebooks.chapter_path, "__defaults__", (tmp_path,))
    monkeypatch.setattr(notebooks.chapter_names, "__defaults__", (tmp_path,))

    def write(*sources: str) -> Path:
        path = tmp_path / "part" / "page.ipynb"
        path.parent.mkdir(exist_ok=True)
        cells = [v4.new_code_cell(source) for source in sources]
        cells[0].metadata = {"tags": ["hide-input"], "ExecuteTime": {"start_time": "2026-01-01"}}
        nbformat.write(v4.new_notebook(cells=cells), path)
        return path

    return write


def test_a_cell_may_take_as_long_under_nbval_as_when_it_is_stored() -> None:
    options = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))["tool"]["pytest"]
    assert f"--nbval-cell-timeout={CELL_TIMEOUT}" in options["ini_options"]["addopts"]


@pytest.mark.parametrize("minor", [2, 5, 9])
def test_a_notebook_is_read_in_one_format(minor: int, tmp_path: Path) -> None:
    cell = {"cell_type": "markdown", "metadata": {}, "source": "# A"}
    raw = {"cells": [cell], "metadata": {}, "nbformat": 4, "nbformat_minor": minor}
    (tmp_path / "page.ipynb").write_text(json.dumps(raw))
    notebook = read(tmp_path / "page.ipynb")
    assert (notebook.nbformat, notebook.nbformat_minor) == (4, 5)
    assert notebook.cells[0].id == "cell-00"


def test_stored_notebook_is_normal_and_a_second_run_changes_nothing(
    chapter: Callable[..., Path], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("COURSE_SEED", "7")
    seed = "print(os.environ.get('COURSE_SEED'))"
    path = chapter(f"import os\n{seed}\nprint(os.path.basename(os.getcwd()))", "2", "", "3;")
    assert notebooks.main(["store", "part/page"]) == 0
    first = path.read_bytes()
    notebook = read(path)
    assert [cell.execution_count for cell in notebook.cells] == [1, 2, None, 3]
    assert notebook.cells[0].outputs == [
        {"name": "stdout", "output_type": "stream", "text": "None\npart\n"}
    ]
    assert notebook.cells[1].outputs[0].data == {"text/plain": "2"}
    assert notebook.metadata == notebooks.NOTEBOOK_METADATA
    assert notebook.cells[0].metadata == {"tags": ["hide-input"]}
    assert notebooks.main(["store"]) == 0
    assert path.read_bytes() == first


def test_folded_cells_are_stored_folded_and_a_second_run_changes_nothing(
    chapter: Callable[..., Path],
) -> None:
    path = chapter("# Set up\nx = 1", "x")
    notebook = read(path)
    notebook.cells[0].metadata = {"tags": ["hide-input"]}
    nbformat.write(notebook, path)
    assert notebooks.main(["store", "part/page"]) == 0
    first = path.read_bytes()
    hidden, visible = read(path).cells
    assert hidden.metadata == {
        "tags": ["hide-input"],
        "jupyter": {"source_hidden": True},
        "mystnb": {"code_prompt_show": "Set up"},
    }
    assert visible.metadata == {}
    assert notebooks.main(["store", "part/page"]) == 0
    assert path.read_bytes() == first


FIGURE = {"image": {"alt": "A line"}, "figure": {"name": "fig-a", "caption": "It rises."}}
FOLDED = {"tags": ["hide-input"], "jupyter": {"source_hidden": True}}


@pytest.mark.parametrize(
    ("source", "before", "after"),
    [
        ("# A\nf()", {"tags": ["hide-input"]}, FOLDED | {"mystnb": {"code_prompt_show": "A"}}),
        (
            "# A\nf()",
            {"tags": ["hide-input"], "mystnb": FIGURE},
            FOLDED | {"mystnb": {"code_prompt_show": "A"} | FIGURE},
        ),
        (
            "# Another label\nf()",
            FOLDED | {"mystnb": {"code_prompt_show": "A"} | FIGURE},
            FOLDED | {"mystnb": {"code_prompt_show": "Another label"} | FIGURE},
        ),
        (
            "# A\nf()",
            {"tags": ["hide-input"], "jupyter": {"source_hidden": False, "outputs_hidden": True}},
            FOLDED | {"mystnb": {"code_prompt_show": "A"}},
        ),
        ("# A\nf()", FOLDED | {"tags": [], "mystnb": {"code_prompt_show": "A"}}, {"tags": []}),
        ("# A\nf()", {"jupyter": {"source_hidden": True}}, {}),
        ("# A\nf()", {"mystnb": {"code_prompt_show": "A"} | FIGURE}, {"mystnb": FIGURE}),
        ("f()", FOLDED | {"mystnb": {"code_prompt_show": "A"}}, {"tags": ["hide-input"]}),
        ("# A\nf()", {}, {}),
    ],
)
def test_a_cell_is_folded_by_its_tag_and_its_label(source: str, before: dict, after: dict) -> None:
    cell = v4.new_code_cell(source, metadata=copy.deepcopy(before))
    for _ in range(2):
        notebooks.fold(cell)
        assert cell.metadata == after


def test_failing_cell_leaves_the_notebook_and_shows_the_cell(
    chapter: Callable[..., Path], capfd: pytest.CaptureFixture[str]
) -> None:
    path = chapter("x = 0", "1 / x")
    before = path.read_bytes()
    assert notebooks.main(["store", "part/page"]) == 1
    said = capfd.readouterr().err
    assert path.read_bytes() == before
    assert list(path.parent.iterdir()) == [path]
    for part in ("1 / x", "ZeroDivisionError", "cell 2 of 2", "part/page: NOT stored"):
        assert part in said


@pytest.mark.parametrize("command", [["store"], ["robust", "--seeds", "1", "2"]])
def test_control_c_stops_at_once_and_stores_nothing(command: list[str], tmp_path: Path) -> None:
    shutil.copytree(ROOT / "tools", tmp_path / "tools")
    path = tmp_path / "chapters" / "part" / "page.ipynb"
    path.parent.mkdir(parents=True)
    wait = "import time\nopen('started', 'w')\ntime.sleep(600)"
    nbformat.write(v4.new_notebook(cells=[v4.new_code_cell(wait)]), path)
    before = path.read_bytes()
    with subprocess.Popen(
        [sys.executable, "-m", "tools.notebooks", *command],
        cwd=tmp_path,
        start_new_session=True,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.PIPE,
        text=True,
    ) as program:
        until = time.monotonic() + patience(120)
        while not (path.parent / "started").exists() and time.monotonic() < until:
            time.sleep(0.1)
        os.killpg(program.pid, signal.SIGINT)
        _, said = program.communicate(timeout=patience(60))
    assert said.strip() == "Stopped. Notebooks that were not finished are as they were."
    assert program.returncode == 1
    assert path.read_bytes() == before


def test_a_notebook_that_cannot_be_replaced_is_as_it_was_and_nothing_lies_beside_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "page.ipynb"
    notebooks.write(v4.new_notebook(), path)
    before = path.read_bytes()

    def full(self: Path, target: Path) -> None:
        raise OSError("no space left")

    monkeypatch.setattr(Path, "replace", full)
    with pytest.raises(OSError, match="no space left"):
        notebooks.write(v4.new_notebook(cells=[v4.new_code_cell("1")]), path)
    assert path.read_bytes() == before
    assert list(tmp_path.iterdir()) == [path]


def test_robust_names_the_seed_and_the_claim_and_stores_nothing(
    chapter: Callable[..., Path],
    capfd: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("COURSE_SEED", "7")
    fails = "assert os.environ['COURSE_SEED'] != '2', '{}: not so'"
    path = chapter("import os", fails.format("S1-26"), fails.format("S1-27"))
    before = path.read_bytes()
    assert notebooks.main(["robust", "--seeds", "1", "2"]) == 1
    said = capfd.readouterr().out
    assert "pass  seed 1  part/page" in said
    assert "FAIL  seed 2  part/page" in said
    assert "cell 2: AssertionError: S1-26: not so" in said
    assert "cell 3: AssertionError: S1-27: not so" in said
    assert "1 of 2 runs" in said
    assert path.read_bytes() == before
    assert notebooks.main(["robust", "--seeds", "1"]) == 0


def test_an_error_that_is_meant_is_no_failure() -> None:
    error = v4.new_output("error", ename="ValueError", evalue="so", traceback=[])
    meant = v4.new_code_cell("f()", outputs=[error], metadata={"tags": ["raises-exception"]})
    other = v4.new_code_cell("f()", outputs=[error])
    notebook = v4.new_notebook(cells=[v4.new_markdown_cell("# A"), meant, other])
    assert notebooks.failures(notebook) == ["cell 3: ValueError: so"]


@pytest.mark.parametrize(("failed", "status"), [(0, 0), (1, 1), (256, 1)])
def test_the_exit_status_is_no_count(
    failed: int, status: int, chapter: Callable[..., Path], monkeypatch: pytest.MonkeyPatch
) -> None:
    chapter("1")
    monkeypatch.setattr(notebooks, "store", lambda names: failed)
    monkeypatch.setattr(notebooks, "robust", lambda names, seeds: failed)
    assert notebooks.main(["store"]) == notebooks.main(["robust", "--seeds", "1"]) == status


def test_copies_in_hidden_folders_are_no_chapters(tmp_path: Path) -> None:
    for name in ("b/two", "a/one", "a/.ipynb_checkpoints/one-checkpoint"):
        (tmp_path / f"{name}.ipynb").parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / f"{name}.ipynb").touch()
    assert notebooks.chapter_names(tmp_path) == ["a/one", "b/two"]


def test_unknown_chapter_is_refused_with_a_list(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(ValueError, match=r"(?s)'a/won'.*Did you mean 'a/one'\?.*a/one\n  b/two"):
        notebooks.select(["a/won"], ["a/one", "b/two"])
    with pytest.raises(ValueError, match="Did you mean 'a/one'"):
        notebooks.select(["A/ONE"], ["a/one", "b/two"])
    assert notebooks.main(["store", "no/such"]) == 2
    assert "There is no chapter 'no/such'" in capsys.readouterr().err


@pytest.mark.parametrize("form", ["a/one", "chapters/a/one", "./chapters/a/one.ipynb", "a/one "])
def test_chapter_can_be_named_by_its_file(form: str) -> None:
    assert notebooks.select([form], ["a/one", "b/two"]) == ["a/one"]
    assert notebooks.select([], ["a/one", "b/two"]) == ["a/one", "b/two"]


def png(
    shift: float = 0.0,
    label: str = "0.31",
    noise: int = 0,
    size: tuple[int, int] = (300, 200),
    paper: str = "#ffffff",
) -> str:
    """Draw a curve and a label, and return the PNG in base64."""
    large = Image.new("RGB", (size[0] * 8, size[1] * 8), paper)
    x = np.linspace(0, large.width, 400)
    y = large.height / 2 + 600 * np.sin(x / 300) + 8 * shift
    ImageDraw.Draw(large).line(list(zip(x, y, strict=True)), fill="black", width=12)
    image = large.resize(size, Image.Resampling.BOX)
    ImageDraw.Draw(image).text((20, 20), label, fill="black")
    pixels = np.asarray(image).astype(int)
    pixels = np.clip(
        pixels + np.random.default_rng(0).integers(-noise, noise + 1, pixels.shape), 0, 255
    )
    buffer = io.BytesIO()
    Image.fromarray(pixels.astype(np.uint8)).save(buffer, "png")
    return base64.b64encode(buffer.getvalue()).decode()


@pytest.mark.parametrize(
    ("changes", "same"),
    [
        ({}, True),
        ({"noise": 1}, True),
        ({"shift": 0.0001}, True),
        ({"paper": "#feffff"}, True),
        ({"paper": "#fcffff"}, False),
        ({"shift": 1.0}, False),
        ({"label": "0.37"}, False),
        ({"label": "0.31."}, False),
        ({"size": (301, 200)}, False),
    ],
)
def test_pictures_are_the_same_up_to_rounding_only(changes: dict, same: bool) -> None:
    assert same_picture(png(), png(**changes)) is same


@pytest.mark.parametrize("last", [np.s_[-1], np.s_[:, -1]], ids=["row", "column"])
def test_a_change_at_the_border_counts_as_much_as_one_within(last: object) -> None:
    def picture(level: int) -> str:
        pixels = np.full((17, 17), 128, np.uint8)  # one more than two blocks
        pixels[last] += level
        buffer = io.BytesIO()
        Image.fromarray(pixels).save(buffer, "png")
        return base64.b64encode(buffer.getvalue()).decode()

    assert same_picture(picture(0), picture(1))
    assert not same_picture(picture(0), picture(3))


def test_stored_picture_is_kept_where_the_new_one_looks_the_same() -> None:
    def notebook(*pictures: str) -> nbformat.NotebookNode:
        outputs = [v4.new_output("display_data", {"image/png": picture}) for picture in pictures]
        return v4.new_notebook(cells=[v4.new_code_cell("draw()", id="draw", outputs=outputs)])

    stored, fresh = notebook(png(), png()), notebook(png(noise=1), png(label="0.99"))
    keep_pictures(fresh, stored)
    first, second = (output.data["image/png"] for output in fresh.cells[0].outputs)
    assert first == png()
    assert second == png(label="0.99")


def test_widget_state_is_not_stored() -> None:
    view = {notebooks.WIDGET_VIEW: {"model_id": "1"}, "text/plain": "Explorer"}
    shown = v4.new_output("display_data", view, metadata={notebooks.WIDGET_VIEW: {}})
    cell = v4.new_code_cell("explore()", outputs=[shown])
    notebook = v4.new_notebook(cells=[cell], metadata={"widgets": {"state": {}}})
    notebooks.normalise(notebook)
    assert notebook.cells[0].outputs[0].data == {"text/plain": "Explorer"}
    assert notebook.cells[0].outputs[0].metadata == {}
    assert "widgets" not in notebook.metadata


# The environment


@pytest.fixture
def course(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """A course in a folder of its own, whose .venv is made and filled in name only."""
    root = tmp_path / "a course"
    root.mkdir()
    for name in ("pyproject.toml", "setup.py", "constraints.txt"):
        (root / name).write_text("one")
    done: list[str] = []
    monkeypatch.setattr(environment, "ROOT", root)
    monkeypatch.setattr(environment, "VENV", root / ".venv")
    monkeypatch.setattr(environment, "PYTHON", root / ".venv" / "python")
    monkeypatch.setattr(environment, "STAMP", root / ".venv" / "course-stamp")
    here = "{}.{}".format(*environment.sys.version_info)
    monkeypatch.setattr(environment, "version_of", lambda path: here if path.exists() else None)
    monkeypatch.setattr(environment, "pip_works", lambda: (root / ".venv" / "pip").exists())

    def create() -> None:
        (root / ".venv").mkdir(exist_ok=True)
        for name in ("python", "pip"):
            (root / ".venv" / name).touch()
        done.append("create")

    def install() -> None:
        environment.STAMP.write_text(environment.UNFINISHED)
        done.append("install")

    monkeypatch.setattr(environment, "create", create)
    monkeypatch.setattr(environment, "install", install)
    environment.main()
    assert done == ["create", "install"]
    done.clear()
    return done


def test_nothing_is_installed_twice(course: list[str]) -> None:
    environment.main()
    assert course == []


@pytest.mark.parametrize("name", ["pyproject.toml", "setup.py", "constraints.txt"])
def test_changed_pins_are_installed_into_the_same_place(course: list[str], name: str) -> None:
    (environment.ROOT / name).write_text("two")
    environment.main()
    environment.main()
    assert course == ["install"]


def test_packages_of_a_python_that_was_replaced_in_its_place_are_installed_anew(
    course: list[str],
) -> None:
    version = "{}.{}".format(*environment.sys.version_info)
    stamp = environment.STAMP.read_text()
    environment.STAMP.write_text(stamp.replace(f"\n{version}\n", "\n3.1\n"))
    environment.main()
    assert course == ["install"]


def damage_by_interruption() -> None:
    environment.install()


def damage_by_moving() -> None:
    environment.STAMP.write_text(environment.STAMP.read_text().replace("a course", "elsewhere"))


def damage_by_renaming() -> None:
    environment.STAMP.write_text(environment.STAMP.read_text().replace("a course", "a course, too"))


def damage_by_a_link() -> None:
    (environment.ROOT / "constraints.txt").write_text("two")
    elsewhere = environment.VENV.rename(environment.ROOT / "elsewhere")
    environment.VENV.symlink_to(elsewhere)


def damage_to_pip() -> None:
    (environment.VENV / "pip").unlink()
    (environment.ROOT / "constraints.txt").write_text("two")


def damage_to_python() -> None:
    environment.PYTHON.unlink()


def damage_by_another_python() -> None:
    text = environment.STAMP.read_text().splitlines()
    environment.STAMP.write_text("\n".join([text[0], "3.99", *text[2:]]) + "\n")
    environment.PYTHON.unlink()


@pytest.mark.parametrize(
    "damage",
    [
        damage_by_interruption,
        damage_by_moving,
        damage_by_renaming,
        damage_by_a_link,
        damage_to_pip,
        damage_to_python,
        damage_by_another_python,
    ],
)
def test_damaged_environment_is_made_anew(course: list[str], damage: Callable[[], None]) -> None:
    damage()
    course.clear()
    environment.main()
    assert course == ["create", "install"]
    environment.main()
    assert course == ["create", "install"]


def test_environment_that_somebody_else_made_is_used(course: list[str]) -> None:
    environment.STAMP.unlink()
    environment.main()
    assert course == ["install"]


def test_a_folder_that_is_mounted_is_emptied_and_not_replaced(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    venv = tmp_path / ".venv"
    (venv / "lib").mkdir(parents=True)
    (venv / "lib" / "old.py").touch()
    (tmp_path / "kept").touch()
    (venv / "link").symlink_to(tmp_path / "kept")
    before = venv.stat().st_ino
    monkeypatch.setattr(environment, "VENV", venv)
    monkeypatch.setattr(environment, "STAMP", venv / "course-stamp")
    monkeypatch.setattr(environment.subprocess, "run", lambda *_, **__: None)
    environment.create()
    assert venv.stat().st_ino == before
    assert [path.name for path in venv.iterdir()] == ["course-stamp"]
    assert (tmp_path / "kept").exists()


def test_where_pip_fails_its_last_lines_are_shown(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> None:
    pip = tmp_path / "python"
    pip.write_text("#!/bin/sh\nseq 1 30\necho The conflict is caused by: a\nexit 1\n")
    pip.chmod(0o755)
    monkeypatch.setattr(environment, "ROOT", tmp_path)
    monkeypatch.setattr(environment, "PYTHON", pip)
    monkeypatch.setattr(environment, "STAMP", tmp_path / "course-stamp")
    with pytest.raises(SystemExit, match="pip failed"):
        environment.install()
    said = capfd.readouterr().err.splitlines()
    assert said[-1] == "  The conflict is caused by: a"
    assert said[0] == "The last lines of pip:"
    assert "  30" in said
    assert "  1" not in said
    assert environment.STAMP.read_text() == environment.UNFINISHED


def setup(folder: Path, **variables: str) -> subprocess.CompletedProcess[str]:
    """Run tools/setup.sh with nothing on the path but a folder and the basic commands."""
    for name in ("dirname", "cat"):
        (folder / name).symlink_to(
            f"/bin/{name}" if Path(f"/bin/{name}").exists() else f"/usr/bin/{name}"
        )
    command = ["/bin/sh", str(folder / "course" / "tools" / "setup.sh")]
    path = {"PATH": str(folder)}
    return subprocess.run(
        command, env=path | variables, capture_output=True, text=True, check=False
    )


@pytest.fixture
def machine(tmp_path: Path) -> Callable[..., Path]:
    """Make a folder with a copy of setup.sh, and Pythons of some versions that run nothing."""
    tools = tmp_path / "course" / "tools"
    tools.mkdir(parents=True)
    (tools / "setup.sh").write_text((ROOT / "tools" / "setup.sh").read_text())

    def add(name: str, version: tuple[int, int, int], venv: bool = True) -> Path:
        major, minor, _ = version
        fits = int(not (3, 11) <= (major, minor) <= (3, 14))
        stub = tmp_path / name
        stub.write_text(
            '#!/bin/sh\ncase "$*" in\n'
            f'*"sys.exit(not "*) exit {fits};;\n'
            f'*"import ensurepip"*) exit {int(not venv)};;\n'
            f'*"print("*) echo {".".join(map(str, version))};;\n'
            f'*) echo "{name} runs $*";;\nesac\n'
        )
        stub.chmod(0o755)
        return stub

    return add


def test_first_python_that_fits_is_taken(machine: Callable[..., Path], tmp_path: Path) -> None:
    machine("python3", (3, 8, 18))
    machine("python3.13", (3, 13, 0), venv=False)
    machine("python3.12", (3, 12, 1))
    machine("python3.11", (3, 11, 7))
    result = setup(tmp_path)
    assert (result.returncode, result.stdout) == (0, "python3.12 runs tools/environment.py\n")


def test_message_says_what_is_needed_and_what_was_found(
    machine: Callable[..., Path], tmp_path: Path
) -> None:
    machine("python3", (3, 8, 18))
    machine("python3.12", (3, 12, 1), venv=False)
    result = setup(tmp_path)
    assert result.returncode == 1
    for part in (
        "needs Python 3.11, 3.12, 3.13 or 3.14",
        "python3 is Python 3.8.18\n",
        "python3.12 is Python 3.12.1 without its venv module",
        "sudo apt install python3.12-venv",
        "make book PYTHON=/path/to/python3.12",
    ):
        assert part in result.stderr


def test_named_python_is_the_only_one(machine: Callable[..., Path], tmp_path: Path) -> None:
    machine("python3", (3, 12, 1))
    old = machine("old python", (3, 10, 0))
    result = setup(tmp_path, PYTHON=str(old))
    assert result.returncode == 1
    assert f"{old} is Python 3.10.0" in result.stderr


@pytest.mark.parametrize("named", ["", "python9"])
def test_no_python_at_all(tmp_path: Path, machine: Callable[..., Path], named: str) -> None:
    result = setup(tmp_path, PYTHON=named)
    assert result.returncode == 1
    assert (f"{named} does not run" if named else "no Python at all") in result.stderr


# The server


def test_server_listens_on_loopback_and_evades_a_taken_port(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "index.html").write_text("the course")
    monkeypatch.setattr(serve, "SITE", tmp_path)
    with serve.open_server(0) as first, serve.open_server(first.server_port) as second:
        assert second.server_port != first.server_port
        assert {first.server_address[0], second.server_address[0]} == {"127.0.0.1"}
        threading.Thread(target=second.serve_forever, daemon=True).start()
        with urllib.request.urlopen(f"http://127.0.0.1:{second.server_port}/") as answer:
            assert answer.read() == b"the course"
        second.shutdown()


@pytest.mark.parametrize(("text", "port"), [("0", 0), ("8000", 8000), ("65535", 65535)])
def test_a_port_is_a_number(text: str, port: int) -> None:
    assert serve.port_number(text) == port


@pytest.mark.parametrize("text", ["abc", "", "-1", "80.5", "65536", "²", "99999999"])
def test_another_port_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match=rf"0 to 65535; got '{text}'"):
        serve.port_number(text)


def test_server_needs_a_site(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(serve, "SITE", tmp_path)
    with pytest.raises(SystemExit, match="run make book"):
        serve.main(0)
