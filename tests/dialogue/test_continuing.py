"""Going on elsewhere: a code moves a conversation to another chat, once, with all that is open in it."""

import pytest

from bot.desk.help_desk import Written
from bot.dialogue.messages import Copied, Incoming
from core import rules, verification
from core.continuing import CODE
from core.tables import AccountRequest, AuditEvent, Challenge, Conversation, FollowUp, Message, Ticket
from core.tickets import id_of
from tests.asking import RECOVER
from tests.channels.web_chat import WebChat
from tests.channels.web_page import ChatPage
from tests.desk.office import Office, Person, ask_for_person
from tests.stored import stored
from tests.world import Characters, Chat, Press, Wait, World, converse

QUESTION = "What may a CERS username look like?"


@pytest.fixture
def there(world: World) -> Chat:
    """Return the same person elsewhere."""
    return Chat(world, chat="99", channel="telegram")


async def code_of(chat: Chat) -> str:
    """Let somebody ask for a code; return it as it is shown."""
    assert "<continuation>" in await chat.says("/continue")
    newest = chat.world.rows(Challenge)[-1]
    return verification.shown(chat.world.keys, newest.kind, verification.reference(newest))


async def test_what_was_begun_goes_on_there_and_the_old_chat_says_so(world: World, chat: Chat, there: Chat) -> None:
    await converse(chat, RECOVER)
    await converse(
        there,
        [
            (await code_of(chat), ("goes on here", "<characters>", "[Hear them]", "[Back]")),
            (Characters(), "is on its way"),
        ],
    )
    await converse(chat, [(Wait(0), "has moved to Telegram"), ("cancel", "There is nothing open")])
    assert [row.kind for row in world.rows(AccountRequest)] == ["recover_username"]


async def test_a_verification_that_was_shown_before_is_good_there(world: World, chat: Chat, there: Chat) -> None:
    await converse(chat, RECOVER)
    picture = world.rows(Challenge)[-1]
    code = await code_of(chat)
    await there.says(code)
    assert "is on its way" in await there.says(
        verification.shown(world.keys, picture.kind, verification.reference(picture))
    )


async def test_back_leads_through_answers_that_were_given_before(chat: Chat, there: Chat) -> None:
    await converse(chat, [("/person", "What happened?"), ("It says no", "tried"), ("Nothing", "telephone")])
    await converse(there, [(await code_of(chat), "telephone"), ("back", "tried"), ("back", "What happened?")])


async def test_tickets_follow_ups_and_the_transcript_come_along(world: World, chat: Chat, there: Chat) -> None:
    number = await ask_for_person(chat)
    await converse(chat, [*RECOVER, (Characters(), "is on its way")])
    await there.says("hello")
    lines = len(world.rows(Message))
    code = await code_of(chat)
    await converse(there, [(code, "goes on here"), ("/status", str(number)), (Wait(16), "Did it come?")])
    await converse(chat, [("/status", "You have no tickets")])
    new = {row.channel: row.id for row in world.rows(Conversation)}["telegram"]
    assert {row.conversation_id for row in world.rows(Ticket)} == {new}
    assert {row.conversation_id for row in world.rows(FollowUp)} == {new}
    assert [row.conversation_id for row in world.rows(Message)][:lines] == [new] * lines


async def test_what_was_open_there_already_waits_beneath(chat: Chat, there: Chat) -> None:
    await converse(there, [("reset my password", "your username")])
    await converse(chat, [("recover my username", "e-mail address of your account")])
    await converse(
        there,
        [
            (await code_of(chat), ("goes on here", "e-mail address of your account")),
            ("cancel", ("Cancelled: Recover my username", "Back to: **Reset my password**")),
        ],
    )


async def test_the_language_comes_along(world: World, chat: Chat, there: Chat) -> None:
    await there.says(await code_of(chat))
    assert {row.language for row in world.rows(Conversation)} == {"en"}


async def test_staff_who_have_the_chat_have_it_there_and_answer_there(world: World) -> None:
    office = Office(world)
    ana = office.hire("Ana")
    chat, there = Person(world), Person(world, "99")
    number = await ask_for_person(chat)
    office.writes(ana, number, "Which page?")
    await chat.hears()
    await chat.says("/continue")
    newest = world.rows(Challenge)[-1]
    await there.says("/continue " + verification.shown(world.keys, newest.kind, verification.reference(newest)))
    office.writes(ana, number, "And which browser?")
    assert "And which browser?" in await there.hears()
    assert "browser" not in await chat.hears()
    assert await there.says("Firefox") == "", "the bot is quiet"
    assert "reply" in office.kinds(number)
    assert "person_wrote" in office.kinds(number)
    office.database.close()


async def test_what_was_sent_beside_text_stands_in_words_on_the_web(world: World) -> None:
    office = Office(world)
    ana = office.hire("Ana")
    chat, web = Person(world, "99", "telegram"), WebChat(world)
    number = await ask_for_person(chat)
    last = office.history(number)[-1].id
    office.desk.reply(
        ana, id_of(number), Written("Press **this**", "key", last, copied=Copied("telegram", "-5", "7"), kind="photo")
    )
    await chat.hears()
    await chat.says(Incoming("telegram", "99", "a file", attachment="document"))
    await web.says("hello")
    await web.says(await code_of(chat))
    said = [each.text.strip() for each in web.page.bubbles]
    assert "[a picture] Press this" in " ".join(said)
    assert any(each.endswith("[a file]") for each in said)
    assert not [each for each in said if "[photo]" in each or "[document]" in each]
    office.database.close()


@pytest.mark.parametrize(
    "way",
    ["{}", "/continue {}", "/start {}", "  {} ", "the code is /continue"],
    ids=["alone", "command", "link to Telegram", "spaces", "no code"],
)
async def test_the_ways_to_type_it(chat: Chat, there: Chat, way: str) -> None:
    code = await code_of(chat)
    typed = way.format(code.lower().replace("-", " ", 2).replace(" ", "-", 1))
    assert ("goes on here" in await there.says(typed)) == ("{}" in way)


async def test_a_code_works_once_for_minutes_and_only_the_newest_does(world: World, chat: Chat, there: Chat) -> None:
    first = await code_of(chat)
    second = await code_of(chat)
    await converse(there, [(first, "does not work"), (second, "goes on here"), (second, "does not work")])
    third = await code_of(there)
    world.later(rules.CONTINUE_MINUTES)
    await converse(chat, [(third, "does not work")])


async def test_a_code_of_this_chat_an_unknown_and_a_mistyped_one_are_refused_alike(chat: Chat, there: Chat) -> None:
    code = await code_of(chat)
    number = code.partition("-")[0]
    own = await chat.says(code)
    wrong = await there.says(f"{number}-CCCCC-CCCCC")
    unknown = await there.says("999999999-CCCCC-CCCCC")
    assert own == wrong == unknown
    assert "goes on here" in await there.says(code), "a stranger's guesses do not end it"


async def test_guesses_are_counted_before_anything_is_compared(chat: Chat, there: Chat) -> None:
    code = await code_of(chat)
    number = code.partition("-")[0]
    for _ in range(rules.CHAT_CONTINUATIONS_AN_HOUR):
        assert "does not work" in await there.says(f"{number}-CCCCC-CCCCC")
    assert "too often" in await there.says(code)


async def test_g4_the_code_lies_nowhere_while_it_can_be_used(world: World, chat: Chat, there: Chat) -> None:
    code = await code_of(chat)
    assert CODE.fullmatch(code)
    await there.says(f"what do I do with {code} please?")
    kept = stored(world.database())
    assert code.encode() not in kept
    assert code.rpartition("-")[2].encode() not in kept
    assert "goes on here" in await there.says(code)
    assert "conversation.moved" in [row.event for row in world.rows(AuditEvent)]


async def test_s3_a_group_takes_no_code(world: World, chat: Chat) -> None:
    group = Chat(world, chat="-5", private=False)
    code = await code_of(chat)
    await converse(group, [(code, "between us"), ("/continue", "between us")])
    assert {row.kind for row in world.rows(Challenge) if row.consumed_at} == set()


async def test_from_the_web_to_telegram_and_back(world: World, there: Chat) -> None:
    web = WebChat(world, telegram="cers_test_bot")
    await converse(web, RECOVER)
    await web.says(Press("Continue on Telegram"))
    link = web.page.links["Open in Telegram"]
    assert link.startswith("https://t.me/cers_test_bot?start=")
    await converse(there, [("/start " + link.partition("=")[2], ("goes on here", "<characters>"))])
    assert "has moved to Telegram" in await web.looks()
    assert [each.author for each in web.page.bubbles] == ["bot", "bot"], "the greeting, and where it went"
    code = await code_of(there)
    async with web._browser() as browser:
        landed = ChatPage((await browser.get(f"/?continue={code}")).text)
        assert world.rows(Challenge)[-1].consumed_at is None, "opening the link changes nothing"
    await web.posts(landed.buttons["Go on here with the conversation that began elsewhere"])
    assert "dana@example.org" in [each.text.strip().removeprefix("You:") for each in web.page.bubbles]
    await converse(web, [(Characters(), "is on its way")])
    await converse(there, [(Wait(0), "has moved to the web page")])
