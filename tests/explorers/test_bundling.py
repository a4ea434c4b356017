"""One script out of modules, and the directive that puts an explorer on a page."""

from __future__ import annotations

import gzip
import io
import shutil
import sys
from pathlib import Path

import pytest
from sphinx.application import Sphinx
from sphinx.util.docutils import docutils_namespace

from helpers._bundling import bundle, in_order

sys.path.insert(0, str(Path(__file__).resolve().parents[2] / "book" / "_ext"))
ROOT = Path(__file__).resolve().parents[2]
EXPLORERS = ROOT / "explorers"
MOST_BYTES = 40_000


def write(folder: Path, **modules: str) -> Path:
    """Write modules into a folder; return the one named main."""
    for name, source in modules.items():
        (folder / f"{name}.js").write_text(source, "utf-8")
    return folder / "main.js"


def test_script_and_style_are_small() -> None:
    script = bundle(EXPLORERS / "site.js").encode()
    style = (EXPLORERS / "view" / "explorers.css").read_bytes()
    assert 5_000 < len(gzip.compress(script)) + len(gzip.compress(style)) <= MOST_BYTES


def test_every_module_is_bundled() -> None:
    entries = ((EXPLORERS / name).resolve() for name in ("site.js", "notebook.js"))
    modules = {path for entry in entries for path in in_order(entry)}
    assert modules == {path.resolve() for path in EXPLORERS.rglob("*.js")}


def test_names_are_handed_on(tmp_path: Path) -> None:
    main = write(
        tmp_path,
        main='import one from "./other.js";\nimport { two as three } from "./other.js";\n',
        other="// A remark.\nexport const two = 2;\nexport default 1;\n",
    )
    script = bundle(main)
    assert 'const { default: one } = modules["other.js"];' in script
    assert 'const { two: three } = modules["other.js"];' in script
    assert "return { two, default: byDefault };" in script
    assert script.index('modules["other.js"] =') < script.index('modules["main.js"] =')
    assert "remark" not in script


@pytest.mark.parametrize(
    "line", ['export { a } from "./b.js";', 'import "far.js";', "export let a;"]
)
def test_other_forms_are_refused(tmp_path: Path, line: str) -> None:
    with pytest.raises(ValueError, match="no form that can be bundled"):
        bundle(write(tmp_path, main=f"{line}\n"))


def test_a_circle_is_refused(tmp_path: Path) -> None:
    main = write(
        tmp_path, main='import a from "./other.js";\n', other='import b from "./main.js";\n'
    )
    with pytest.raises(ValueError, match="imports itself, by way of other"):
        bundle(main)


def build(folder: Path, page: str) -> tuple[str, str]:
    """Build a book of two pages, the first of them given; return it, and the warnings."""
    source = folder / "source"
    shutil.copytree(EXPLORERS, source / "explorers")
    (source / "index.rst").write_text(f"Page\n====\n\n{page}\n", "utf-8")
    (source / "plain.rst").write_text(":orphan:\n\nPlain\n=====\n", "utf-8")
    warnings = io.StringIO()
    options = {"extensions": ["course_site.explorers"], "exclude_patterns": ["explorers"]}
    places = (folder / "output", folder / "doctrees", "html")
    with docutils_namespace():
        Sphinx(source, None, *places, options, status=None, warning=warnings).build()
    return (folder / "output" / "index.html").read_text("utf-8"), warnings.getvalue()


SIGNAL = ".. explorer:: signal\n   :state: depth=3&seed=1\n\n   What is stored.\n"


def test_a_page_with_an_explorer_loads_it_and_no_other_does(tmp_path: Path) -> None:
    html, warnings = build(tmp_path, SIGNAL)
    assert warnings == ""
    assert 'data-explorer="signal" data-state="depth=3&amp;seed=1"' in html
    assert "<p>What is stored.</p>" in html
    plain = (tmp_path / "output" / "plain.html").read_text("utf-8")
    for name in ("explorers.js", "explorers.css"):
        assert f"_static/{name}" in html
        assert name not in plain
        assert (tmp_path / "output" / "_static" / name).stat().st_size > 1000


BOX = ".. admonition:: Here\n   :class: explorer\n\n   See ``signal`` with ``depth=3&seed=1``.\n"


def test_an_admonition_of_the_class_becomes_an_explorer(tmp_path: Path) -> None:
    html, warnings = build(tmp_path, BOX + "\n.. admonition:: Here\n\n   See ``this``.\n")
    assert warnings == ""
    assert 'data-explorer="signal" data-state="depth=3&amp;seed=1"' in html
    assert "_static/explorers.js" in html
    assert html.count('<div class="admonition') == 1
    assert html.index("<p>Here</p>") < html.index("data-explorer") < html.index("See <code")


@pytest.mark.parametrize(
    ("page", "complaint"),
    [
        (SIGNAL.replace("signal", "unknown"), "there is no explorer 'unknown'"),
        (SIGNAL.replace("signal", "site"), "there is no explorer 'site'; there are: ['activation'"),
        (".. explorer:: signal\n", "none found"),
        (f"{SIGNAL}\n{SIGNAL}", "the explorer 'signal' is on the page more than once"),
        (BOX.replace("signal", "unknown"), "name one of the explorers ['activation'"),
        (BOX.replace("``depth=3&seed=1``", "nothing"), "name one of the explorers"),
        (f"{SIGNAL}\n{BOX}", "the explorer 'signal' is on the page more than once"),
        (SIGNAL.replace("state", "status"), "unknown option"),
    ],
)
def test_a_mistake_is_told(tmp_path: Path, page: str, complaint: str) -> None:
    assert complaint in build(tmp_path, page)[1]
