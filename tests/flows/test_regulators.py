"""Who the local regulator is: told for a place where a page of its own names it, looked up everywhere else."""

from collections.abc import AsyncIterator

import pytest

from tests.channels.chats import TelegramChat, TerminalChat
from tests.telegram_server import TelegramServer
from tests.world import Chat, Press, World, converse

DIRECTORY = "https://cersapps.calepa.ca.gov/Public/Directory/"


@pytest.fixture(params=["dialogue", "terminal", "telegram"])
async def chat(request: pytest.FixtureRequest, world: World) -> AsyncIterator[Chat]:
    """Return somebody who talks by each channel in turn."""
    if request.param == "telegram":
        async with TelegramServer(quiet=0.05) as server:
            yield TelegramChat(world, server)
    else:
        yield TerminalChat(world) if request.param == "terminal" else Chat(world)


async def test_a_place_in_the_question_is_answered_at_once(chat: Chat) -> None:
    await converse(
        chat,
        [
            ("who is my CUPA in Bakersfield?", ("Bakersfield is in Kern County", "Kern Public Health", DIRECTORY)),
            ("and who is my CUPA in Fresno?", ("Fresno County", "rather not guess", DIRECTORY)),
            ("who regulates my shop in LA", ("one of these cities", "[Los Angeles]", "[Elsewhere in the county]")),
            (Press("Los Angeles"), ("LAFD", "lafdcupa@lacity.org", "November 21, 2026")),
        ],
    )


async def test_a_question_without_a_place_is_answered_and_the_place_may_follow(chat: Chat) -> None:
    await converse(
        chat,
        [
            ("what is a CUPA", ("Certified Unified Program Agency", DIRECTORY, "[Find my regulator]")),
            ("sanberdino", ("San Bernardino County", "San Bernardino County Fire")),
            ("what is a CUPA", "Certified Unified Program Agency"),
            (Press("Find my regulator"), "In which county or city"),
            ("San Bernadino county", "San Bernardino County Fire"),
        ],
    )


async def test_what_may_be_several_places_is_asked(chat: Chat) -> None:
    await converse(
        chat,
        [
            ("find my regulator", "In which county or city"),
            ("San Joaquin", ("Which of these", "[San Joaquin]", "[San Joaquin County]")),
            (Press("San Joaquin"), ("San Joaquin", "under Fresno County")),
            ("find my regulator", "In which county or city"),
            ("inland empire", ("[Riverside County]", "[San Bernardino County]")),
            ("2", "San Bernardino County Fire"),
        ],
    )


async def test_what_is_no_place_is_asked_again_and_the_way_out_is_open(world: World) -> None:
    await converse(
        Chat(world),
        [
            ("find my regulator", "In which county or city"),
            ("Las Vegas", ("no place of that name", "In which county or city")),
            ("Frisco", ("San Francisco County", DIRECTORY)),
        ],
    )


@pytest.mark.parametrize(
    ("said", "heard"),
    [
        ("Oxnard", "Oxnard Fire Department"),
        ("Hayward", ("names other places as its own", DIRECTORY)),
        ("Oakland", "For Oakland it is Alameda County Department of Environmental Health"),
        ("Alameda county", ("It names these places as its own", "San Lorenzo")),
        ("Monterey Park", "(323) 890-4000"),
        ("Hollywood", "LAFD"),
        ("placer", ("one of these cities", "[Roseville]")),
        ("Calaveras", "891 Mountain Ranch Rd, San Andreas"),
        ("Sacremento", "Sacramento County Environmental Management Department"),
    ],
)
async def test_the_answer_for_a_place_is_what_a_page_says(
    world: World, said: str, heard: str | tuple[str, ...]
) -> None:
    await converse(Chat(world), [("find my regulator", "In which county or city"), (said, heard)])


async def test_a_place_in_a_question_comes_between_the_questions_of_another_action(world: World) -> None:
    await converse(
        Chat(world),
        [
            ("recover my username", "What is the e-mail address"),
            ("who is my CUPA in Oxnard?", ("Oxnard Fire Department", "Back to: Recover my username", "e-mail address")),
            ("dana@example.org", "<characters>"),
        ],
    )


async def test_a_place_in_another_question_changes_nothing(world: World) -> None:
    await converse(
        Chat(world),
        [
            ("we opened a branch in Modesto, where does it go", lambda heard: "Stanislaus" not in heard),
            ("how do I reset my password in Oxnard?", lambda heard: "Oxnard Fire" not in heard),
        ],
    )


async def test_a_group_gets_the_public_answer(world: World) -> None:
    chat = Chat(world, private=False)
    await converse(chat, [("who is my CUPA in Oxnard?", "Certified Unified Program Agency")])
