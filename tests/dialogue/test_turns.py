"""What a turn does apart from flows: answers, choices, admitting, control words, groups, tickets, forgetting."""

import pytest

from bot.dialogue.messages import Incoming
from core.tables import AccountRequest, Challenge, Conversation, Message, Ticket
from tests.world import Characters, Chat, Press, Said, World, converse


async def test_a_question_is_answered_with_what_the_bot_can_do_about_it(chat: Chat) -> None:
    await converse(
        chat, [("I forgot my username. How do I get it back?", ("Business Portal Sign In", "[Recover my username]"))]
    )


async def test_an_offer_is_taken_by_press_by_number_by_label_by_yes_or_by_the_address_itself(world: World) -> None:
    ways: list[Said] = [Press("Recover my username"), "1", "recover my username", "yes please"]
    for number, said in enumerate(ways):
        chat = Chat(world, chat=f"chat {number}")
        await converse(
            chat, [("I forgot my username. How do I get it back?", "[Recover"), (said, "What is the e-mail address")]
        )
    await converse(
        Chat(world, chat="address"),
        [("I forgot my username. How do I get it back?", "[Recover"), ("it is dana@example.org", "<characters>")],
    )


async def test_a_related_question_is_one_press_away(chat: Chat) -> None:
    await converse(
        chat,
        [
            ("I forgot my username. How do I get it back?", "[I forgot my password. How do I reset it?]"),
            (Press("I forgot my password. How do I reset it?"), "[Reset my password]"),
        ],
    )


async def test_the_bot_admits_what_it_does_not_know_and_offers_a_person(chat: Chat) -> None:
    await converse(
        chat,
        [
            ("zxqv blorp wibble", ("I do not know that one", "[Talk to a person]")),
            ("blorp zxqv", "I still do not understand"),
            ("What may a CERS username look like?", "5 to 16"),
            ("wibble zxqv", "I do not know that one"),
        ],
    )


async def test_an_emergency_comes_first_even_in_the_middle_of_something(chat: Chat) -> None:
    await converse(chat, [("/person", "What happened?")])
    answer = await chat.says("There is a chemical spill right now, what do I do?")
    assert answer.index("911") < 200
    assert "What happened?" not in answer


async def test_every_command_answers(chat: Chat) -> None:
    await converse(
        chat,
        [
            ("/start", "I am the CERS support bot"),
            ("/help", "Type your question"),
            ("/menu", "[Reset my password]"),
            ("/language", "I speak only English"),
            ("/cancel", "nothing open"),
            ("/person", "What happened?"),
            ("/cancel", "Cancelled"),
            ("/status", "You have no tickets"),
            ("/forget", "Shall I?"),
            ("no", "stays as it is"),
            ("/HELP", "Type your question"),
            ("/start recover_username", "What is the e-mail address"),
        ],
    )


async def test_a_ticket_has_a_number_and_a_date_and_only_its_own_chat_sees_it(world: World, chat: Chat) -> None:
    await converse(
        chat,
        [
            ("/person", "What happened?"),
            ("The portal shows an error 500.", "tried"),
            ("skip", "telephone"),
            ("some day", "does not look like a telephone number"),
            ("no", "Shall I send it?"),
            (Press("Change it"), "What happened?"),
            ("The portal shows an error 503.", "tried"),
            ("reloaded", "telephone"),
            ("skip", ("error 503", "Shall I send it?")),
            ("yes", ("**1001**", "Wednesday, November 18, 2026")),
            ("/status", ("Ticket 1001", "open", "error 503", "Wednesday, November 18, 2026")),
        ],
    )
    await converse(Chat(world, chat="other"), [("/status", "You have no tickets")])


async def test_s3_a_group_hears_public_answers_only(world: World) -> None:
    group = Chat(world, chat="-100", private=False)
    await converse(
        group,
        [
            ("What may a CERS username look like?", lambda heard: "5 to 16" in heard and "[" not in heard),
            ("reset my password", "private chat"),
            ("/person", "private chat"),
            ("/status", "private chat"),
            ("/forget", "private chat"),
            ("/help", "everybody sees the answer"),
            ("dana@example.org", "private chat"),
            ("zxqv blorp", "I do not know that one"),
        ],
    )
    assert not world.rows(Message)
    assert not world.rows(Ticket)


async def test_forgetting_leaves_nothing_but_tickets(world: World, chat: Chat) -> None:
    await converse(
        chat,
        [
            ("recover my username", "address"),
            ("dana@example.org", "<characters>"),
            (Characters(), "is on its way"),
            ("/forget", "Shall I?"),
            ("yes", "remember nothing"),
        ],
    )
    assert not world.rows(Message)
    assert not world.rows(Challenge)
    assert not world.rows(AccountRequest)
    (conversation,) = world.rows(Conversation)
    assert "dana" not in str(conversation.state)


async def test_names_are_heard_in_any_case_and_with_punctuation(chat: Chat) -> None:
    await converse(chat, [("/person", "What happened?"), ("  CANCEL! ", "Cancelled"), ("Start over.", "nothing open")])


@pytest.mark.parametrize("depth", [6])
async def test_actions_stack_up_to_a_depth_and_come_back(chat: Chat, depth: int) -> None:
    actions = ["reset my password", "/person", "recover my username", "resend my activation email"]
    await converse(chat, [(action, "[Cancel]") for action in actions])
    await converse(chat, [("cancel", "Back to")] * (len(actions) - 1))
    await converse(chat, [("cancel", "Cancelled"), ("cancel", "nothing open")])
    assert depth > len(actions)


async def test_a_start_button_with_an_attachment_and_a_caption_reads_the_caption(chat: Chat) -> None:
    said = Incoming("", "", "", text="What may a CERS username look like?", attachment="photo")
    assert "5 to 16" in await chat.says(said)


@pytest.mark.parametrize(
    "said",
    [
        "i want to talk to a human being",
        "let me talk to a human being for gods sake",
        "get me a manager",
        "I need to talk to someone right now",
        "speak to a real person please",
        "can i talk with somebody",
        "i want to talk to human NOW",
        "agent please!!",
        "connect me with a customer service representative",
        "you are useless, i want a person",
        "get me your supervisor",
        "can somebody call me back",
    ],
)
async def test_a_person_is_had_for_the_asking(chat: Chat, said: str) -> None:
    await converse(chat, [(said, "What happened?")])


@pytest.mark.parametrize(
    "said",
    [
        "is the human resources person the one who signs the submittal",
        "a person who left has the login",
        "are you human",
        "I need to speak to my inspector about a violation",
    ],
)
async def test_who_only_speaks_of_people_is_not_taken_for_asking(chat: Chat, said: str) -> None:
    await converse(chat, [(said, lambda heard: "What happened?" not in heard)])


@pytest.mark.parametrize(
    ("said", "entry"),
    [
        ("account locked", "[Reset my password]"),
        ("what is cers", "California Environmental Reporting System"),
        ("our office manager quit and nobody knows the password", "request"),
    ],
)
async def test_what_strangers_asked_first_is_answered(chat: Chat, said: str, entry: str) -> None:
    await converse(chat, [(said, entry)])


async def test_a_number_is_an_answer_where_any_text_is_one(chat: Chat) -> None:
    await converse(
        chat,
        [
            ("/person", "What happened?"),
            ("The portal is down", "tried"),
            ("2", "telephone"),
            ("(916) 555-0100", "When is a good time"),
            ("3", ("Good time to call: 3", "Shall I send it?")),
        ],
    )
