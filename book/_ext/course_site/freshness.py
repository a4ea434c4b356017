"""A changed style sheet, script or extension makes the next build start afresh.

Sphinx itself watches the pages and their templates, not these.
"""

from __future__ import annotations

import hashlib
from pathlib import Path

from sphinx.application import Sphinx
from sphinx.config import Config

FOLDERS = ("book/_static", "book/_ext", "explorers")


def digest(root: Path) -> str:
    """Return a digest of all that these folders hold."""
    paths = [path for folder in FOLDERS for path in (root / folder).rglob("*") if path.is_file()]
    contents = [path.read_bytes() for path in sorted(paths) if path.suffix != ".pyc"]
    return hashlib.sha256(b"\0".join(contents)).hexdigest()


def set_digest(app: Sphinx, config: Config) -> None:
    """Make the digest a part of the configuration, whose changes Sphinx notices."""
    config.course_digest = digest(Path(app.srcdir))


def setup(app: Sphinx) -> None:
    """Register with Sphinx."""
    app.add_config_value("course_digest", "", "env")
    app.connect("config-inited", set_digest)
