"""An answer that did not help: a button or words say so, and what comes nearest, or a person, is offered instead."""

import pytest

from tests.world import Chat, Press, converse, library

KNOWN = "I forgot my username. How do I get it back?"
DID_NOT = "That did not help"


def other_questions(chat: Chat) -> list[str]:
    """Return the questions of the knowledge that are offered last."""
    questions = {entry.question for entry in library().language("en").entries.values()}
    return [button.label for reply in chat.replies for button in reply.buttons if button.label in questions]


@pytest.mark.parametrize("said", [Press(DID_NOT), "that didn't help"])
async def test_what_comes_nearest_and_a_person_are_offered_and_other_words_asked_for(
    chat: Chat, said: Press | str
) -> None:
    await converse(
        chat,
        [
            (KNOWN, ("username", f"[{DID_NOT}]")),
            (said, ("sorry that this did not help", "in other words", "[Talk to a person]")),
        ],
    )
    nearest = other_questions(chat)
    assert 1 <= len(nearest) <= 2
    assert library().language("en").entries["forgot_username"].question not in nearest
    await converse(chat, [(Press(nearest[0]), f"[{DID_NOT}]")])


async def test_after_a_choice_the_others_that_were_offered_come_next(chat: Chat) -> None:
    await chat.says("email")
    first, *others = other_questions(chat)
    await converse(chat, [(Press(first), f"[{DID_NOT}]"), (Press(DID_NOT), "in other words")])
    assert other_questions(chat) == others[:2]


async def test_what_came_nearest_to_an_earlier_answer_is_forgotten(chat: Chat) -> None:
    await converse(chat, [(KNOWN, "username"), ("thank you", "welcome"), (DID_NOT, "in other words")])
    assert other_questions(chat) == []


@pytest.mark.parametrize("said", ["thank you", "help me, there is a chemical spill", "zxqv blorp wibble", "/help"])
async def test_what_is_no_answer_is_not_asked_about(chat: Chat, said: str) -> None:
    assert DID_NOT not in await chat.says(said)


async def test_an_open_question_stays_open(chat: Chat) -> None:
    await converse(
        chat,
        [
            ("recover my username", "e-mail address of your account"),
            ("What may a CERS username look like?", (f"[{DID_NOT}]", "e-mail address of your account")),
            (Press(DID_NOT), ("in other words", "e-mail address of your account")),
        ],
    )
