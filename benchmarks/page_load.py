"""What a reader on a phone waits for: weight, time to load, blocking and moving, page by page.

    python -m benchmarks.page_load            # a minute; prints a Markdown table; needs make book
    python -m benchmarks.page_load --smoke    # one page, once

README.md says what the figures cover.
"""

from __future__ import annotations

import argparse
import gzip
import statistics
import sys
import threading
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from functools import partial
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import NamedTuple

from playwright.sync_api import Browser, sync_playwright

from tools.chromium import chromium
from tools.patience import patience

SITE = Path(__file__).resolve().parents[1] / "_build" / "html"
PAGES = (
    "book/index",
    "chapters/initialization/he",
    "chapters/derivations/variance",
    "book/claims",
    "book/decision-guide",
    "book/api",
)
PACKED = {".html", ".css", ".js", ".svg", ".xml"}
ROUND_TRIP, BYTES_A_SECOND, SLOWER = 150, 1.6e6 / 8, 4
PHONE = {"width": 412, "height": 823}
WATCH = """
  window.blocked = 0; window.moved = 0;
  new PerformanceObserver(list => {
    for (const task of list.getEntries()) window.blocked += Math.max(0, task.duration - 50);
  }).observe({type: 'longtask', buffered: true});
  new PerformanceObserver(list => {
    for (const shift of list.getEntries()) if (!shift.hadRecentInput) window.moved += shift.value;
  }).observe({type: 'layout-shift', buffered: true});
"""
LOADED = "performance.getEntriesByType('navigation')[0].loadEventEnd / 1000"


class Visit(NamedTuple):
    """One look at one page: kB as sent, requests, seconds, and the sum of its shifts."""

    kilobytes: float
    requests: float
    load: float
    blocking: float
    shift: float


class _Handler(SimpleHTTPRequestHandler):
    """Serves the site with gzip, as GitHub Pages does."""

    protocol_version = "HTTP/1.1"

    def do_GET(self) -> None:
        """Send a file, compressed where that helps."""
        path = Path(self.translate_path(self.path))
        if not path.is_file():
            return self.send_error(404)
        packed = path.suffix in PACKED
        body = gzip.compress(path.read_bytes(), 6) if packed else path.read_bytes()
        self.send_response(200)
        self.send_header("Content-Type", self.guess_type(str(path)))
        self.send_header("Content-Length", str(len(body)))
        if packed:
            self.send_header("Content-Encoding", "gzip")
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, format: str, *args: object) -> None:
        """Say nothing."""


@contextmanager
def served(site: Path) -> Iterator[str]:
    """Serve a folder on this machine; yield its address."""
    with ThreadingHTTPServer(("127.0.0.1", 0), partial(_Handler, directory=str(site))) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield f"http://127.0.0.1:{server.server_port}/"
        server.shutdown()


def visit(browser: Browser, url: str) -> Visit:
    """Open a page with an empty cache, on a slow line and a slow processor."""
    context = browser.new_context(viewport=PHONE)
    page = context.new_page()
    client = context.new_cdp_session(page)
    client.send("Network.enable")
    line = {"offline": False, "latency": ROUND_TRIP}
    line |= {"downloadThroughput": BYTES_A_SECOND, "uploadThroughput": BYTES_A_SECOND}
    client.send("Network.emulateNetworkConditions", line)
    client.send("Emulation.setCPUThrottlingRate", {"rate": SLOWER})
    sizes: list[float] = []
    client.on("Network.loadingFinished", lambda event: sizes.append(event["encodedDataLength"]))
    page.add_init_script(WATCH)
    page.goto(url, wait_until="load", timeout=patience(120_000))
    page.wait_for_timeout(1500)
    load, blocked, moved = page.evaluate(f"[{LOADED}, window.blocked / 1000, window.moved]")
    context.close()
    return Visit(sum(sizes) / 1000, len(sizes), load, blocked, moved)


def median(visits: Sequence[Visit]) -> Visit:
    """Return the median of each figure."""
    return Visit(*map(statistics.median, zip(*visits, strict=True)))


def main(arguments: Sequence[str] | None = None, site: Path = SITE) -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--smoke", action="store_true", help="one page, once")
    smoke = parser.parse_args(arguments).smoke
    path = chromium()
    if path is None or not site.exists():
        sys.exit("This needs Chromium, and the built site: run make book.")

    print("| Page | kB, with gzip | Requests | Load, seconds | Blocking, seconds | Layout shift |")
    print("| --- | --- | --- | --- | --- | --- |", flush=True)
    with served(site) as address, sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=path, args=["--no-sandbox"])
        for name in PAGES[: 1 if smoke else None]:
            url = f"{address}{name}.html"
            seen = median([visit(browser, url) for _ in range(1 if smoke else 3)])
            print(
                f"| `{name}` | {seen.kilobytes:.0f} | {seen.requests:.0f} | {seen.load:.1f}"
                f" | {seen.blocking:.1f} | {seen.shift:.3f} |",
                flush=True,
            )
        browser.close()


if __name__ == "__main__":
    main()
