"""The runbooks, rendered for the page of an alert. Their text is ours, and is treated as if it were not."""

from __future__ import annotations

from collections.abc import MutableMapping, Sequence
from typing import Annotated, Any
from urllib.parse import quote, urlencode

from fastapi import APIRouter, Path
from markdown_it import MarkdownIt
from markdown_it.renderer import RendererHTML
from markdown_it.token import Token
from markdown_it.utils import OptionsDict
from pydantic import BaseModel

from magacin.console.errors import UnknownRunbook
from magacin.console.state import Console

router = APIRouter(tags=["runbooks"])

Name = Annotated[str, Path(pattern=r"^[A-Za-z0-9]+$", max_length=100)]


class Runbook(BaseModel):
    """A runbook for the browser."""

    name: str
    title: str
    html: str


def render(name: str, text: str) -> Runbook:
    """Return a runbook as HTML that holds no markup but Markdown's own."""
    tokens = _MARKDOWN.parse(text)
    title = name
    if len(tokens) > 2 and tokens[0].type == "heading_open" and tokens[0].tag == "h1":
        title, tokens = tokens[1].content, tokens[3:]
    return Runbook(name=name, title=title, html=_MARKDOWN.renderer.render(tokens, _MARKDOWN.options, {}))


def _link(
    self: RendererHTML,
    tokens: Sequence[Token],
    index: int,
    options: OptionsDict,
    env: MutableMapping[str, Any],
) -> str:
    target = str(tokens[index].attrGet("href") or "")
    if target.endswith(".md") and "/" not in target:
        tokens[index].attrSet("href", f"/alerts/{quote(target.removesuffix('.md'))}")
    elif "://" in target:
        tokens[index].attrSet("target", "_blank")
        tokens[index].attrSet("rel", "noopener noreferrer")
    return self.renderToken(tokens, index, options, env)


def _fence(
    self: RendererHTML,
    tokens: Sequence[Token],
    index: int,
    options: OptionsDict,
    env: MutableMapping[str, Any],
) -> str:
    # A long line scrolls: with the keyboard only what can have the focus.
    html = RendererHTML.fence(self, tokens, index, options, env).replace("<pre>", '<pre tabindex="0">', 1)
    if tokens[index].info.strip() != "promql":
        return html
    query = urlencode({"expr": tokens[index].content.strip()})
    return f'{html}<p><a href="/explore?{query}">Ask this in Explore</a></p>\n'


_MARKDOWN = MarkdownIt("commonmark", {"html": False}).enable("table")
_MARKDOWN.add_render_rule("link_open", _link)
_MARKDOWN.add_render_rule("fence", _fence)


@router.get("/api/runbooks/{name}", summary="The runbook of an alert")
def runbook(console: Console, name: Name) -> Runbook:
    """Return what to do about an alert."""
    file = console.settings.runbooks_dir / f"{name}.md"
    try:
        return render(name, file.read_text(encoding="utf-8"))
    except FileNotFoundError:
        raise UnknownRunbook(f"There is no runbook for {name}.") from None
