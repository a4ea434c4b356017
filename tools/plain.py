"""From the MyST of the chapters to plain Markdown, which every notebook program can show."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from difflib import get_close_matches
from itertools import takewhile
from typing import TypeVar

from tools.labels import Label

T = TypeVar("T")

ROLE = re.compile(r"\{(?P<role>[\w:-]+)\}`(?P<content>[^`]+)`")
OWN_TEXT = re.compile(r"(?s)(?P<text>.+?)\s*<(?P<target>[^>]+)>")
LINK = re.compile(r"\]\((?:\.\./)*(?P<page>[\w/-]+)\.(?:ipynb|md)(?P<anchor>#[\w-]+)?\)")
REFERENCE = re.compile(r"\]\((?P<name>helpers(?:\.\w+)*)\)")
OPENING = re.compile(r"(?P<fence>`{3,}|:{3,})\{(?P<name>[\w:-]+)\} ?(?P<title>.*)")
OPTION = re.compile(r":([\w-]+): *(.*)")
TARGET = re.compile(r"\([\w-]+\)=")


@dataclass(frozen=True)
class Book:
    """What the links of a copy need to know.

    Attributes
    ----------
    site : str
        Address of the course's site, without a slash at its end.
    chapter : str
        The chapter that is copied, such as ``practice/mnist-cnn``.
    labels : mapping
        What the labels of all chapters stand for.
    works : mapping
        Authors and year of each work in the bibliography, by its key.
    settled : mapping
        The chapter that settles each entry of the ledger, and the anchor of its card.
    terms : mapping
        The terms of the glossary as they stand there, by their small letters.
    """

    site: str
    chapter: str = ""
    labels: Mapping[str, Label] = field(default_factory=dict)
    works: Mapping[str, tuple[str, str]] = field(default_factory=dict)
    settled: Mapping[str, tuple[str, str]] = field(default_factory=dict)
    terms: Mapping[str, str] = field(default_factory=dict)

    def link(self, text: str, page: str, anchor: str = "") -> str:
        """Write a link to a page of the site."""
        return f"[{text}]({self.site}/{page}.html{anchor and '#' + anchor})"


def known(table: Mapping[str, T], name: str, what: str) -> T:
    """Look a name up.

    Raises
    ------
    ValueError
        The table does not have it.
    """
    if name not in table:
        near = ", ".join(get_close_matches(name, table)) or "none"
        raise ValueError(f"{what} {name!r} is unknown; near to it are: {near}")
    return table[name]


# Roles and links


def term(content: str, book: Book) -> str:
    """Link a term to the glossary, whichever letters are capital, as the site does."""
    own = OWN_TEXT.fullmatch(content)
    text, target = own.groups() if own else (content, content)
    written = known(book.terms, " ".join(target.split()).lower(), "the term")
    return book.link(text, "book/glossary", f"term-{written.replace(' ', '-')}")


def number(content: str, book: Book) -> str:
    """Name what has a number, with a link where it is in another chapter."""
    label = known(book.labels, content, "the label")
    if label.chapter == book.chapter:
        return label.text
    return book.link(label.text, f"chapters/{label.chapter}", label.anchor)


def cited(content: str, book: Book) -> str:
    """Cite in brackets."""
    works = [known(book.works, key.strip(), "the work") for key in content.split(",")]
    return f"({book.link('; '.join(map(', '.join, works)), 'book/bibliography')})"


def named(content: str, book: Book) -> str:
    """Cite in the sentence."""
    authors, year = known(book.works, content, "the work")
    return book.link(f"{authors} ({year})", "book/bibliography")


def evidence(content: str, book: Book) -> str:
    """Link an entry of the ledger to the card that settles it."""
    chapter, anchor = known(book.settled, content, "the entry")
    return book.link(content, f"chapters/{chapter}", anchor)


ROLES: dict[str, Callable[[str, Book], str]] = {
    "term": term,
    "numref": number,
    "eq": number,
    "prf:ref": number,
    "cite:p": cited,
    "cite:t": named,
    "evidence": evidence,
}


def inline(text: str, book: Book) -> str:
    """Replace roles and links inside the course by links to the site.

    Raises
    ------
    ValueError
        A role, a label, a work or an entry is unknown.
    """

    def page(match: re.Match) -> str:
        part, _, _ = book.chapter.partition("/")
        place = match["page"]
        if not place.startswith("book/"):
            place = f"chapters/{place if '/' in place else f'{part}/{place}'}"
        return f"]({book.site}/{place}.html{match['anchor'] or ''})"

    def role(match: re.Match) -> str:
        return known(ROLES, match["role"], "the role")(match["content"], book)

    text = ROLE.sub(role, LINK.sub(page, text))
    return REFERENCE.sub(rf"]({book.site}/book/api.html#\g<name>)", text)


# Directives


def details(title: str, body: str) -> str:
    """Fold a text under a title."""
    return f"<details>\n<summary>{title}</summary>\n\n{body}\n\n</details>"


def quote(text: str) -> str:
    """Set a text off."""
    return "\n".join(f"> {line}".rstrip() for line in text.splitlines())


def admonition(title: str, options: Mapping[str, str], body: str, book: Book) -> str:
    """Fold an answer, and set off anything else."""
    if "dropdown" in options.get("class", ""):
        return details(title, body)
    return quote(f"**{title}**\n\n{body}")


def heading(title: str, options: Mapping[str, str], book: Book) -> str:
    """Write what stands above an exercise or a theorem."""
    text = known(book.labels, options["label"], "the label").text
    return f"**{text}**" + (f" ({title})" if title else "")


def theorem(title: str, options: Mapping[str, str], body: str, book: Book) -> str:
    """Set a theorem off, under its number."""
    return quote(f"{heading(title, options, book)}\n\n{body}")


def proof(title: str, options: Mapping[str, str], body: str, book: Book) -> str:
    """Set a proof off, folded where the chapter folds it."""
    return details("Proof", body) if "class" in options else quote(f"*Proof.* {body}")


def exercise(title: str, options: Mapping[str, str], body: str, book: Book) -> str:
    """Put an exercise under its number."""
    return f"{heading(title, options, book)}\n\n{body}".rstrip()


def solution(title: str, options: Mapping[str, str], body: str, book: Book) -> str:
    """Fold a solution."""
    return details(f"Solution to {known(book.labels, title, 'the label').text}", body)


def formula(title: str, options: Mapping[str, str], body: str, book: Book) -> str:
    """Write a formula between dollars, with its number."""
    tag = f"\n\\tag{{{book.labels[options['label']].number}}}" if "label" in options else ""
    return f"$$\n{body}{tag}\n$$"


DIRECTIVES: dict[str, Callable[[str, Mapping[str, str], str, Book], str]] = {
    "admonition": admonition,
    "exercise": exercise,
    "exercise-start": exercise,
    "exercise-end": lambda title, options, body, book: "",
    "math": formula,
    "prf:proof": proof,
    "prf:theorem": theorem,
    "solution": solution,
}


def blocks(text: str, book: Book) -> str:
    """Replace directives, inner ones first; listings of code stay as they are.

    Raises
    ------
    ValueError
        A directive is unknown.
    """
    lines, out = iter(text.splitlines()), []
    for line in lines:
        if opening := OPENING.fullmatch(line):
            body = list(takewhile(lambda each, end=opening["fence"]: each != end, lines))
            options = dict(
                OPTION.fullmatch(each).groups() for each in takewhile(OPTION.match, body)
            )
            inner = blocks("\n".join(body[len(options) :]).strip("\n"), book)
            write = known(DIRECTIVES, opening["name"], "the directive")
            out.append(write(opening["title"], options, inner, book))
        elif line.startswith("```"):
            out += [line, *takewhile(lambda each: each != "```", lines), "```"]
        elif not TARGET.fullmatch(line):
            out.append(line)
    return "\n".join(out)


def plain(text: str, book: Book) -> str:
    """Turn a cell of a chapter into plain Markdown."""
    return blocks(inline(text, book), book).strip("\n")
