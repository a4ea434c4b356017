"""Execute the notebooks: store their outputs, or try their evidence under other seeds.

    python -m tools.notebooks store [CHAPTER ...]
    python -m tools.notebooks robust [CHAPTER ...] --seeds 1 2

A chapter is named by its path below chapters/, without the ending: practice/mnist-cnn.
"""

from __future__ import annotations

import argparse
import re
import sys
from difflib import get_close_matches
from pathlib import Path

import nbformat
from nbformat import NotebookNode

from tools.execution import FAILURES, execute, read
from tools.files import write_whole
from tools.form_rules import is_folded, label_of
from tools.pictures import keep_pictures

CHAPTERS = Path(__file__).resolve().parents[1] / "chapters"
NOTEBOOK_METADATA = {
    "kernelspec": {"display_name": "Python 3 (ipykernel)", "language": "python", "name": "python3"},
    "language_info": {"name": "python"},
}
CELL_METADATA = {"tags", "mystnb", "jupyter"}
WIDGET_VIEW = "application/vnd.jupyter.widget-view+json"


def chapter_path(name: str, folder: Path = CHAPTERS) -> Path:
    """Return the notebook's file of a chapter such as ``practice/mnist-cnn``."""
    return folder / f"{name}.ipynb"


def chapter_names(folder: Path = CHAPTERS) -> list[str]:
    """List the chapters that exist, in alphabetical order."""
    paths = (path.relative_to(folder) for path in folder.rglob("*.ipynb"))
    return sorted(
        path.with_suffix("").as_posix()
        for path in paths
        if not any(part.startswith(".") for part in path.parts)
    )


def select(wanted: list[str], existing: list[str]) -> list[str]:
    """Return the chapters that are meant; none named means all of them.

    Raises
    ------
    ValueError
        If a name is not among those that exist; the message lists them.
    """
    names = [re.sub(r"^(\./)?chapters/|\.ipynb$", "", name.strip()) for name in wanted]
    for name in names:
        if name not in existing:
            close = get_close_matches(name.lower(), existing, n=1, cutoff=0.4)
            hint = f" Did you mean {close[0]!r}?" if close else ""
            known = "".join(f"\n  {item}" for item in existing) or " none"
            raise ValueError(f"There is no chapter {name!r}.{hint} Chapters:{known}")
    return names or existing


def write(notebook: NotebookNode, path: Path) -> bool:
    """Write a notebook in one step, if its text changed; return whether it did."""
    text = nbformat.writes(notebook).rstrip("\n") + "\n"
    if path.exists() and path.read_text(encoding="utf-8") == text:
        return False
    write_whole(path, text)
    return True


def fold(cell: NotebookNode) -> None:
    """Let the site and JupyterLab fold a cell that is tagged, under the label it begins with."""
    shown = cell.metadata.get("mystnb", {})
    shown.pop("code_prompt_show", None)
    cell.metadata.pop("jupyter", None)
    if is_folded(cell) and (label := label_of(cell)):
        cell.metadata["jupyter"] = {"source_hidden": True}
        shown = {"code_prompt_show": label, **shown}
    cell.metadata.pop("mystnb", None)
    if shown:
        cell.metadata["mystnb"] = shown


def normalise(notebook: NotebookNode) -> None:
    """Leave in an executed notebook only what does not change from run to run."""
    notebook.metadata = nbformat.from_dict(NOTEBOOK_METADATA)
    count = 0
    for cell in notebook.cells:
        cell.metadata = nbformat.from_dict(
            {key: value for key, value in cell.metadata.items() if key in CELL_METADATA}
        )
        if cell.cell_type != "code":
            continue
        fold(cell)
        count += bool(cell.source.strip())
        cell.execution_count = count if cell.source.strip() else None
        for output in cell.outputs:
            if output.output_type == "execute_result":
                output.execution_count = count
            if "data" in output:
                output.data.pop(WIDGET_VIEW, None)
                output.metadata.pop(WIDGET_VIEW, None)


def report(name: str, error: Exception) -> None:
    """Say which chapter failed and how, with the cell and its traceback."""
    text = "\n".join([str(error).strip(), *getattr(error, "__notes__", [])])
    if not sys.stderr.isatty():
        text = re.sub(r"\x1b\[[0-9;]*m", "", text)
    print(f"{text}\n{name}: NOT stored, the notebook is as it was.", file=sys.stderr, flush=True)


def store(names: list[str]) -> int:
    """Execute chapters and store their outputs; return how many failed."""
    failed = 0
    for name in names:
        path = chapter_path(name)
        print(f"{name} ...", flush=True)
        try:
            notebook, seconds = execute(path)
        except FAILURES as error:
            report(name, error)
            failed += 1
            continue
        normalise(notebook)
        keep_pictures(notebook, read(path))
        changed = "stored" if write(notebook, path) else "unchanged"
        slowest = max(seconds, key=seconds.__getitem__, default=0)
        print(
            f"{name}: {changed}, {sum(seconds.values()):.1f} s"
            f" (slowest: cell {slowest + 1}, {seconds.get(slowest, 0):.1f} s)",
            flush=True,
        )
    return failed


def failures(notebook: NotebookNode) -> list[str]:
    """List the errors of an executed notebook, save those that are meant."""
    found = []
    for position, cell in enumerate(notebook.cells, start=1):
        if "raises-exception" in cell.metadata.get("tags", []):
            continue
        found += [
            f"cell {position}: {output.ename}: {output.evalue}".strip().splitlines()[0]
            for output in cell.get("outputs", [])
            if output.output_type == "error"
        ]
    return found


def robust(names: list[str], seeds: list[int]) -> int:
    """Execute chapters under other seeds and store nothing; return how many runs failed."""
    failed = 0
    for name in names:
        for seed in seeds:
            try:
                notebook, seconds = execute(chapter_path(name), seed=seed, allow_errors=True)
                found, total = failures(notebook), f"{sum(seconds.values()):.1f} s"
            except FAILURES as error:
                found, total = [str(error).strip().splitlines()[0]], "stopped"
            failed += bool(found)
            print(f"{'FAIL' if found else 'pass'}  seed {seed}  {name}  ({total})", flush=True)
            for line in found:
                print(f"      {line}", flush=True)
    runs = len(names) * len(seeds)
    print(f"{runs - failed} of {runs} runs hold every claim.")
    return failed


def main(arguments: list[str] | None = None) -> int:
    """Run the command line; return its exit code."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    commands = parser.add_subparsers(dest="command", required=True)
    storing = commands.add_parser("store", help="execute and store the outputs")
    trying = commands.add_parser("robust", help="execute under other seeds, store nothing")
    trying.add_argument("--seeds", type=int, nargs="+", required=True)
    for command in (storing, trying):
        command.add_argument("chapter", nargs="*", help="practice/mnist-cnn, for instance")
    options = parser.parse_args(arguments)
    try:
        names = select(options.chapter, chapter_names())
    except ValueError as error:
        print(error, file=sys.stderr)
        return 2
    if options.command == "store":
        return int(store(names) > 0)
    return int(robust(names, options.seeds) > 0)


if __name__ == "__main__":
    try:
        sys.exit(main())
    except KeyboardInterrupt:
        sys.exit("\nStopped. Notebooks that were not finished are as they were.")
