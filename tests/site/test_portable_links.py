"""The links of the portable copies, on the built site."""

from __future__ import annotations

import re
from functools import cache
from pathlib import Path
from urllib.parse import unquote

from bs4 import BeautifulSoup

from tools.portable import copies_for

ADDRESS = "https://someone.github.io/good-start/"
LINK = re.compile(
    rf"\[(?P<text>[^]]+)\]\({re.escape(ADDRESS)}(?P<page>[^)#]+)#?(?P<anchor>[^)]*)\)"
)
NUMBER = re.compile(r"(?:Fig\. |Theorem |Exercise |\()(?P<number>\d+\.\d+)\)?")


def test_they_lead_to_places_of_the_site_by_the_numbers_that_the_site_shows(site: Path) -> None:
    @cache
    def places(page: str) -> dict[str, str]:
        html = BeautifulSoup((site / page).read_text("utf-8"), "html.parser")
        return {tag["id"]: tag.get_text() for tag in html.find_all(id=True)}

    wrong, seen, numbered = [], 0, 0
    for name, copied in copies_for("https://github.com/someone/good-start").items():
        for match in LINK.finditer("\n".join(cell.source for cell in copied.cells)):
            seen += 1
            found = places(match["page"])
            number = NUMBER.fullmatch(match["text"])
            numbered += bool(number)
            anchor = unquote(match["anchor"])
            if anchor and anchor not in found:
                wrong.append(f"{name}: {match[0]} leads nowhere")
            elif number and number["number"] not in found[anchor]:
                wrong.append(f"{name}: {match[0]} has another number")
    assert wrong == []
    assert seen > numbered > 0
