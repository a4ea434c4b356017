"""Run a notebook in a fresh kernel."""

from __future__ import annotations

import asyncio
import json
import os
import signal
import time
from pathlib import Path

import nbformat
from nbclient import NotebookClient
from nbclient.exceptions import CellExecutionError, CellTimeoutError, DeadKernelError
from nbformat import NotebookNode

from tools.patience import KERNEL_TIMEOUT, OUTPUT_TIMEOUT, patience

CELL_TIMEOUT = 3600
"""In seconds: the longest cell takes 230 on two quiet cores, and passed 600 on one busy core."""
FAILURES = (CellExecutionError, CellTimeoutError, DeadKernelError)


class PlainClient(NotebookClient):
    """A client that stores what nbval sees: it leaves widgets and clear_output alone."""

    interrupted = False

    async def async_start_new_kernel(self, **kwargs: object) -> None:
        """Start a kernel; from now on Ctrl-C ends the execution, and not the kernel alone."""
        run = asyncio.current_task()

        def stop() -> None:
            self.interrupted, self.shutdown_kernel = True, "immediate"
            run.cancel()

        asyncio.get_running_loop().add_signal_handler(signal.SIGINT, stop)
        await super().async_start_new_kernel(**kwargs)

    def handle_comm_msg(self, outs: list, msg: dict, cell_index: int) -> None:
        """Ignore messages between widgets."""

    def clear_output(self, outs: list, msg: dict, cell_index: int) -> None:
        """Keep what was displayed."""


def read(path: Path) -> NotebookNode:
    """Read a notebook in the format 4.5; a cell without an id gets its position as its id."""
    raw = json.loads(path.read_text(encoding="utf-8"))
    raw["nbformat_minor"] = 5
    for position, cell in enumerate(raw["cells"]):
        cell.setdefault("id", f"cell-{position:02d}")
    notebook = nbformat.reads(json.dumps(raw), as_version=4)
    nbformat.validate(notebook)
    return notebook


def execute(
    path: Path, *, seed: int | None = None, allow_errors: bool = False
) -> tuple[NotebookNode, dict[int, float]]:
    """Execute a notebook in a fresh kernel, in its own folder.

    Parameters
    ----------
    path : Path
        The notebook; the file is not changed.
    seed : int, optional
        Value of ``COURSE_SEED``; unset by default, which the helpers take as 0.
    allow_errors : bool
        Whether to go on after a failing cell.

    Returns
    -------
    notebook : NotebookNode
        The executed notebook.
    seconds : dict of int to float
        What each code cell took, by its position.
    """
    notebook = read(path)
    for cell in notebook.cells:
        if cell.cell_type == "code":
            cell.outputs, cell.execution_count = [], None
    environment = {k: v for k, v in os.environ.items() if k not in ("COURSE_SEED", "MPLBACKEND")}
    environment |= {"TQDM_DISABLE": "1", "JUPYTER_PREFER_ENV_PATH": "1"}
    if seed is not None:
        environment["COURSE_SEED"] = str(seed)
    client = PlainClient(
        notebook,
        timeout=patience(CELL_TIMEOUT),
        startup_timeout=int(patience(KERNEL_TIMEOUT)),
        iopub_timeout=int(patience(OUTPUT_TIMEOUT)),
        raise_on_iopub_timeout=True,
        kernel_name="python3",
        resources={"metadata": {"path": str(path.parent)}},
        allow_errors=allow_errors,
        coalesce_streams=True,
        record_timing=False,
        extra_arguments=["--log-level=ERROR"],
    )
    seconds = time_cells(client)
    try:
        client.execute(env=environment)
    except (*FAILURES, asyncio.CancelledError) as error:
        if client.interrupted:
            raise KeyboardInterrupt from None
        error.add_note(f"This was cell {max(seconds, default=0) + 1} of {len(notebook.cells)}.")
        raise
    return notebook, seconds


def time_cells(client: NotebookClient) -> dict[int, float]:
    """Let a client note the seconds of every code cell, by position, as it goes."""
    seconds: dict[int, float] = {}

    def start(cell: NotebookNode, cell_index: int) -> None:
        seconds[cell_index] = -time.perf_counter()

    def end(cell: NotebookNode, cell_index: int, execute_reply: dict) -> None:
        seconds[cell_index] += time.perf_counter()

    client.on_cell_execute, client.on_cell_executed = start, end
    return seconds
