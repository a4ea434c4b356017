"""The course at a glance: the directives ``tracks`` and ``course-map``, drawn from book/map.yml.

Names are those of the sidebar (_toc.yml). Minutes are counted in the notebooks, so that they
change with them.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from graphlib import CycleError, TopologicalSorter
from pathlib import Path

import yaml
from docutils import nodes
from sphinx import addnodes
from sphinx.application import Sphinx
from sphinx.util.docutils import SphinxDirective

WORDS_A_MINUTE = 150  # of a text with formulas
LINES_A_MINUTE = 10  # of code that a reader sees


def minutes(notebook: dict) -> int:
    """Return how long a chapter takes to read, to the next five minutes."""
    text, lines = 0, 0
    for cell in notebook["cells"]:
        source = "".join(cell["source"])
        if cell["cell_type"] == "markdown":
            text += len(source.split())
        elif "hide-input" not in cell["metadata"].get("tags", []):
            lines += len(source.splitlines())
    return max(5, 5 * round((text / WORDS_A_MINUTE + lines / LINES_A_MINUTE) / 5))


def names(toc: Mapping) -> dict[str, dict[str, str]]:
    """Return the sidebar's names of the chapters, by part."""
    return {
        part["caption"]: {
            chapter["file"].removeprefix("chapters/"): chapter["title"]
            for chapter in part["chapters"]
            if chapter["file"].startswith("chapters/")
        }
        for part in toc["parts"]
        if part.get("numbered")
    }


def check(chapters: Mapping[str, Mapping], tracks: Iterable[Mapping], known: Iterable[str]) -> None:
    """Make sure that the map has every chapter, no other, and a way through them.

    Raises
    ------
    ValueError
        A chapter is missing or unknown, needs itself on a detour, or stands in a track before one
        of the same track that it needs.
    """
    needs = {name: entry.get("needs", []) for name, entry in chapters.items()}
    named = {*needs, *(need for group in needs.values() for need in group)}
    named |= {name for track in tracks for name in track["chapters"]}
    if odd := sorted(named ^ set(known)):
        raise ValueError(f"book/map.yml and _toc.yml differ in {', '.join(odd)}")
    try:
        order = list(TopologicalSorter(needs).static_order())
    except CycleError as error:
        raise ValueError(f"book/map.yml: in a circle: {', '.join(error.args[1])}") from error
    before: dict[str, set[str]] = {}
    for name in order:
        before[name] = set(needs[name]).union(*(before[need] for need in needs[name]))
    for track in tracks:
        for place, name in enumerate(track["chapters"]):
            if late := before[name].intersection(track["chapters"][place:]):
                raise ValueError(f"book/map.yml, {track['name']}: {name} needs {min(late)} before")


class MapDirective(SphinxDirective):
    """What both directives share."""

    def load(self) -> tuple[dict, list, dict[str, dict[str, str]]]:
        """Return the chapters, the tracks and the names by part."""
        root = Path(self.env.srcdir)
        for file in ("book/map.yml", "_toc.yml"):
            self.env.note_dependency(str(root / file))
        data = yaml.safe_load((root / "book/map.yml").read_text("utf-8"))
        parts = names(yaml.safe_load((root / "_toc.yml").read_text("utf-8")))
        self.titles = {name: title for part in parts.values() for name, title in part.items()}
        try:
            check(data["chapters"], data["tracks"], self.titles)
        except ValueError as error:
            raise self.error(str(error)) from error
        return data["chapters"], data["tracks"], parts

    def minutes(self, name: str) -> int:
        """Return the minutes of a chapter."""
        path = Path(self.env.srcdir, "chapters", name).with_suffix(".ipynb")
        self.env.note_dependency(str(path))
        return minutes(json.loads(path.read_text("utf-8")))

    def link(self, name: str) -> nodes.Node:
        """Return a link to a chapter, with the sidebar's name."""
        options = {"refdomain": "std", "reftype": "doc", "refexplicit": True, "refwarn": True}
        text = nodes.inline("", self.titles[name])
        target = f"/chapters/{name}"
        return addnodes.pending_xref("", text, reftarget=target, refdoc=self.env.docname, **options)

    def timed(self, name: str) -> list[nodes.Node]:
        """Return a link to a chapter and its minutes."""
        return [self.link(name), nodes.inline("", f" {self.minutes(name)} min", classes=["time"])]


class Tracks(MapDirective):
    """The tracks through the course, each with its chapters in order."""

    def run(self) -> list[nodes.Node]:
        """Return a box for each track."""
        _, tracks, _ = self.load()
        boxes = nodes.container(classes=["tracks"])
        for track in tracks:
            total = sum(map(self.minutes, track["chapters"]))
            heading = nodes.strong("", track["name"])
            time = nodes.inline("", f" {total} min", classes=["time"])
            steps = (nodes.list_item("", para(*self.timed(name))) for name in track["chapters"])
            way = nodes.enumerated_list("", *steps, enumtype="arabic", prefix="", suffix=".")
            box = nodes.container("", para(heading, time), para(nodes.Text(track["about"])), way)
            boxes += box
        return [boxes]


class CourseMap(MapDirective):
    """All chapters by part, each with what it is about and what it builds on."""

    def run(self) -> list[nodes.Node]:
        """Return a list for each part."""
        chapters, _, parts = self.load()
        found: list[nodes.Node] = []
        for part, titles in parts.items():
            rows = [self.row(name, chapters[name]) for name in titles]
            found += [nodes.rubric("", part), nodes.bullet_list("", *rows, classes=["course-map"])]
        return found

    def row(self, name: str, entry: Mapping) -> nodes.list_item:
        """Return the row of a chapter."""
        about = [nodes.Text(entry["about"])]
        for number, need in enumerate(entry.get("needs", [])):
            about += [nodes.Text(", " if number else " Builds on "), self.link(need)]
        if entry.get("needs"):
            about.append(nodes.Text("."))
        return nodes.list_item("", para(*self.timed(name)), para(*about))


def para(*children: nodes.Node) -> nodes.paragraph:
    """Return a paragraph of these nodes."""
    return nodes.paragraph("", "", *children)


def setup(app: Sphinx) -> None:
    """Register the directives."""
    app.add_directive("tracks", Tracks)
    app.add_directive("course-map", CourseMap)
