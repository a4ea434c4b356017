"""Show the built site on this machine only: python tools/serve.py [PORT]."""

from __future__ import annotations

import sys
from functools import partial
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

SITE = Path(__file__).resolve().parents[1] / "_build" / "html"
LAST_PORT = 65535


class QuietHandler(SimpleHTTPRequestHandler):
    """Serves files and logs errors only."""

    def log_request(self, code: int | str = "-", size: int | str = "-") -> None:
        """Log nothing for a request that succeeds."""


class LocalServer(ThreadingHTTPServer):
    """A server that never shares its port with another one."""

    allow_reuse_port = False


def open_server(port: int) -> ThreadingHTTPServer:
    """Listen on the loopback address, at this port or, where it is taken, at a free one."""
    handler = partial(QuietHandler, directory=str(SITE))
    try:
        return LocalServer(("127.0.0.1", port), handler)
    except OSError:
        print(f"Port {port} is taken or not allowed; another one is used.")
        return LocalServer(("127.0.0.1", 0), handler)


def port_number(text: str) -> int:
    """Read a port.

    Raises
    ------
    ValueError
        If the text is not a number from 0 to 65535.
    """
    if not (text.isascii() and text.isdecimal() and int(text) <= LAST_PORT):
        raise ValueError(f"PORT must be a number from 0 to {LAST_PORT}; got {text!r}")
    return int(text)


def main(port: int) -> None:
    """Serve until Ctrl-C."""
    if not (SITE / "index.html").exists():
        sys.exit("The site is not built yet: run make book.")
    with open_server(port) as server:
        address = f"http://127.0.0.1:{server.server_address[1]}/"
        print(f"The book is at {address}   (Ctrl-C ends it)", flush=True)
        try:
            server.serve_forever()
        except KeyboardInterrupt:
            print()


if __name__ == "__main__":
    try:
        main(port_number(sys.argv[1]) if len(sys.argv) > 1 else 8000)
    except ValueError as error:
        sys.exit(str(error))
