"""A chapter in JupyterLab, with the extension that shows its markup."""

from __future__ import annotations

import os
import re
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from urllib.request import urlopen

import nbformat
import pytest
from playwright.sync_api import Browser, Page, expect

from tools.execution import read
from tools.notebooks import chapter_path
from tools.patience import patience

SHORTEST = "derivations/activation-derivatives"
RAW = re.compile(r":::|```|\{(term|numref|eq|evidence|prf:ref|cite:[pt])\}")
"""Fences and roles as they are typed."""
EXPLORER = (
    'from helpers.explorers import explorer\nshown = explorer("signal", "depth=7")\nshown',
    "print(shown.state)",
    'shown.state = "depth=9&scale=much"',
)
"""An explorer, what it is set to, and a setting from Python."""
SETTINGS = '{"windowingMode": "none"}'
"""Every cell is drawn, also those outside the window."""
TEXT = ".jp-MarkdownCell :is(.myst, .jp-RenderedMarkdown)"
"""A cell of text as the extension draws it, or JupyterLab without it."""


@pytest.fixture(scope="module")
def lab(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """Start JupyterLab on the chapter without outputs and on an explorer; return its address."""
    home = tmp_path_factory.mktemp("lab")
    chapter = read(chapter_path(SHORTEST))
    for cell in chapter.cells:
        if cell.cell_type == "code":
            cell.update(outputs=[], execution_count=None)
    nbformat.write(chapter, home / "chapter.ipynb")
    cells = [nbformat.v4.new_code_cell(source) for source in EXPLORER]
    nbformat.write(
        nbformat.v4.new_notebook(cells=cells, metadata=chapter.metadata), home / "explorer.ipynb"
    )
    own = home / "settings" / "@jupyterlab" / "notebook-extension"
    own.mkdir(parents=True)
    (own / "tracker.jupyterlab-settings").write_text(SETTINGS, "utf-8")
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    command = [sys.executable, "-m", "jupyterlab", "--no-browser", "--allow-root"]
    command += [f"--port={port}", "--ServerApp.port_retries=0", "--IdentityProvider.token="]
    command += ["--LabApp.expose_app_in_browser=True", f"--ServerApp.root_dir={home}"]
    folders = {
        f"{name}_DIR": str(home / name.rpartition("_")[2].lower())
        for name in ("JUPYTER_CONFIG", "JUPYTER_RUNTIME", "JUPYTERLAB_SETTINGS")
    }
    with (home / "log").open("w") as log:
        server = subprocess.Popen(command, env={**os.environ, **folders}, stdout=log, stderr=log)
        try:
            yield wait(f"http://127.0.0.1:{port}/", server, home / "log")
        finally:
            server.terminate()
            server.wait()


def wait(address: str, server: subprocess.Popen, log: Path) -> str:
    """Wait until a server answers."""
    end = time.monotonic() + patience(120)
    while time.monotonic() < end and server.poll() is None:
        try:
            urlopen(f"{address}api", timeout=patience(5)).close()
        except OSError:
            time.sleep(0.5)
        else:
            return address
    pytest.fail(f"JupyterLab did not start:\n{log.read_text('utf-8')}")


@pytest.fixture
def notebook(browser: Browser, lab: str) -> Iterator[Page]:
    """The chapter, open and with all its text shown."""
    page = browser.new_page(viewport={"width": 1280, "height": 900})
    page.goto(f"{lab}lab/tree/chapter.ipynb")
    page.wait_for_function(
        """text => {
            const panel = window.jupyterapp?.shell.currentWidget;
            const cells = panel?.content?.widgets ?? [];
            const texts = document.querySelectorAll(text);
            const all = cells.filter(cell => cell.model.type === "markdown").length;
            return panel?.context?.path === "chapter.ipynb" && panel.sessionContext.isReady
                && all > 0 && texts.length === all;
        }""",
        arg=TEXT,
        timeout=patience(120_000),
    )
    yield page
    page.close()


def test_a_chapter_shows_no_markup_folds_its_answers_and_runs_to_its_end(notebook: Page) -> None:
    shown = notebook.locator(TEXT).all_inner_texts()
    assert [match[0] for text in shown if (match := RAW.search(text))] == []
    answers = notebook.locator(".jp-MarkdownCell details")
    assert answers.count() > 0
    assert answers.evaluate_all("all => all.some(each => each.open)") is False
    assert notebook.locator(".jp-MarkdownCell .katex").count() > 0

    notebook.evaluate("() => window.jupyterapp.commands.execute('notebook:run-all-cells')")
    counts = notebook.evaluate(
        """() => window.jupyterapp.shell.currentWidget.content.widgets
            .filter(cell => cell.model.type === "code")
            .map(cell => [cell.model.executionCount,
                          cell.model.outputs.toJSON().filter(o => o.output_type === "error")])"""
    )
    assert [error for _, errors in counts for error in errors] == []
    assert [count for count, _ in counts] == list(range(1, len(counts) + 1))


RUN = """async number => {
    const { shell, commands } = window.jupyterapp;
    shell.currentWidget.content.activeCellIndex = number;
    await commands.execute("notebook:run-cell");
}"""


def test_an_explorer_mounts_and_its_settings_go_to_python_and_back(
    browser: Browser, lab: str
) -> None:
    page = browser.new_page(viewport={"width": 1280, "height": 900})
    page.goto(f"{lab}lab/workspaces/explorer/tree/explorer.ipynb")
    page.wait_for_function(
        """() => {
            const panel = window.jupyterapp?.shell.currentWidget;
            return panel?.context?.path === "explorer.ipynb" && panel.sessionContext.isReady;
        }""",
        timeout=patience(120_000),
    )
    page.evaluate(RUN, 0)
    depth = page.locator("output[for=signal-depth]")
    expect(depth).to_have_text("7", timeout=patience(60_000))
    expect(page.locator(".explorer svg path.theory").first).to_be_visible()
    page.locator("#signal-depth").press("End")
    expect(depth).to_have_text("50")
    page.evaluate(RUN, 1)
    said = page.locator(".jp-OutputArea-output", has_text="scheme=lecun_normal")
    expect(said).to_contain_text("depth=50", timeout=patience(30_000))
    page.evaluate(RUN, 2)
    expect(depth).to_have_text("9", timeout=patience(30_000))
    expect(page.locator(".explorer p[role=alert]")).to_have_text("Not taken as it stands: scale.")
    page.close()
