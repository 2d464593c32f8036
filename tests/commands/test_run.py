"""`cersbot run`, as operators have it: Telegram over HTTP, letters over SMTP, pages, signals, kills."""

import asyncio
import re
import signal
import time

import aiohttp

from tests.commands.process import called
from tests.commands.running import PERSON, Mails, Running

STAFF_GROUP = -1001234567890
ANA = 501


async def test_a_forgotten_password_is_reset_from_the_first_word_to_the_last_page(bot: Running, mails: Mails) -> None:
    await bot.start()
    assert "Reset my password" in await bot.hears("/start") or "Reset my password" in bot.telegram.buttons(PERSON)
    assert "What is your username" in await bot.presses("Reset my password")
    assert "Please type the characters" in await bot.hears("dana@example.org")
    assert "8 digits" in await bot.presses("Mail me a code instead")
    code = re.search(r"\b\d{8}\b", await mails.text("Your code"))
    assert code
    assert "d****@example.org" in await bot.hears(code[0])
    link = re.search(r"http\S+/reset/\S+", await mails.text("Set a new password"))
    assert link
    assert "danalee1" in await bot.opens(link[0])
    await asyncio.to_thread(lambda: bot.page(link[0], password="Sunny2Day", confirmation="Sunny2Day"))
    assert "danalee1" in await mails.text("Your password was changed")
    assert await bot.end(signal.SIGTERM) == 0


async def test_g1_a_kill_between_messages_loses_nothing_and_repeats_nothing(bot: Running, mails: Mails) -> None:
    await bot.start()
    await bot.hears("recover my username")
    await bot.end(signal.SIGKILL)
    await bot.telegram.say(PERSON, "dana@example.org")
    await bot.start()
    heard = await bot.telegram.heard(PERSON, wait=20)
    assert "Please type the characters" in heard[-1].text
    assert "8 digits" in await bot.presses("Mail me a code instead")
    await mails.text("Your code")
    assert await bot.end(signal.SIGINT) == 0
    assert [mail["Subject"] for mail in mails.taken] == ["Your code"]


async def test_telegram_hands_messages_in_where_a_webhook_is_set(bot: Running) -> None:
    bot.settings |= {"CERSBOT_WEBHOOK_URL": "https://bot.example.org/telegram"}
    await bot.start()
    assert await bot.telegram.until(lambda: bot.telegram.chats.webhook is not None, 10)
    address, secret = bot.telegram.chats.webhook or ("", "")
    assert address == "https://bot.example.org/telegram"
    bot.telegram.chats.open(PERSON)
    person = {"id": PERSON, "type": "private", "first_name": "Dana"}
    message = {"message_id": 1, "date": 1, "chat": person, "from": {**person, "is_bot": False}, "text": "/help"}
    update = {"update_id": 7, "message": message}
    assert await asyncio.to_thread(bot.hands_in, update, "a guess") == 403
    assert await asyncio.to_thread(bot.hands_in, update, secret) == 200
    assert "Type your question" in (await bot.telegram.heard(PERSON, wait=20))[-1].text
    assert await bot.end(signal.SIGTERM) == 0


async def test_staff_help_a_person_from_their_group_on_telegram_whatever_ends_meanwhile(bot: Running) -> None:
    bot.settings |= {"CERSBOT_TELEGRAM_STAFF_CHAT": str(STAFF_GROUP)}
    added = called(bot.folder, "staff", "add", "Ana", "--telegram-id", str(ANA), settings=bot.settings)
    assert added.returncode == 0, added.stderr
    group = bot.telegram.chats.open(STAFF_GROUP)
    await bot.start()
    for text in ("/person", "It says no", "skip", "skip", "send it"):
        await bot.hears(text)
    [card] = await bot.telegram.heard(STAFF_GROUP, wait=20)
    assert "It says no" in card.text
    [topic] = group.topics
    await bot.end(signal.SIGKILL)

    await bot.telegram.say(STAFF_GROUP, "Which address\nwas it?", person=ANA, topic=topic)
    await bot.start()
    assert await bot.telegram.until(lambda: len(bot.telegram.fresh(PERSON)) == 2, 20)
    notice, reply = await bot.telegram.heard(PERSON)
    assert "Ana of the help desk" in notice.text
    assert reply.text == "Which address\nwas it?"
    await bot.telegram.say(PERSON, "dana@example.org")
    await bot.telegram.say(PERSON, "or the old one")
    assert await bot.telegram.until(lambda: "old one" in _newest(bot, STAFF_GROUP), 20)

    bot.telegram.chats.open(PERSON).blocked = True
    await bot.telegram.say(STAFF_GROUP, "The old one.", person=ANA, topic=topic)
    assert await bot.telegram.until(lambda: "blocked by the user" in _newest(bot, STAFF_GROUP), 20)
    assert "Ana wrote: The old one." in _newest(bot, STAFF_GROUP)
    assert len(group.topics) == 1
    assert await bot.end(signal.SIGTERM) == 0


def _newest(bot: Running, chat: int) -> str:
    return bot.telegram.chats.open(chat).messages[max(bot.telegram.chats.open(chat).messages)].text


async def test_a_stop_ends_open_live_streams_at_once(bot: Running) -> None:
    added = called(bot.folder, "staff", "add", "Ana", settings=bot.settings)
    link = re.search(r"/desk/password/\S+", added.stdout)
    assert link
    await bot.start()
    password = {"password": "nine green bottles on a wall"}
    async with aiohttp.ClientSession(bot.address, cookie_jar=aiohttp.CookieJar(unsafe=True)) as browser:
        async with browser.post(link[0], data=password | {"confirmation": password["password"]}) as answer:
            assert answer.status == 200
        async with browser.post("/desk/sign-in", data=password | {"name": "Ana"}) as answer:
            assert answer.status == 200
        streams = [await browser.get("/desk/live") for _ in range(5)]
        for stream in streams:
            assert await stream.content.readline() == b"retry: 2000\n"
        began = time.monotonic()
        ending = asyncio.create_task(bot.end(signal.SIGTERM))
        async with asyncio.timeout(1.5):
            await asyncio.gather(*(stream.read() for stream in streams))
        assert await ending == 0
        assert time.monotonic() - began < 5
