"""XML of files that anybody may have made: read as a stream, without entities and without asking anybody."""

from __future__ import annotations

import codecs
import re
from collections.abc import Generator, Iterator
from contextlib import contextmanager
from functools import partial
from html import unescape
from typing import IO, TYPE_CHECKING

from magacin.imports.parsers.table import UnreadableFile

if TYPE_CHECKING:
    from lxml import etree

_NO_MEMORY = 2  # XML_ERR_NO_MEMORY
_BLOCK = 1 << 20
_LONGEST = 64 << 20
_DECLARED = re.compile(r"<\?xml[^>]*?encoding\s*=\s*[\"'](?P<encoding>[^\"']*)")
_ROOT = re.compile(r"(?:\ufeff)?(?:<\?xml[^>]*\?>)?\s*(?P<tag><(?P<name>\w+)(?:\s[^>]*)?>)")
_ENTITY = re.compile(r"&(?!(?:amp|lt|gt|quot|apos|#[0-9]+|#x[0-9A-Fa-f]+);)")


class Unusual(Exception):
    """The text of a document is not as plain as programs write it: it has to be taken apart with all care."""


def elements(stream: IO[bytes], *names: str, html: bool = False) -> Iterator[etree._Element]:
    """Yield the elements of these names, in any namespace, each once it is complete.

    Afterwards it is emptied, and what stands before it is dropped, so that memory does not grow with the
    file. Raises `UnreadableFile` where there is a document type: no program writes one into such a file, and
    entities are declared in it.
    """
    from lxml import etree  # 5 MB that a process without workbooks does without

    tags = list(names) if html else [f"{{*}}{name}" for name in names]
    with _as_memory_error():
        found = etree.iterparse(
            stream,
            tag=tags,
            html=html,
            resolve_entities=False,
            no_network=True,
            load_dtd=False,
            remove_comments=True,
            remove_pis=True,
        )
        checked = html
        for _, element in found:
            if not checked and element.getroottree().docinfo.doctype:
                raise UnreadableFile(
                    "The workbook is damaged or an attack: a document type is declared in it."
                )
            checked = True
            yield element
            element.clear(keep_tail=False)
            parent = element.getparent()
            if parent is not None:
                while (first := parent[0]) is not element:
                    parent.remove(first)


@contextmanager
def _as_memory_error() -> Iterator[None]:
    from lxml import etree

    try:
        yield
    except etree.XMLSyntaxError as error:
        if error.code == _NO_MEMORY:
            raise MemoryError from error
        raise


def name(element: etree._Element) -> str:
    """Return an element's name without its namespace."""
    return str(element.tag).rpartition("}")[2]


def attribute(element: etree._Element, wanted: str) -> str | None:
    """Return an attribute of this name in any namespace, None where there is none."""
    for key, value in element.attrib.items():
        if str(key).rpartition("}")[2] == wanted:
            return str(value)
    return None


class PlainText:
    """The text of a large list in XML, cut into its items and not further: elements take most of the time.

    Anything that does not look like what programs write (a prefix, a comment, another encoding, a document
    type) raises `Unusual`; whoever meets it uses `elements`, which is right about everything.
    """

    def __init__(self, stream: IO[bytes], parent: str, item: str) -> None:
        self._stream = stream
        self._parent = parent
        self._item = item
        self.root = ""
        """The tag that the document begins with, for `element`."""

    def items(self) -> Iterator[tuple[str, str]]:
        """Yield the attributes and the content of each item as they stand there, to the end of the parent."""
        opening, closing = f"<{self._item}", f"</{self._item}>"
        length = len(opening)
        blocks = self._blocks()
        buffer = self._first(blocks)
        while True:
            *pieces, buffer = buffer.split(closing)
            for piece in pieces:
                if not piece.startswith(opening) or "/>" in piece[: piece.find(">") + 1]:
                    piece = yield from self._without_empty(piece)
                    if not piece.startswith(opening):
                        raise Unusual
                if piece[length] not in " >\n\r\t":
                    raise Unusual
                close = piece.index(">")
                yield piece[length:close], piece[close + 1 :]
            buffer = yield from self._without_empty(buffer)
            if buffer.startswith(f"</{self._parent}>"):
                for _ in blocks:
                    pass  # so that the checksum is looked at
                return
            following = next(blocks, None)
            if following is None or len(buffer) > _LONGEST:
                raise Unusual
            buffer += following

    def _without_empty(self, text: str) -> Generator[tuple[str, str], None, str]:
        """Yield the items without content at the beginning of a text; return the text behind them."""
        while True:
            text = text.lstrip(" \t\r\n")
            close = text.find("/>")
            if not text.startswith(f"<{self._item} ") or text.find(">") != close + 1 or close < 0:
                return text
            yield text[len(self._item) + 1 : close], ""
            text = text[close + 2 :]

    def _first(self, blocks: Iterator[str]) -> str:
        """Return the text behind the beginning of the parent, as far as it is read then."""
        buffer = ""
        for block in blocks:
            buffer += block
            if begins := self._begins(buffer):
                return buffer[begins:]
            if len(buffer) > _LONGEST:
                break
        raise Unusual

    def _blocks(self) -> Iterator[str]:
        decoder = codecs.getincrementaldecoder("utf-8")()
        try:
            for block in iter(partial(self._stream.read, _BLOCK), b""):
                yield decoder.decode(block)
            yield decoder.decode(b"", final=True)
        except UnicodeError as error:
            raise Unusual from error

    def _begins(self, text: str) -> int:
        """Return where the items begin, 0 while that is not to be seen."""
        match = re.search(rf"<{self._parent}(?:\s[^>]*)?>", text)
        if match is None:
            return 0
        root, declared = _ROOT.match(text), _DECLARED.search(text, 0, 200)
        encoding = declared["encoding"].casefold() if declared else "utf-8"
        if root is None or encoding != "utf-8" or "<!" in text[: match.end()] or match[0].endswith("/>"):
            raise Unusual
        self.root = root["tag"]
        self._root_name = root["name"]
        return match.end()

    def element(self, attributes: str, content: str) -> etree._Element:
        """Return an item as an element, for one that is not to be read as it stands."""
        from lxml import etree

        parser = etree.XMLParser(
            resolve_entities=False, no_network=True, load_dtd=False, remove_comments=True
        )
        name = self._item
        text = f"{self.root}<{name}{attributes}>{content}</{name}></{self._root_name}>"
        return etree.fromstring(text.encode(), parser)[0]


def plain_text(text: str) -> str:
    """Return a text as it stands in XML without references; raise `Unusual` for one that is not defined."""
    if "&" not in text:
        return text.replace("\r\n", "\n") if "\r" in text else text
    if _ENTITY.search(text):
        raise Unusual
    return unescape(text)
