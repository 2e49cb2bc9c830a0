"""Which kind of markup a text is: two of them are sold as .xls."""

from __future__ import annotations

import re

_BEFORE = re.compile(
    rb"\s*(?:<\?.*?\?>|<!--.*?-->|<!doctype[^>\[]*(?:\[.*?\]\s*)?>)", re.DOTALL | re.IGNORECASE
)
_TAG = re.compile(rb"\s*<(?:[\w.-]+:)?([a-zA-Z][\w.-]*)")


def first_tag(head: bytes) -> str:
    """Return the name of a text's first element, in small and without prefix; "" where it is no markup."""
    text = head.replace(b"\0", b"").lstrip(b"\xef\xbb\xbf\xff\xfe")
    while (match := _BEFORE.match(text)) is not None:
        text = text[match.end() :]
    tag = _TAG.match(text)
    return tag[1].decode("ascii").casefold() if tag else ""
