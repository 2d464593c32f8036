"""`cersbot doctor` on the staff's group on Telegram: what keeps the bot from working there is named, with the mend."""

import asyncio
from collections.abc import AsyncIterator, Callable
from pathlib import Path

import pytest

from bot.operations.checks import Finding
from bot.operations.staff_group_check import staff_group
from core import staff
from core.database import Database
from core.settings import Settings
from tests.desk.staff_room import GROUP
from tests.telegram_chats import ADMINISTRATOR, Chat
from tests.telegram_server import TelegramServer
from tests.world import MONDAY


@pytest.fixture
async def server() -> AsyncIterator[TelegramServer]:
    async with TelegramServer() as made:
        yield made


async def found(server: TelegramServer, folder: Path, **settings: object) -> Finding:
    """Return what the check finds, beside the server of the test."""
    given = {
        "telegram_token": server.token,
        "telegram_base_url": server.base_url,
        "telegram_staff_chat": GROUP,
        "telegram_staff": "501",
        "database_url": f"sqlite:///{folder}/desk.db",
    }
    return await asyncio.to_thread(staff_group, Settings.model_validate(given | settings))


async def test_a_group_in_which_the_bot_can_work_is_good(server: TelegramServer, tmp_path: Path) -> None:
    server.chats.open(GROUP)
    assert await found(server, tmp_path) == Finding("good", "the bot can open a topic for every ticket")


def _becomes(**bot: object) -> Callable[[Chat], None]:
    return lambda group: group.bot.update(bot)


def _is_a_plain_group(group: Chat) -> None:
    group.kind = "group"


def _has_no_topics(group: Chat) -> None:
    group.is_forum = False


@pytest.mark.parametrize(
    ("change", "state", "said", "mend"),
    [
        (_is_a_plain_group, "bad", "the chat is a group", "switch topics on"),
        (_has_no_topics, "bad", "has no topics", "switch topics on"),
        (_becomes(status="member"), "bad", "no administrator of the group (member)", "make the bot an administrator"),
        (_becomes(status="left"), "bad", "no administrator of the group (left)", "make the bot an administrator"),
        (_becomes(can_manage_topics=False), "bad", "may not manage", "make the bot an administrator"),
        (_becomes(can_delete_messages=False), "odd", "may not delete messages", "make the bot an administrator"),
    ],
)
async def test_what_keeps_the_bot_from_working_in_the_group_is_named(
    server: TelegramServer, tmp_path: Path, change: Callable[[Chat], None], state: str, said: str, mend: str
) -> None:
    change(server.chats.open(GROUP))
    finding = await found(server, tmp_path)
    assert finding.state == state
    assert said in finding.said
    assert mend in finding.mend


async def test_a_group_that_the_bot_is_not_in_is_named_without_the_token(
    server: TelegramServer, tmp_path: Path
) -> None:
    finding = await found(server, tmp_path)
    assert (finding.state, "chat not found" in finding.said, "add the bot to the group" in finding.mend) == (
        "bad",
        True,
        True,
    )
    away = await found(server, tmp_path, telegram_base_url="http://127.0.0.1:9/bot")
    assert (away.state, "no Bot API server answers" in away.said) == ("bad", True)
    assert server.token not in f"{finding} {away}"


async def test_settings_that_do_not_fit_together_are_named(server: TelegramServer, tmp_path: Path) -> None:
    server.chats.open(GROUP)
    assert "set CERSBOT_TELEGRAM_TOKEN" in (await found(server, tmp_path, telegram_token="")).mend
    without = await found(server, tmp_path, telegram_staff_chat=None)
    assert (without.state, "set CERSBOT_TELEGRAM_STAFF_CHAT" in without.mend) == ("bad", True)
    assert (await found(server, tmp_path, telegram_staff_chat=None, telegram_staff="")).state == "good"


async def test_a_group_in_which_nobody_would_be_heard_is_odd(server: TelegramServer, tmp_path: Path) -> None:
    server.chats.open(GROUP)
    assert server.chats.open(GROUP).bot == ADMINISTRATOR
    assert "hears nobody" in (await found(server, tmp_path, telegram_staff="")).said
    database = Database(f"sqlite:///{tmp_path}/desk.db")
    database.migrate()
    assert "hears nobody" in (await found(server, tmp_path, telegram_staff="")).said
    with database.transaction() as session:
        staff.add(session, MONDAY, "Ana", telegram_id=501)
    assert (await found(server, tmp_path, telegram_staff="")).state == "good"
    with database.transaction() as session:
        staff.disable(session, MONDAY, "Ana")
    assert "hears nobody" in (await found(server, tmp_path, telegram_staff="")).said
    database.close()
