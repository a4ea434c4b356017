"""Mathematics as MathML, written when the book is built: a browser needs no script to show it.

latex2mathml converts; it is small, plain Python, and comes with pip. KaTeX and Temml would need
Node.js or 80 MB of V8 for the same pictures, and KaTeX three times the HTML. latex2mathml forgives
much, so a formula is checked here: one that it does not understand is a warning, with its place.
"""

from __future__ import annotations

import re
import unicodedata
from html import escape, unescape
from xml.etree.ElementTree import Element, tostring

from docutils import nodes
from latex2mathml.converter import Converter
from sphinx.application import Sphinx
from sphinx.util import logging
from sphinx.util.math import get_node_equation_number
from sphinx.writers.html5 import HTML5Translator

from .accessibility import PHONE, text

logger = logging.getLogger(__name__)
PARTS = {"mfrac": 2, "mroot": 2, "msub": 2, "msup": 2, "mover": 2, "munder": 2}
PARTS |= {"msubsup": 3, "munderover": 3}
STYLES = {"script": "SCRIPT", "sans-serif": "SANS-SERIF", "bold": "BOLD"}
WORDS = {"{gathered}": "{matrix}", r"\mathrm{": r"\text{", r"\langle": "⟨", r"\rangle": "⟩"}
THIN_SPACE = {"width": "0.167em"}
SCRIPTED = {"msub", "msup", "msubsup"}
SIGNS = {"+", "\N{MINUS SIGN}", "±"}
CLOSING = {")", "]", "}", "⟩", "|", "!"}


def styled(letter: str, style: str) -> str:
    """Return a letter or digit in a mathematical style, as Unicode has it."""
    kind = "DIGIT" if letter.isdigit() else "CAPITAL" if letter.isupper() else "SMALL"
    name = f"{style} {kind} {unicodedata.name(letter).split()[-1]}"
    try:
        return unicodedata.lookup(f"MATHEMATICAL {name}")
    except KeyError:  # such as ℒ, which Unicode had before the others
        return unicodedata.lookup(name)


def is_name(element: Element) -> bool:
    """Say whether an element is a function's name, such as tanh, with or without an index."""
    if element.tag in SCRIPTED:
        return is_name(element[0])
    text = element.text or ""
    return text.isalpha() and (element.tag == "mo" or (element.tag == "mi" and len(text) > 1))


def is_operand(element: Element) -> bool:
    """Say whether a name that follows keeps its distance from this element."""
    return element.tag not in ("mo", "mspace", "mtext") or element.text in CLOSING


def bind_signs(row: Element) -> None:
    """Let a sign stand close to its number where it does not join two."""
    for index, element in enumerate(row):
        if element.tag == "mo" and element.text in SIGNS:
            before = row[index - 1] if index else None
            if before is None or not is_operand(before):
                element.attrib.update(form="prefix", lspace="0", rspace="0")


def space_names(row: Element) -> None:
    """Part a function's name from its neighbours by a thin space, as TeX does."""
    for index in reversed(range(len(row))):
        if not is_name(row[index]):
            continue
        after = row[index + 1] if index + 1 < len(row) else None
        if after is not None and (after.tag not in ("mo", "mspace", "mtext")):
            row.insert(index + 1, Element("mspace", THIN_SPACE))
        if index and is_operand(row[index - 1]):
            row.insert(index, Element("mspace", THIN_SPACE))


def tidy(element: Element) -> None:
    """Spell and space an element and all below it as browsers need it."""
    for child in element:
        tidy(child)
    if element.text:
        element.text = unescape(element.text).replace("*", "\N{ASTERISK OPERATOR}")
    if style := STYLES.get(element.get("mathvariant", "")):
        del element.attrib["mathvariant"]
        element.text = "".join(styled(letter, style) for letter in element.text or "")
    sized = "minsize" in element.attrib  # by big and its like
    if element.text in ("⟨", "⟩") and not sized:
        element.tag = "mo"
        element.set("stretchy", "false")
    if element.tag == "mo" and (sized or element.text in ("/", "|") or is_name(element)):
        element.attrib.update(lspace="0", rspace="0")
    if element.tag == "mrow" and [child.tag for child in element] == ["mo"]:  # as in 1{,}000
        element[0].attrib.update(lspace="0", rspace="0")
    if element.tag in ("math", "mrow", "mtd", "mstyle"):
        bind_signs(element)
        space_names(element)


def fault(tex: str, math: Element) -> str | None:
    """Return what is wrong with a formula, or None."""
    bare = tex.replace(r"\{", "").replace(r"\}", "")
    if bare.count("{") != bare.count("}"):
        return "a brace has no partner"
    for element in math.iter():
        text = element.text or ""
        if element.tag != "mtext" and ("\\" in text or text == "&"):
            return f"{text} is not known here"
        if "linebreak" in element.attrib:
            return "a line can end within a table only, such as gathered"
        if element.tag in PARTS and len(element) != PARTS[element.tag]:
            return "a fraction, an index or an accent is not complete"
    return None


def known(tex: str) -> str:
    """Return a formula in the words that latex2mathml knows in every place."""
    for word, other in WORDS.items():
        tex = tex.replace(word, other)
    return tex


def mathml(tex: str, display: str) -> str:
    """Return a formula as MathML.

    Parameters
    ----------
    tex
        The formula in LaTeX's notation.
    display
        "inline" or "block".

    Raises
    ------
    ValueError
        The formula is empty or malformed, or holds a command that is not known.
    """
    try:
        math = Converter(display=display).convert_to_element(known(tex))
    except Exception as error:  # the library's errors have no common class
        raise ValueError(type(error).__name__) from error
    tidy(math)
    if wrong := fault(tex, math):
        raise ValueError(wrong)
    for table in math.iter("mtable") if display == "block" else ():
        table.set("displaystyle", "true")
    math.attrib.pop("xmlns")
    if display == "inline":
        math.attrib.pop("display")
    return tostring(math, encoding="unicode", short_empty_elements=False)


def plain(tex: str) -> str:
    """Return the signs of a formula in a row, or its source where it is malformed."""
    try:
        return unescape(re.sub(r"<[^>]*>", "", mathml(tex, "inline")))
    except ValueError:
        return tex


def convert(node: nodes.Node, display: str) -> str:
    """Return a node's formula as MathML, or warn and return its source."""
    tex = node.astext()
    try:
        return mathml(tex, display)
    except ValueError as error:
        logger.warning("the formula %r is malformed: %s", tex, error, location=node)
        return f"<code>{escape(tex)}</code>"


def visit_inline(translator: HTML5Translator, node: nodes.math) -> None:
    """Write a formula in a line."""
    body = convert(node, "inline")
    translator.body.append(translator.starttag(node, "span", "", CLASS="math") + body + "</span>")
    raise nodes.SkipNode


def visit_block(translator: HTML5Translator, node: nodes.math_block) -> None:
    """Write a formula on a line of its own, with its number."""
    formula = convert(node, "block")
    stop = {"tabindex": "0"} if len(text(formula)) > PHONE else {}
    translator.body.append(translator.starttag(node, "div", CLASS="math", **stop))
    if node["number"]:
        number = get_node_equation_number(translator, node)
        translator.body.append(f'<span class="eqno">({number})')
        translator.add_permalink_ref(node, "Link to this equation")
        translator.body.append("</span>")
    translator.body.append(formula + "</div>\n")
    raise nodes.SkipNode


def setup(app: Sphinx) -> None:
    """Register the renderer that ``html_math_renderer: mathml`` names."""
    app.add_html_math_renderer("mathml", (visit_inline, None), (visit_block, None))
