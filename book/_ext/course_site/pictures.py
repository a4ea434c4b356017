"""Pictures that are light, keep their place while they load, and open large by a click."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import imagesize
from docutils import nodes
from PIL import Image, ImageChops, ImageStat
from sphinx.application import Sphinx

from .finishing import when_written

IMAGE = re.compile(r'<img (?P<before>[^>]*)src="(?P<address>[^"]*_images/(?P<name>[^"]+))"[^>]*>')
COLOURS = 256
LARGEST_ERROR = 1.5  # root mean square, of 255: a photograph has more and keeps all its colours


def place(app: Sphinx, body: str) -> str:
    """Give each picture of a page its size, a link to its file, and time to load."""
    sources = {name: Path(app.srcdir, path) for path, name in app.builder.images.items()}

    def mend(match: re.Match[str]) -> str:
        width, height = imagesize.get(sources[match["name"]])
        size = f'width="{width}" height="{height}" loading="lazy" decoding="async"'
        tag = match[0].replace("<img ", f"<img {size} ", 1)
        return f'<a class="enlarge" href="{match["address"]}">{tag}</a>'

    return IMAGE.sub(mend, body)


def place_pictures(
    app: Sphinx, page: str, template: str, context: dict[str, Any], doctree: nodes.document | None
) -> None:
    """Mend the pictures of a page before it is written."""
    if "body" in context:
        context["body"] = place(app, context["body"])


def keep_ground(full: Image.Image, palette: Image.Image) -> None:
    """Give the picture's ground its colour back: a mean of near whites is not white."""
    ground = palette.getpixel((0, 0))
    colours = palette.getpalette()
    colours[3 * ground : 3 * ground + 3] = full.getpixel((0, 0))
    palette.putpalette(colours)


def with_palette(picture: Image.Image) -> Image.Image | None:
    """Return a picture with 256 colours; None where that could be seen."""
    full = picture.convert("RGB")
    palette = full.quantize(COLOURS, method=Image.Quantize.FASTOCTREE, dither=Image.Dither.NONE)
    keep_ground(full, palette)
    error = ImageStat.Stat(ImageChops.difference(full, palette.convert("RGB"))).rms
    return palette if max(error) <= LARGEST_ERROR else None


def compress(app: Sphinx) -> None:
    """Write the site's pictures with a palette, those that it holds already excepted."""
    for path in Path(app.outdir, "_images").glob("*.png"):
        with Image.open(path) as picture:
            lighter = None if picture.mode == "P" else with_palette(picture)
        if lighter:
            lighter.save(path, optimize=True)


def setup(app: Sphinx) -> None:
    """Register with Sphinx."""
    app.connect("html-page-context", place_pictures)
    when_written(app, compress)
