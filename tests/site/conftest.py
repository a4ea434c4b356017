"""The built site, served on loopback, and a browser to look at it.

The browser is the system's Chromium. Without one these tests are skipped; where the environment
variable CI is "true" they fail instead.
"""

from __future__ import annotations

import functools
import http.server
import shutil
import threading
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from bs4 import BeautifulSoup
from looking import LOOKS, WAIT, Visit, build, chromium_for_tests, look
from playwright.sync_api import Browser, BrowserContext, Page

from tools.patience import patience


@pytest.fixture(scope="session")
def site(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The book built from cold, without the address of a repository."""
    return build(tmp_path_factory.mktemp("site"), COURSE_REPOSITORY_URL="")


@pytest.fixture(scope="session")
def documents(site: Path) -> dict[str, BeautifulSoup]:
    """Every HTML file of the site, parsed."""
    paths = [path for path in site.rglob("*.html") if "_static" not in path.parts]
    return {
        path.relative_to(site).as_posix(): BeautifulSoup(path.read_bytes(), "html.parser")
        for path in paths
    }


@pytest.fixture(scope="session")
def site_with_repository(site: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The same book, built again where the environment names a repository."""
    output = tmp_path_factory.mktemp("site-with-repository")
    shutil.copytree(site.parent, output / "_build")
    return build(output, COURSE_REPOSITORY_URL="https://github.com/example/good-start.git")


class _QuietHandler(http.server.SimpleHTTPRequestHandler):
    def log_message(self, format: str, *args: object) -> None:
        """Say nothing."""


@pytest.fixture(scope="session")
def address(site: Path) -> Iterator[str]:
    """The address of the site on this machine."""
    handler = functools.partial(_QuietHandler, directory=str(site))
    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), handler) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield f"http://127.0.0.1:{server.server_port}/"
        server.shutdown()


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    """One browser for all tests; closed before other tests begin, for it keeps an event loop."""
    with chromium_for_tests() as browser:
        yield browser


def patient(browser: Browser, **options: Any) -> BrowserContext:
    """Open a context that waits for a busy machine."""
    context = browser.new_context(**options)
    context.set_default_timeout(patience(WAIT))
    return context


@pytest.fixture
def page(browser: Browser, address: str) -> Iterator[Page]:
    """An empty page whose addresses are relative to the site."""
    context = patient(browser, base_url=address, **LOOKS["light"])
    yield context.new_page()
    context.close()


@pytest.fixture(scope="module")
def visits(browser: Browser, address: str) -> Iterator[Callable[[str, str], Visit]]:
    """Look at a page in a certain look, once for all tests that ask."""
    contexts = {
        name: patient(browser, base_url=address, **options) for name, options in LOOKS.items()
    }

    seen: dict[str, set[str]] = {kind: set() for kind in contexts}

    @functools.cache
    def visit(name: str, kind: str) -> Visit:
        page = contexts[kind].new_page()
        try:
            return look(page, name, kind, seen[kind])
        finally:
            page.close()

    yield visit
    for context in contexts.values():
        context.close()
