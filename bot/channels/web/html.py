"""The bot's Markdown as HTML of the chat's page: paragraphs, lists and links, everything else escaped."""

import re
from functools import lru_cache
from html import escape

from markdown_it.token import Token

from bot.channels.markdown import tokens

# Addresses that stand in a text as they are; a masked one (an****se@example.org) is none.
_ADDRESS = re.compile(
    r"(?P<page>https?://[^\s<>\"]*[^\s<>\".,;:!?)'])|(?<![\w*.+-])(?P<mail>[\w.+-]+@[\w-]+(?:\.[\w-]+)+)"
)
_LINKED = ("https://", "http://", "mailto:")
_TAGS = {
    "heading_open": "<p><strong>",
    "heading_close": "</strong></p>",
    "bullet_list_open": "<ul>",
    "bullet_list_close": "</ul>",
    "ordered_list_close": "</ol>",
    "list_item_open": "<li>",
    "list_item_close": "</li>",
    "blockquote_open": "<blockquote>",
    "blockquote_close": "</blockquote>",
    "hr": "<hr>",
    "strong_open": "<strong>",
    "strong_close": "</strong>",
    "em_open": "<em>",
    "em_close": "</em>",
    "softbreak": " ",
    "hardbreak": "<br>",
}


@lru_cache(maxsize=512)  # the same answers again and again
def markdown_html(text: str) -> str:
    """Return the Markdown `text` as HTML that holds nothing but text, paragraphs, lists, emphasis and links."""
    return "".join(map(_block, tokens(text)))


def plain_html(text: str) -> str:
    """Return a text that is no Markdown, such as what a person typed, with its lines as they stand."""
    return "<br>".join(map(escape, text.split("\n")))


def _block(token: Token) -> str:
    match token.type:
        case "paragraph_open" | "paragraph_close":
            return "" if token.hidden else "<p>" if token.nesting > 0 else "</p>"
        case "ordered_list_open":
            return f'<ol start="{int(token.attrs.get("start", 1))}">'
        case "inline":
            return _inline(token.children or [])
        case "fence" | "code_block":
            return f"<pre>{escape(token.content)}</pre>"
        case _:
            return _TAGS.get(token.type, "")


def _inline(children: list[Token]) -> str:
    made: list[str] = []
    links: list[bool] = []  # of the links that are open, whether they are shown as links
    for token in children:
        match token.type:
            case "link_open":
                href = str(token.attrGet("href") or "")
                links.append(href.startswith(_LINKED))
                made.append(_link(href) if links[-1] else "")
            case "link_close":
                made.append("</a>" if links.pop() else "")
            case "text":
                made.append(escape(token.content) if any(links) else _with_links(token.content))
            case "code_inline":
                made.append(f"<code>{escape(token.content)}</code>")
            case _:
                made.append(_TAGS.get(token.type, escape(token.content)))
    return "".join(made)


def _with_links(text: str) -> str:
    made, place = [], 0
    for found in _ADDRESS.finditer(text):
        address = found.group()
        href = f"mailto:{address}" if found["mail"] else address
        made += [escape(text[place : found.start()]), _link(href), escape(address), "</a>"]
        place = found.end()
    return "".join([*made, escape(text[place:])])


def _link(href: str) -> str:
    return f'<a href="{escape(href)}" rel="noopener noreferrer">'
