"""Markdown becomes Telegram HTML that always parses, in messages that always fit, and text for a terminal."""

import unicodedata

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from bot.channels.markup import ANSI_BOLD, label, telegram_html, terminal, units
from tests.telegram_html import CannotParse, Entity, read_html

PIECES = st.sampled_from(
    [
        *("**", "*", "_", "`", "[", "](", ")", "![", "\\", "<", ">", "<b>", "</b>", "<!--", "]]>", '"'),
        *("&", "&amp;", "&#x202e;", "&#0;", "https://x.example.org/_a_b*c", "http:", "://", "mailto:a@example.org"),
        *("javascript:x", "tg://user?id=1", "😀", "👩‍👩‍👧", "é", "\U0002ebe1", "word", "a" * 60),
        *("\n", "\n\n", "- ", "1. ", "999999999. ", "> ", "# ", "    ", "```\n", "---\n", "\t", " "),
        *("\x00", "\x1b[1m", "\r", "\u2028", "\ud83d", "\u202e", "\u200b"),
    ]
)
MARKDOWN = st.lists(PIECES | st.text(max_size=8), max_size=60).map("".join)


@given(MARKDOWN)
@example("[" * 500)
@example("[**a**](https://example.org/?a=\"<b>'&b=1)")
def test_whatever_is_said_telegram_can_parse_it_and_sees_something_in_it(text: str) -> None:
    for html in telegram_html(text):
        seen, _ = read_html(html)
        assert seen.strip()
        html.encode()


@given(MARKDOWN, st.integers(8, 200))
@example("a" * 50 + "😀" * 50, 9)
def test_every_message_fits_and_no_word_is_lost(text: str, limit: int) -> None:
    prefixes = 4 * text.count(">") + text.count("- ") * 3 + text.count(". ") * 12
    whole = telegram_html(text, 10**9)
    parts = telegram_html(text, limit + prefixes)
    assert all(len(read_html(part)[0].encode("utf-16-le")) // 2 <= limit + prefixes for part in parts)
    if not prefixes:
        seen = ["".join(read_html(part)[0] for part in version).split() for version in (whole, parts)]
        assert "".join(seen[0]) == "".join(seen[1])


@given(MARKDOWN, st.integers(10, 100))
def test_a_terminal_gets_no_control_characters(text: str, width: int) -> None:
    shown = terminal(text, width)
    assert not any(char != "\n" and unicodedata.category(char) == "Cc" for char in shown)
    shown.encode()


@given(st.text())
def test_a_label_is_one_visible_line(text: str) -> None:
    assert label(text).strip()
    assert "\n" not in label(text)


@pytest.mark.parametrize(
    "html",
    [
        *("<b>", "</b>", "<b><i></b></i>", "<p>x</p>", "a < b", "a > b", "a & b", "&nbsp;", "<a>x</a>", "<b>\x01</b>"),
        *('<a href="x>y">x</a>', "<b><code>x</code></b>", "<code><b>x</b></code>", "<br>", "<B>x</B>"),
    ],
)
def test_the_parser_of_the_tests_is_strict(html: str) -> None:
    with pytest.raises(CannotParse):
        read_html(html)


def test_the_parser_of_the_tests_reads_what_is_right() -> None:
    text, entities = read_html('a <b>b <i>c</i></b> &lt;&#39;&#x41; <a href="https://example.org/?a&amp;b">d</a>')
    assert text == "a b c <'A d"
    assert entities == [Entity("b", 2, 5), Entity("i", 4, 5), Entity("a", 10, 11, "https://example.org/?a&b")]


def test_bold_lists_and_paragraphs_look_as_meant() -> None:
    answer = "Recover **that account**:\n\n1. Go to the portal.\n2. Use *this*:\n   - one\n   - two\n\nA < B & C"
    assert telegram_html(answer) == [
        "Recover <b>that account</b>:\n\n"
        "1. Go to the portal.\n2. Use <i>this</i>:\n   • one\n   • two\n\n"
        "A &lt; B &amp; C"
    ]
    assert terminal(answer, 72) == (
        "Recover that account:\n\n1. Go to the portal.\n2. Use this:\n   • one\n   • two\n\nA < B & C"
    )
    assert terminal("**a** b", 72, ANSI_BOLD, "-") == "\x1b[1ma\x1b[22m b"


def test_an_address_stays_whole_and_literal() -> None:
    address = "https://bot.example.org/activate/12-_ab_-*x"
    assert telegram_html("Open https://bot.example.org/reset/12-_ab_-_c_ now.") == [
        "Open https://bot.example.org/reset/12-_ab_-_c_ now."
    ]
    assert telegram_html("**https://example.org/_a_**") == ["<b>https://example.org/_a_</b>"]
    assert telegram_html(f"<{address}>") == [address]
    assert telegram_html("[the portal](https://example.org/a?b&c)") == [
        '<a href="https://example.org/a?b&amp;c">the portal</a>'
    ]
    assert terminal("[the **portal**](https://example.org/a) is open", 72) == (
        "the portal (https://example.org/a) is open"
    )
    assert telegram_html("[x](javascript:alert) [y](tg://user?id=1)") == ["[x](javascript:alert) y"]


def test_a_long_text_is_cut_between_paragraphs_then_lines_then_words() -> None:
    paragraph = "word " * 500
    parts = telegram_html(f"{paragraph}\n\n{paragraph}\n\nend")
    assert [len(part.split("\n\n")) for part in parts] == [1, 2]

    items = "\n".join(f"- item {number} " + "x" * 80 for number in range(80))
    parts = telegram_html(f"before\n\n{items}\n\nafter")
    assert len(parts) > 1
    assert all(line.startswith("• item") for part in parts for line in part.split("\n") if "item" in line)

    parts = telegram_html("**" + "bold " * 2000 + "end**")
    assert all(part.startswith("<b>bold") and part.endswith("</b>") for part in parts)
    assert all(units(read_html(part)[0]) <= 4096 for part in parts)


def test_100_000_characters_without_a_space_are_cut() -> None:
    parts = telegram_html("😀" * 50_000)
    assert "".join(parts) == "😀" * 50_000
    assert all(units(part) <= 4096 for part in parts)


def test_nothing_visible_is_no_message() -> None:
    assert telegram_html(" \n\u200b\u2800 ") == []
    assert label("\x00 \u200b") == "…"


def test_a_terminal_wraps_words_and_indents_lists() -> None:
    shown = terminal("- one two three four five\n- https://example.org/very/long/address/that/does/not/fit", 14)
    assert shown == "• one two\n  three four\n  five\n• https://example.org/very/long/address/that/does/not/fit"
