"""The audit's command: what it prints where, and its exit status, whatever happens."""

from __future__ import annotations

import fcntl
import json
import os
import pty
import re
import signal
import struct
import subprocess
import sys
import termios
import tomllib
from collections.abc import Iterator, Mapping
from functools import partial
from pathlib import Path

import pytest

from helpers.audit import command
from helpers.audit.report.report import SCHEMA
from tools.patience import patience

ROOT = Path(__file__).resolve().parents[2]

FACTORIES = r"""
import os, sys, time, torch
from torch import nn

def sound():
    torch.manual_seed(0)
    return nn.Linear(32, 5), torch.randn(8, 32)

def with_loss():
    model, batch = sound()
    return model, (batch,), lambda output: output.square().mean()

def zeros():
    model = nn.Sequential(nn.Linear(32, 8), nn.ReLU(), nn.Linear(8, 2))
    for parameter in model.parameters():
        nn.init.zeros_(parameter)
    return model, torch.randn(8, 32)

def deep():
    torch.manual_seed(0)
    return nn.Sequential(*[nn.Linear(8, 8) for _ in range(60)]), torch.randn(8, 8)

def named():
    torch.manual_seed(0)
    model = nn.Sequential()
    model.add_module("größe", nn.Linear(32, 5))
    model.add_module("\x1b[2J\u202e\n", nn.Linear(5, 5))
    return model, torch.randn(8, 32)

class Talking(nn.Linear):
    def forward(self, x):
        print("forward says this")
        return super().forward(x)

def talks():
    print("the factory says this")
    os.system("echo a program says this")
    sys.__stdout__.write("the first output says this\n")
    return Talking(32, 5), torch.randn(8, 32)

def waits():
    print("waiting", file=sys.stderr, flush=True)
    time.sleep(60)

class Slow(nn.Linear):
    def forward(self, x):
        time.sleep(0.6)
        return super().forward(x)

def slow():
    return nn.Sequential(*[Slow(8, 8) for _ in range(4)]), torch.randn(8, 8)

def wrong_shape():
    return nn.Linear(32, 5), torch.randn(8, 31)

def nothing():
    return None

def no_file():
    return open("there is none.pt")

def no_key():
    return {}["model"]

def fails():
    raise RuntimeError("no such device")

def refuses():
    raise ValueError("two\nlines")

def leaves():
    raise SystemExit(1)

def strange():
    raise BaseException("out of the ordinary")

def no_numbers():
    return nn.Linear(32, 5), torch.full((8, 32), torch.nan)

def bad_loss():
    model, batch = sound()
    return model, batch, lambda output: 1 / 0

def bad_forward():
    model, batch = sound()

    def forward(x):
        return {}["x"]

    model.forward = forward
    return model, batch

class Holder:
    sound = staticmethod(sound)

number = 3
"""


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    (tmp_path / "my_audited_network.py").write_text(FACTORIES, "utf-8")
    (tmp_path / "needs_more.py").write_text("import not_there_at_all\n")
    (tmp_path / "not_python.py").write_text("this is no program\n")
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(sys, "path", list(sys.path))
    yield tmp_path
    for name in ("my_audited_network", "needs_more", "not_python"):
        sys.modules.pop(name, None)


COMMANDS: Mapping[str, tuple[list[str], int, str]] = {
    "sound": (["my_audited_network:sound"], 0, "Audit of Linear: 165 parameters"),
    "with loss": (["my_audited_network:with_loss"], 0, "(as given)"),
    "in a class": (["my_audited_network:Holder.sound"], 0, "findings: none"),
    "zeros": (["my_audited_network:zeros"], 1, "GRAVE  zeros: 0.weight, 2.weight"),
    "no module": (["my_network:sound"], 2, "there is no module 'my_network'"),
    "no submodule": (["my_audited_network.x:sound"], 2, "there is no module"),
    "missing import": (["needs_more:sound"], 2, "needs not_there_at_all, which is not installed"),
    "no program": (["not_python:sound"], 2, "error: the audit stopped at SyntaxError"),
    "no attribute": (["my_audited_network:sond"], 2, "has no 'sond'. Did you mean 'sound'?"),
    "other capitals": (["my_audited_network:SOUND"], 2, "Did you mean 'sound'?"),
    "not callable": (["my_audited_network:number"], 2, "not callable: it is of type int"),
    "no colon": (["my_audited_network"], 2, "package.module:function"),
    "relative": ([".my_audited_network:sound"], 2, "package.module:function"),
    "two dots": (["my_audited_network:Holder..sound"], 2, "package.module:function"),
    "no parts": (["my_audited_network:nothing"], 2, "must return (model, batch)"),
    "path": (["my_project/my_network.py:begin"], 2, "without .py: my_project.my_network:begin"),
    "path alone": (["./my_network.py"], 2, "without .py: my_network:start"),
    "wrong forward": (["my_audited_network:bad_forward"], 2, "cannot take this batch: 'x'"),
    "no file": (["my_audited_network:no_file"], 2, "error: the audit stopped at FileNotFoundError"),
    "no key": (["my_audited_network:no_key"], 2, "error: the audit stopped at KeyError: 'model'"),
    "failure": (["my_audited_network:fails"], 2, "stopped at RuntimeError: no such device"),
    "refusal": (["my_audited_network:refuses"], 2, "error: the audit stopped at ValueError: two\n"),
    "exit": (["my_audited_network:leaves"], 2, "stopped at SystemExit: 1"),
    "no Exception": (["my_audited_network:strange"], 2, "BaseException: out of the ordinary"),
    "wrong loss": (["my_audited_network:bad_loss"], 2, "stopped at ZeroDivisionError: division"),
    "wrong batch": (["my_audited_network:wrong_shape"], 2, "error: the model cannot take this"),
    "no numbers": (["my_audited_network:no_numbers"], 2, "error: batch holds NaN"),
}


@pytest.mark.parametrize("name", COMMANDS)
def test_the_command_says_what_it_found_or_why_not(
    name: str, folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    arguments, status, text = COMMANDS[name]
    assert command.main(arguments) == status
    captured = capsys.readouterr()
    assert text in (captured.err if status == 2 else captured.out)
    assert (captured.out == "") == (status == 2)
    assert (captured.err == "") == (status != 2)


@pytest.mark.parametrize(
    ("name", "place"),
    [
        ("my_audited_network:no_key", "in no_key"),
        ("my_audited_network:refuses", "in refuses"),
        ("my_audited_network:bad_forward", "in forward"),
        ("my_audited_network:bad_loss", "in <lambda>"),
        ("needs_more:sound", "needs_more.py"),
        ("not_python:sound", "not_python.py"),
        ("my_audited_network:no_numbers", ""),
        ("my_audited_network:sond", ""),
        ("my_network:sound", ""),
    ],
)
def test_what_the_user_s_code_raised_is_shown_with_its_place_and_nothing_else(
    name: str, place: str, folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    command.main([name])
    before, *_ = capsys.readouterr().err.partition("error: ")
    assert place in before
    assert ("File " in before) == bool(place)
    assert command.__file__ not in before
    assert "importlib" not in before.partition("\nThe above exception")[0]


# As a program of its own


@pytest.fixture(scope="module")
def program(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return the console script, as pip writes it from pyproject.toml."""
    scripts = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))["project"]["scripts"]
    (name, entry), *_ = scripts.items()
    module, function = entry.split(":")
    path = tmp_path_factory.mktemp("bin") / name
    path.write_text(f"import sys\nfrom {module} import {function}\nsys.exit({function}())\n")
    return path


def run(
    program: Path, *arguments: str, shell: str = '"$@"', **environment: str
) -> subprocess.CompletedProcess[str]:
    """Run the command within a line of shell in which ``"$@"`` stands for it."""
    return subprocess.run(
        ["bash", "-c", shell, "bash", sys.executable, str(program), *arguments],
        capture_output=True,
        text=True,
        timeout=patience(120),
        env=os.environ | environment,
    )


def test_the_command_runs_as_a_module_too(folder: Path) -> None:
    done = subprocess.run(
        [sys.executable, "-m", "helpers.audit", "my_audited_network:zeros"],
        capture_output=True,
        text=True,
        timeout=patience(120),
    )
    assert (done.returncode, done.stderr) == (1, "")
    assert "GRAVE  zeros" in done.stdout


def test_a_file_helpers_in_the_folder_stands_in_nobody_s_way(program: Path, folder: Path) -> None:
    (folder / "helpers.py").write_text("WIDTH = 7\n")
    (folder / "uses_its_own.py").write_text(
        "import torch, helpers\n\ndef start():\n"
        "    return torch.nn.Linear(helpers.WIDTH, 5), torch.randn(8, helpers.WIDTH)\n"
    )
    done = run(program, "uses_its_own:start")
    assert (done.returncode, done.stderr) == (0, "")
    assert "Audit of Linear: 40 parameters" in done.stdout


def test_the_course_s_helpers_are_there_for_a_factory(
    folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (folder / "uses_ours.py").write_text(
        "import torch\nfrom helpers.networks import mlp\n\ndef start():\n"
        "    return mlp([32, 5]), torch.randn(8, 32)\n"
    )
    assert command.main(["uses_ours:start"]) == 1
    assert "never initialized" in capsys.readouterr().out


UNREAD = ['"$@" | true; exit "${PIPESTATUS[0]}"', '"$@" 2>&1 | true; exit "${PIPESTATUS[0]}"']
CLOSED = ['"$@" >&-', '"$@" >&- 2>&-']


@pytest.mark.parametrize(
    ("shell", "name", "status"),
    [
        *((shell, "zeros", 1) for shell in (*UNREAD, *CLOSED)),
        (UNREAD[0], "sound", 0),
        (UNREAD[1], "fails", 2),
        (CLOSED[0], "sound", 0),
        (CLOSED[1], "fails", 2),
    ],
)
def test_the_status_is_the_verdict_when_nobody_reads(
    shell: str, name: str, status: int, program: Path, folder: Path
) -> None:
    done = run(program, f"my_audited_network:{name}", shell=shell)
    assert done.returncode == status
    assert "BrokenPipe" not in done.stderr


def test_help_to_a_closed_pipe_is_no_fault(program: Path, folder: Path) -> None:
    done = run(program, "--help", shell='"$@" | true; exit "${PIPESTATUS[0]}"')
    assert (done.returncode, done.stderr) == (0, "")


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="needs Linux's full device")
def test_a_report_that_cannot_be_written_is_no_report(program: Path, folder: Path) -> None:
    done = run(program, "my_audited_network:sound", shell='"$@" > /dev/full')
    assert done.returncode == 2
    assert done.stderr == "error: the report cannot be written: No space left on device\n"


@pytest.mark.parametrize("option", [(), ("--json",)])
def test_standard_output_holds_the_report_alone(
    option: tuple[str, ...], program: Path, folder: Path
) -> None:
    done = run(program, "my_audited_network:talks", *option)
    assert done.returncode == 0
    assert "says this" not in done.stdout
    for speaker in ("the factory", "a program", "the first output", "forward"):
        assert done.stderr.count(f"{speaker} says this") == 1
    if option:
        assert json.loads(done.stdout)["schema"] == SCHEMA
    else:
        assert done.stdout.startswith("Audit of Talking: ")


def test_a_name_that_the_terminal_cannot_show_is_escaped(program: Path, folder: Path) -> None:
    ascii_only = {"LC_ALL": "C", "PYTHONUTF8": "0", "PYTHONCOERCECLOCALE": "0"}
    done = run(program, "my_audited_network:named", **ascii_only)
    assert (done.returncode, done.stderr) == (0, "")
    assert r"gr\xf6\xdfe" in done.stdout
    assert r"\x1b[2J\u202e\n" in done.stdout
    done = run(program, "my_audited_network:named", PYTHONIOENCODING="utf-8")
    assert "größe" in done.stdout
    assert r"\x1b[2J\u202e\n" in done.stdout
    assert not {"\x1b", "\u202e"} & set(done.stdout)


@pytest.mark.parametrize("name", ["zeros", "deep", "named"])
def test_lines_are_no_longer_than_the_terminal(name: str, program: Path, folder: Path) -> None:
    done = run(program, f"my_audited_network:{name}", COLUMNS="60")
    text = re.sub(r"    mend: .*?(?=    why: )", "", done.stdout, flags=re.S)
    lines = text.splitlines()
    assert len(lines) > 5
    assert max(map(len, lines)) <= 60
    assert "gradient" in done.stdout


def test_where_there_is_no_terminal_the_table_is_as_wide_as_it_has_to_be(
    program: Path, folder: Path
) -> None:
    done = run(program, "my_audited_network:deep", COLUMNS="")
    headings = [line for line in done.stdout.splitlines() if line.startswith("layer")]
    assert len(headings) == 1
    assert len(headings[0]) > 80
    assert headings[0].endswith("gradient")


def test_an_interrupt_has_a_status_of_its_own_and_no_traceback(program: Path, folder: Path) -> None:
    attended = partial(signal.signal, signal.SIGINT, signal.SIG_DFL)
    started = subprocess.Popen(
        [sys.executable, str(program), "my_audited_network:waits"],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        preexec_fn=attended,  # a job in the background of a shell ignores interrupts
    )
    with started:
        assert started.stderr.readline() == "waiting\n"
        started.send_signal(signal.SIGINT)
        out, err = started.communicate(timeout=patience(60))
    assert (started.returncode, out, err) == (130, "", "interrupted\n")


def test_an_interrupt_counts_while_pytorch_is_being_imported(tmp_path: Path, program: Path) -> None:
    (tmp_path / "torch.py").write_text(
        "import sys, time\nprint('importing', file=sys.stderr, flush=True)\ntime.sleep(60)\n"
    )
    attended = partial(signal.signal, signal.SIGINT, signal.SIG_DFL)
    with subprocess.Popen(
        [sys.executable, str(program), "my_audited_network:sound"],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        env=os.environ | {"PYTHONPATH": f"{tmp_path}{os.pathsep}{ROOT / 'src'}"},
        preexec_fn=attended,
    ) as started:
        assert started.stderr.readline() == "importing\n"
        started.send_signal(signal.SIGINT)
        out, err = started.communicate(timeout=patience(60))
    assert (started.returncode, out, err) == (130, "", "interrupted\n")


def at_a_terminal(program: Path, name: str, **environment: str) -> str:
    """Run the command with its standard error at a terminal; return what that shows."""
    ours, theirs = pty.openpty()
    fcntl.ioctl(theirs, termios.TIOCSWINSZ, struct.pack("HHHH", 24, 80, 0, 0))
    with subprocess.Popen(
        [sys.executable, str(program), name],
        stdout=subprocess.DEVNULL,
        stderr=theirs,
        env=os.environ | environment,
    ) as started:
        os.close(theirs)
        shown = b""
        try:
            while part := os.read(ours, 4096):
                shown += part
        except OSError:  # Linux says so when the other end is closed
            pass
    os.close(ours)
    assert started.returncode == 0
    return shown.decode()


def test_a_slow_model_shows_at_a_terminal_that_it_runs(program: Path, folder: Path) -> None:
    shown = at_a_terminal(program, "my_audited_network:slow", TQDM_DISABLE="0")
    assert "3 layers have run" in shown
    assert "layers" not in at_a_terminal(program, "my_audited_network:sound", TQDM_DISABLE="0")


def test_the_command_prints_json(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert command.main(["my_audited_network:zeros", "--json"]) == 1
    assert json.loads(capsys.readouterr().out)["findings"][0]["principle"] == "zeros"


def test_the_command_s_help_shows_a_factory(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("COLUMNS", "60")
    with pytest.raises(SystemExit) as stopped:
        command.main(["--help"])
    assert stopped.value.code == 0
    text = capsys.readouterr().out
    assert "def start():" in text
    assert "--json > start.json" in text
    assert "130  interrupted" in text
    assert max(map(len, text.splitlines())) <= 60
