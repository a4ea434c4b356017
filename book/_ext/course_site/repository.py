"""The one place that knows the repository's address.

The address is, in this order, the environment variable ``COURSE_REPOSITORY_URL`` (the full
address; empty means "none"), ``GITHUB_REPOSITORY`` (owner/name, as GitHub Actions sets it), or
the git remote ``origin``. Where none of them is on GitHub, the site shows no launch button and no
link to a repository.
"""

from __future__ import annotations

import os
import re
import subprocess
from collections.abc import Mapping
from pathlib import Path

from docutils import nodes
from sphinx.application import Sphinx
from sphinx.config import Config
from sphinx.errors import ConfigError
from sphinx.util.docutils import SphinxRole

BRANCH = "main"
COPIES = "portable"
"""The branch with the copies that ``make portable`` writes; the deployment puts them there."""
ADDRESS = re.compile(
    r"(?:https://github\.com/|ssh://git@github\.com/|git@github\.com:)"
    r"(?P<owner>[\w.-]+)/(?P<name>[\w.-]+?)(?:\.git)?/?"
)


def github_url(address: str) -> str | None:
    """Return ``https://github.com/owner/name`` for any form of a GitHub address, else None."""
    match = ADDRESS.fullmatch(address.strip())
    return f"https://github.com/{match['owner']}/{match['name']}" if match else None


def origin(folder: Path) -> str:
    """Return the address of the git remote ``origin`` of a folder, or an empty string."""
    command = ["git", "-C", str(folder), "config", "--get", "remote.origin.url"]
    try:
        return subprocess.run(command, capture_output=True, text=True, check=False).stdout.strip()
    except OSError:  # no git on this machine
        return ""


def repository_url(environment: Mapping[str, str], folder: Path) -> str | None:
    """Return the address of the course's repository on GitHub, or None.

    Raises
    ------
    ConfigError
        ``COURSE_REPOSITORY_URL`` or ``GITHUB_REPOSITORY`` is set to something that is not one.
    """
    for name, prefix in (
        ("COURSE_REPOSITORY_URL", ""),
        ("GITHUB_REPOSITORY", "https://github.com/"),
    ):
        if name not in environment:
            continue
        value = environment[name]
        if not value:
            return None
        url = github_url(prefix + value)
        if url is None:
            form = "owner/name" if prefix else "https://github.com/owner/name"
            raise ConfigError(f"{name} is {value!r}; it must have the form {form}, or be empty")
        return url
    return github_url(origin(folder))


def pages_url(url: str | None) -> str:
    """Return the address of a repository's GitHub Pages, or an empty string for none."""
    if url is None:
        return ""
    owner, name = url.split("/")[-2:]
    host = f"{owner.lower()}.github.io"
    return f"https://{host}/" if name.lower() == host else f"https://{host}/{name}/"


def theme_options(url: str | None) -> dict[str, object]:
    """Return the theme's options for a repository's address, or for none."""
    if url is None:
        return {"repository_url": "", "launch_buttons": {}}
    return {
        "repository_url": url,
        "repository_branch": BRANCH,
        "path_to_docs": "",
        "use_repository_button": True,
        "use_edit_page_button": True,
        "use_issues_button": True,
        "launch_buttons": {
            "notebook_interface": "jupyterlab",
            "binderhub_url": "https://mybinder.org",
            "colab_url": "https://colab.research.google.com",
        },
    }


class repository_text(nodes.General, nodes.Inline, nodes.Element):
    """A file of the repository, or a command with ADDRESS in it, until the address is known."""


class RepositoryRole(SphinxRole):
    """The roles ``repository-file`` and ``repository-command``."""

    def run(self) -> tuple[list[nodes.Node], list[nodes.system_message]]:
        """Leave a place to be filled when the page is written."""
        return [repository_text(text=self.text, is_file=self.name == "repository-file")], []


def fill(app: Sphinx, doctree: nodes.document, page: str) -> None:
    """Fill the places: a file becomes a link and ADDRESS the address, where there is one."""
    url = app.config.course_repository
    for place in list(doctree.findall(repository_text)):
        text = place["text"]
        if not place["is_file"]:
            text = text.replace("ADDRESS", url or "ADDRESS")
        filled: nodes.Element = nodes.literal(text, text)
        if place["is_file"] and url:
            filled = nodes.reference("", "", filled, refuri=f"{url}/blob/{BRANCH}/{text}")
        place.replace_self(filled)


def open_copy(
    app: Sphinx, page: str, template: str, context: dict, doctree: nodes.document | None
) -> None:
    """Let the launch buttons open the chapter's copy, whose Markdown every program knows."""
    name, copy = f"{page}.ipynb", f"{page.removeprefix('chapters/')}.ipynb"
    moved = {
        "Binder": (f"{BRANCH}?urlpath=lab/tree/{name}", f"{COPIES}?urlpath=lab/tree/{copy}"),
        "Colab": (f"{BRANCH}/{name}", f"{COPIES}/{copy}"),
    }
    for group in context.get("header_buttons", []):
        for button in group.get("buttons", []):
            if button.get("text") in moved:
                button["url"] = button["url"].replace(*moved[button["text"]])


def set_repository(app: Sphinx, config: Config) -> None:
    """Give the theme its launch buttons and repository links, or none."""
    url = repository_url(os.environ, Path(app.srcdir))
    config.course_repository = url or ""
    config.html_baseurl = pages_url(url)
    config.html_theme_options = {**config.html_theme_options, **theme_options(url)}


def setup(app: Sphinx) -> None:
    """Register with Sphinx."""
    app.add_config_value("course_repository", "", "html")
    app.add_node(repository_text)
    for role in ("repository-file", "repository-command"):
        app.add_role(role, RepositoryRole())
    app.connect("config-inited", set_repository)
    app.connect("doctree-resolved", fill)
    app.connect("html-page-context", open_copy, priority=502)  # after the theme's buttons
