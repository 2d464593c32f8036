"""The chat's HTML: the bot's Markdown as paragraphs, lists and links, and nothing that runs, loads or breaks out."""

from html.parser import HTMLParser

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.channels.web.html import markdown_html, plain_html

ALLOWED = {"p", "ul", "ol", "li", "strong", "em", "code", "pre", "br", "hr", "a", "blockquote"}
MARKS = st.text(alphabet="*_`[]()<>!#-+.1&\"'\\ \n\tab:/@hptsjavcript", max_size=80)


class Strict(HTMLParser):
    """Takes only well-formed HTML of the allowed tags."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.text = ""
        self.links: list[str] = []
        self._open: list[str] = []
        self.feed(text)
        self.close()
        assert self._open == []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        """Take a tag."""
        assert tag in ALLOWED
        assert {name for name, _ in attrs} <= ({"href", "rel"} if tag == "a" else {"start"} if tag == "ol" else set())
        self.links += [value or "" for name, value in attrs if name == "href"]
        if tag not in {"br", "hr"}:
            self._open.append(tag)

    def handle_endtag(self, tag: str) -> None:
        """Take its end."""
        assert self._open.pop() == tag

    def handle_data(self, data: str) -> None:
        """Take text."""
        self.text += data


@pytest.mark.parametrize(
    ("markdown", "html"),
    [
        ("**bold** and *soft*", "<p><strong>bold</strong> and <em>soft</em></p>"),
        ("one\n\ntwo", "<p>one</p><p>two</p>"),
        ("- a\n- b", "<ul><li>a</li><li>b</li></ul>"),
        ("3. a\n4. b", '<ol start="3"><li>a</li><li>b</li></ol>'),
        ("# Heading", "<p><strong>Heading</strong></p>"),
        ("a  \nb", "<p>a<br>b</p>"),
        ("<b onclick=x>&", "<p>&lt;b onclick=x&gt;&amp;</p>"),
        ("![picture](https://evil.example/x.png)", "<p>picture</p>"),
        (
            "[here](https://example.org/a?b=1&c=2)",
            '<p><a href="https://example.org/a?b=1&amp;c=2" rel="noopener noreferrer">here</a></p>',
        ),
        ("[x](javascript:alert(1))", "<p>[x](javascript:alert(1))</p>"),
        ("[x](/relative)", "<p>x</p>"),
        (
            "see https://example.org/a_b_c.",
            '<p>see <a href="https://example.org/a_b_c" rel="noopener noreferrer">https://example.org/a_b_c</a>.</p>',
        ),
        (
            "to help@example.org now",
            '<p>to <a href="mailto:help@example.org" rel="noopener noreferrer">help@example.org</a> now</p>',
        ),
        ("d\\*\\*\\*\\*@example.org", "<p>d****@example.org</p>"),
        ("an\\*\\*\\*\\*se@example.org", "<p>an****se@example.org</p>"),
    ],
)
def test_markdown_becomes_html(markdown: str, html: str) -> None:
    assert markdown_html(markdown) == html


def test_what_a_person_typed_is_text_with_its_lines() -> None:
    assert plain_html("<i>a</i>\n**b**") == "&lt;i&gt;a&lt;/i&gt;<br>**b**"


@given(MARKS)
def test_whatever_is_written_the_html_is_whole_and_harmless(text: str) -> None:
    for html in (markdown_html(text), plain_html(text)):
        links = Strict(html).links
        assert all(each.startswith(("https://", "http://", "mailto:")) for each in links)
