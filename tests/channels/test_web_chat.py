"""The web chat: private to its cookie, each form once, nothing lost, nothing secret kept, whatever is sent."""

from dataclasses import replace

import pytest
from httpx2 import AsyncClient

from core import limits, rules
from core.tables import Budget, Challenge, Conversation, Message, Owed
from core.verification import row_of
from tests.channels.web_chat import WebChat, opened
from tests.channels.web_page import ChatPage
from tests.desk.office import Office, ask_for_person
from tests.stored import stored
from tests.world import Characters, Press, Wait, World, converse

QUESTION = "What may a CERS username look like?"


@pytest.fixture
def chat(world: World) -> WebChat:
    """Return somebody with a browser."""
    return WebChat(world)


async def looked(browser: AsyncClient) -> ChatPage:
    """Return the page as it stands."""
    return ChatPage((await browser.get("/")).text)


async def test_replies_stand_on_the_page_as_soon_as_they_are_committed(chat: WebChat) -> None:
    assert "5 to 16" in await chat.says(QUESTION)
    assert chat.rows(Owed) == 0, "nothing has to be sent, so nothing can be lost"
    assert [each.author for each in chat.page.bubbles] == ["bot", "person", "bot"]


async def test_the_conversation_is_remembered_by_a_cookie_that_no_script_and_no_other_site_gets(world: World) -> None:
    async with opened(world, address="https://support.example.org") as browser:
        answer = await browser.get("/")
    cookie = answer.headers["set-cookie"]
    assert cookie.startswith("__Host-chat=")
    assert {"HttpOnly", "SameSite=lax", "Path=/", "Secure"} <= set(cookie.split("; "))
    assert world.rows(Conversation) == [], "who only looks leaves nothing"


async def test_a_stolen_database_opens_no_chat(world: World, chat: WebChat) -> None:
    await chat.says(QUESTION)
    (token,) = chat.cookies.values()
    assert token.encode() not in stored(world.database())
    (conversation,) = world.rows(Conversation)
    async with opened(world) as thief:
        thief.cookies.set("chat", conversation.chat)
        assert [each.id for each in (await looked(thief)).bubbles] == ["greeting"]


async def test_nobody_else_sees_the_conversation_or_its_pictures(world: World, chat: WebChat) -> None:
    await chat.says("recover my username")
    await chat.says("dana@example.org")
    picture = chat._picture()
    assert picture is not None
    async with chat._browser() as own:
        shown = await own.get(f"/chat/picture/{row_of(picture.challenge)}")
        assert (shown.status_code, shown.headers["content-type"]) == (200, "image/png")
        assert shown.headers["cache-control"].startswith("private")
        assert (await own.get(f"/chat/sound/{row_of(picture.challenge)}")).status_code == 404, "it is no sound"
    async with opened(world) as other:
        assert [each.id for each in (await looked(other)).bubbles] == ["greeting"]
        assert (await other.get(f"/chat/picture/{row_of(picture.challenge)}")).status_code == 404
        assert (await other.get("/chat/picture/99999999999999")).status_code == 404


async def test_what_was_passed_is_shown_no_more(chat: WebChat) -> None:
    await converse(chat, [("recover my username", "address"), ("dana@example.org", "<characters>")])
    picture = chat._picture()
    assert picture is not None
    await chat.says(Characters())
    async with chat._browser() as own:
        assert (await own.get(f"/chat/picture/{row_of(picture.challenge)}")).status_code == 404


async def test_sounds_are_given_in_parts_as_some_browsers_want_them(chat: WebChat) -> None:
    await converse(chat, [("recover my username", "address"), ("dana@example.org", "<characters>")])
    await converse(chat, [(Press("Hear them"), "<spoken>")])
    picture = chat._picture()
    assert picture is not None
    path = f"/chat/sound/{row_of(picture.challenge)}"
    async with chat._browser() as own:
        whole = await own.get(path)
        part = await own.get(path, headers={"Range": "bytes=0-1"})
        end = await own.get(path, headers={"Range": "bytes=-4"})
        beyond = await own.get(path, headers={"Range": "bytes=99999999-"})
    assert whole.content[:4] == b"RIFF"
    assert (part.status_code, part.content) == (206, b"RI")
    assert part.headers["content-range"] == f"bytes 0-1/{len(whole.content)}"
    assert end.content == whole.content[-4:]
    assert beyond.status_code == 416


async def test_only_the_last_buttons_are_on_the_page_and_old_or_forged_ones_do_nothing(chat: WebChat) -> None:
    await chat.says("recover my username")
    old = chat.page.bubbles[-1].buttons["Cancel"]
    await chat.says("/person")
    assert [each.id for each in chat.page.bubbles if "Cancel" in each.buttons] == [chat.page.bubbles[-1].id]
    for data in (old["button"], "s1.9", "s9.0", "x"):
        await chat.posts({**chat.page.fields, "button": data})
        assert "belongs to an earlier message" in chat._heard()
    assert "What happened?" in chat._heard(), "the open question is asked again"


async def test_a_form_that_comes_twice_is_one_message_and_another_text_is_another(chat: WebChat) -> None:
    await chat.looks()
    form = {**chat.page.fields, "text": QUESTION}
    await chat.posts(form)
    await chat.posts({**form, "text": "And what may a password look like?"})
    assert [row.author for row in chat.world.rows(Message)] == ["person", "bot"] * 2


async def test_a_password_is_taken_out_and_told(world: World, chat: WebChat) -> None:
    heard = await chat.says("my password is Tr0ub4dor&3 and it does not work")
    assert "looks like a password" in heard
    assert b"Tr0ub4dor" not in stored(world.database())
    assert "Tr0ub4dor" not in str([each.text for each in chat.page.bubbles])


async def test_forgetting_leaves_an_empty_page_that_says_so(world: World, chat: WebChat) -> None:
    await chat.says(QUESTION)
    assert "Shall I?" in await chat.says("/forget")
    assert "remember nothing" in await chat.says("yes")
    assert world.rows(Message) == []
    assert [each.author for each in chat.page.bubbles] == ["bot", "person", "bot"]
    await chat.says(QUESTION)
    assert "remember nothing" not in str([each.text for each in chat.page.bubbles])


async def test_leaving_a_chat_makes_the_browser_forget_it(chat: WebChat) -> None:
    await chat.says(QUESTION)
    async with chat._browser() as browser:
        assert (await browser.post("/chat/leave", data={"csrf": "not ours"})).status_code == 403
        left = await browser.post("/chat/leave", data=chat.page.fields)
    assert (left.status_code, left.headers["location"]) == (303, "/")
    assert left.headers["set-cookie"].startswith('chat=""; ')
    assert "Max-Age=0" in left.headers["set-cookie"]


async def test_staff_and_their_notices_reach_the_page(world: World, chat: WebChat) -> None:
    office = Office(world)
    ana = office.hire("Ana")
    number = await ask_for_person(chat)
    office.writes(ana, number, "Which **page** says no? See https://example.org/help.")
    heard = await chat.looks()
    assert "Ana of the help desk has your ticket" in heard
    assert "Which page says no?" in heard
    assert chat.page.bubbles[-1].author == "staff"
    assert chat.page.links["https://example.org/help"] == "https://example.org/help"
    assert "I am back" not in await chat.says("The first one"), "the bot is quiet"
    await chat.says(Wait(1))
    assert {row.outcome for row in world.rows(Owed)} == {"sent"}


@pytest.mark.parametrize(
    ("changed", "status", "told"),
    [
        ({"csrf": "x" * 32}, 403, "older than your chat"),
        ({"csrf": ""}, 403, "older than your chat"),
        ({"key": "x"}, 422, "not as this page makes it"),
        ({"key": "x" * 65}, 422, "not as this page makes it"),
        ({"button": "x" * 65}, 422, "not as this page makes it"),
        ({"other": "x"}, 422, "not as this page makes it"),
        ({"text": "   "}, 422, "Type a message first"),
        ({"text": "long " * 2000}, 422, "10000 characters of at most 4096"),
    ],
    ids=str,
)
async def test_a_form_that_is_not_right_changes_nothing_and_keeps_what_was_typed(
    world: World, chat: WebChat, changed: dict[str, str], status: int, told: str
) -> None:
    await chat.says(QUESTION)
    lines = len(world.rows(Message))
    async with chat._browser() as browser:
        answer = await browser.post("/", data={**chat.page.fields, "text": "Is this kept?", **changed})
    page = ChatPage(answer.text)
    assert answer.status_code == status
    assert told in page.wrong
    assert page.typed.strip() == changed.get("text", "Is this kept?").strip()
    assert [each.id for each in page.bubbles] == [each.id for each in chat.page.bubbles]
    assert len(world.rows(Message)) == lines
    await chat.posts({**page.fields, "text": "Is this kept?"})
    assert len(world.rows(Message)) == lines + 2, "the page that came back works"


async def test_a_password_in_a_refused_form_is_not_shown_again(chat: WebChat) -> None:
    await chat.looks()
    async with chat._browser() as browser:
        form = {**chat.page.fields, "csrf": "", "text": "my password is Tr0ub4dor&3"}
        assert "Tr0ub4dor" not in (await browser.post("/", data=form)).text


@pytest.mark.parametrize(
    ("body", "kind", "status"),
    [
        (b"csrf={csrf}&key={key}&text=a&text=b", "application/x-www-form-urlencoded", 422),
        (b"csrf={csrf}&key={key}&text=caf%E9", "application/x-www-form-urlencoded", 422),
        (b'{"text": "hello"}', "application/json", 403),
        (b"--x\r\ngarbage", "multipart/form-data; boundary=x", 403),
        (b"--x", "multipart/form-data", 403),
        (b"", "application/x-www-form-urlencoded", 403),
        (b"text=" + b"x" * 70_000, "application/x-www-form-urlencoded", 413),
    ],
    ids=["twice", "latin-1", "json", "broken", "no boundary", "empty", "too large"],
)
async def test_bodies_that_no_browser_sends_change_nothing(
    world: World, chat: WebChat, body: bytes, kind: str, status: int
) -> None:
    await chat.looks()
    for name in ("csrf", "key"):
        body = body.replace(f"{{{name}}}".encode(), chat.page.fields[name].encode())
    async with chat._browser() as browser:
        answer = await browser.post("/", content=body, headers={"Content-Type": kind})
    assert answer.status_code == status
    assert world.rows(Conversation) == []


async def test_without_a_cookie_nothing_is_begun_and_the_page_says_why(world: World) -> None:
    async with opened(world) as browser:
        fields = (await looked(browser)).fields
        browser.cookies.clear()
        answer = await browser.post("/", data={**fields, "text": "hello"})
    assert answer.status_code == 403
    assert "allow cookies" in ChatPage(answer.text).wrong
    assert ChatPage(answer.text).typed == "hello"
    assert world.rows(Conversation) == []


async def test_another_sites_form_is_refused(world: World, chat: WebChat) -> None:
    await chat.says(QUESTION)
    for headers in ({"Sec-Fetch-Site": "cross-site"}, {"Origin": "https://evil.example"}):
        async with chat._browser() as browser:
            assert (await browser.post("/", data={**chat.page.fields, "text": "x"}, headers=headers)).status_code == 403
    assert len(world.rows(Message)) == 2


async def test_a_network_begins_so_many_chats_and_those_it_has_go_on(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(limits, "NETWORK_CHATS", replace(limits.NETWORK_CHATS, allowances=((2, limits.HOUR),)))
    first = WebChat(world)
    await first.says(QUESTION)
    await WebChat(world).says(QUESTION)
    third = WebChat(world)
    await third.looks()
    async with third._browser() as browser:
        answer = await browser.post("/", data={**third.page.fields, "text": QUESTION})
    assert answer.status_code == 429
    assert int(answer.headers["retry-after"]) > 0
    assert "Too many new chats" in ChatPage(answer.text).wrong
    assert ChatPage(answer.text).typed == QUESTION
    assert "5 to 16" in await first.says(QUESTION)
    assert "5 to 16" in await WebChat(world, network="198.51.100.4").says(QUESTION)
    assert len(world.rows(Conversation)) == 3
    assert all("198" not in row.key for row in world.rows(Budget))


async def test_earlier_messages_are_on_pages_of_their_own(world: World, chat: WebChat) -> None:
    for number in range(10):
        await chat.says(f"{number} " + "and so on " * 390)
    earlier = chat.page.links["Earlier messages"]
    assert len(chat.page.bubbles) < 20
    async with chat._browser() as browser:
        page = ChatPage((await browser.get(earlier)).text)
        assert (
            (await browser.get("/?before=x")).status_code
            == (await browser.get("/?before=" + "9" * 40)).status_code
            == 200
        )
    ids = [each.id for each in page.bubbles]
    assert ids
    assert not set(ids) & {each.id for each in chat.page.bubbles}
    assert page.links["Back to the newest messages"] == "/"


async def test_a_turn_that_crashes_keeps_what_was_typed_and_is_not_half_done(
    world: World, chat: WebChat, monkeypatch: pytest.MonkeyPatch
) -> None:
    await chat.says(QUESTION)
    form = {**chat.page.fields, "text": "recover my username"}
    with monkeypatch.context() as broken:
        broken.setattr("bot.dialogue.exchange.Exchange.react", lambda *_: 1 / 0)
        async with chat._browser() as browser:
            answer = await browser.post("/", data=form)
    page = ChatPage(answer.text)
    assert (answer.status_code, page.typed) == (503, "recover my username")
    assert "Something went wrong here" in page.wrong
    assert len(world.rows(Message)) == 2
    await chat.posts(form)
    assert "What is the e-mail address" in chat._heard()


async def test_challenges_have_their_budget_here_as_everywhere(chat: WebChat) -> None:
    await converse(chat, [("recover my username", "address"), ("dana@example.org", "<characters>")])
    heard = ""
    for _ in range(rules.CHAT_CHALLENGES_AN_HOUR):
        heard = await chat.says("New picture")
    assert "too often" in heard
    assert chat.rows(Challenge) == rules.CHAT_CHALLENGES_AN_HOUR


async def test_a_switch_on_the_page_turns_the_page_and_what_the_bot_says_next(chat: WebChat) -> None:
    await converse(chat, [("recover my username", "What is the e-mail address")])
    async with chat._browser() as own:
        switched = (await own.get("/?language=es")).text
    assert '<html lang="es">' in switched
    assert "Su mensaje" in switched
    assert chat.cookies["language"] == "es"
    await converse(chat, [("12345", "Eso no parece un correo"), ("I have no such thing", "address of your account")])
    async with chat._browser() as own:
        assert '<html lang="es">' in (await own.get("/")).text, "the page stays as it was chosen"
