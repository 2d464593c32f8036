"""Buttons are laid out for a phone, and a failed call says what it means for the outbox."""

from datetime import timedelta

import pytest
from telegram.error import (
    BadRequest,
    ChatMigrated,
    Conflict,
    Forbidden,
    InvalidToken,
    NetworkError,
    RetryAfter,
    TelegramError,
    TimedOut,
)

from bot.channels.telegram.sending import failure, rows
from bot.dialogue.messages import Button


def labels(*given: str) -> list[list[str]]:
    buttons = [Button(label, str(number)) for number, label in enumerate(given)]
    return [[button.text for button in row] for row in rows(buttons)]


def test_short_labels_stand_two_in_a_row_and_long_ones_alone() -> None:
    assert labels("Yes", "No") == [["Yes", "No"]]
    assert labels("Back", "I forgot my username", "Cancel", "Help") == [
        ["Back"],
        ["I forgot my username"],
        ["Cancel", "Help"],
    ]
    assert labels() == []


@pytest.mark.parametrize("count", [9, 16, 17, 30, 64])
def test_there_are_never_more_than_8_rows(count: int) -> None:
    for label in ("Yes", "A label of more than 16 letters"):
        laid = labels(*[label] * count)
        assert len(laid) <= 8
        assert sum(map(len, laid)) == count
        assert max(map(len, laid)) <= 8


def test_a_label_loses_what_telegram_would_not_show() -> None:
    assert labels("A\nline\u202e \x00break", "\u200b") == [["A line break", "…"]]


def test_data_that_telegram_would_refuse_is_a_fault_of_the_program() -> None:
    assert rows([Button("Yes", "x" * 64)])
    for data in ("", "x" * 65, "ü" * 33):
        with pytest.raises(ValueError, match="64 bytes"):
            rows([Button("Yes", data)])


@pytest.mark.parametrize(
    ("error", "permanent", "retry_after"),
    [
        (Forbidden("Forbidden: bot was blocked by the user"), True, None),
        (BadRequest("Chat not found"), True, None),
        (ChatMigrated(-100), True, None),
        (RetryAfter(timedelta(seconds=7)), False, 7.0),
        (TimedOut(), False, None),
        (NetworkError("Bad Gateway"), False, None),
        (InvalidToken("Unauthorized"), False, None),
        (Conflict("Conflict"), False, None),
    ],
)
def test_a_failure_says_whether_to_try_again(error: TelegramError, permanent: bool, retry_after: float | None) -> None:
    failed = failure(error)
    assert (failed.permanent, failed.retry_after) == (permanent, retry_after)
