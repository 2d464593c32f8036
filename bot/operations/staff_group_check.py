"""The check of `cersbot doctor` of the staff's group on Telegram: whether the bot can do there what it has to do."""

import asyncio
import ssl
from collections.abc import Mapping
from typing import Any

import aiohttp
from sqlalchemy.exc import SQLAlchemyError

from bot.operations.checks import Finding
from core import staff
from core.database import Database
from core.settings import Settings

SECONDS = 10
ADMINISTRATOR = "make the bot an administrator of the group that may manage topics and delete messages"


def staff_group(settings: Settings) -> Finding:
    """Look whether the group is there, has topics, lets the bot manage them, and has somebody who may work in it."""
    chat = settings.telegram_staff_chat
    if chat is None and settings.telegram_staff:
        mend = "set CERSBOT_TELEGRAM_STAFF_CHAT to the group's id, for example -1001234567890"
        return Finding("bad", "staff are named for a group on Telegram, and the group is not", mend)
    if chat is None:
        return Finding("good", "no group is set: staff work on the pages alone")
    if not settings.telegram_token:
        return Finding(
            "bad", "a staff's group is set, and no token", "set CERSBOT_TELEGRAM_TOKEN as BotFather gives it"
        )
    try:
        group, bot = asyncio.run(_asked(f"{settings.telegram_base_url}{settings.telegram_token}", chat))
    except _Refused as refused:
        mend = (
            f"add the bot to the group, and take the id of that group: {chat} may be another's, or its id from before"
        )
        return Finding("bad", f"Telegram does not show the group {chat}: {refused}", mend)
    except (aiohttp.ClientError, TimeoutError, ssl.SSLError, ValueError) as error:
        said = f"no Bot API server answers at {settings.telegram_base_url}: {type(error).__name__}"
        return Finding("bad", said, "check the network, or CERSBOT_TELEGRAM_BASE_URL")
    return _lack(group, bot) or _nobody(settings) or Finding("good", "the bot can open a topic for every ticket")


def _lack(group: Mapping[str, Any], bot: Mapping[str, Any]) -> Finding | None:
    """Return what keeps the bot from working in the group, if anything does."""
    if group.get("type") != "supergroup":
        said = f"the chat is a {group.get('type', 'chat of no known kind')}, and topics are in supergroups alone"
        return Finding("bad", said, "switch topics on in the group's settings; its id changes, set the new one")
    if not group.get("is_forum"):
        return Finding("bad", "the group has no topics", "switch topics on in the group's settings")
    if bot.get("status") != "administrator":
        return Finding("bad", f"the bot is no administrator of the group ({bot.get('status')})", ADMINISTRATOR)
    if not bot.get("can_manage_topics"):
        return Finding("bad", "the bot may not manage the group's topics", ADMINISTRATOR)
    if not bot.get("can_delete_messages"):
        said = "the bot may not delete messages in the group: what looks like a password stays there"
        return Finding("odd", said, ADMINISTRATOR)
    return None


def _nobody(settings: Settings) -> Finding | None:
    """Return that nobody is heard in the group, where that is known and so."""
    if settings.staff_on_telegram:
        return None
    mend = "cersbot staff add NAME --telegram-id ID, or name the ids in CERSBOT_TELEGRAM_STAFF"
    nobody = Finding("odd", "the bot can work in the group, but hears nobody there: no staff have a Telegram id", mend)
    opened = Database(settings.database_url)
    try:
        if opened.file is not None and not opened.file.exists():
            return nobody
        with opened.reading() as session:
            members = staff.members(session)
    except SQLAlchemyError:
        return None  # another check says so
    finally:
        opened.close()
    return None if any(each.telegram_id and not each.disabled for each in members) else nobody


class _Refused(Exception):
    """Telegram's own words for what it did not do."""


async def _asked(address: str, chat: int) -> tuple[dict[str, Any], dict[str, Any]]:
    """Return the group, and the bot as a member of it; nothing that is raised names the token."""
    async with aiohttp.ClientSession(timeout=aiohttp.ClientTimeout(total=SECONDS)) as session:
        group = await _result(session, f"{address}/getChat", chat_id=chat)
        me = await _result(session, f"{address}/getMe")
        return group, await _result(session, f"{address}/getChatMember", chat_id=chat, user_id=int(me["id"]))


async def _result(session: aiohttp.ClientSession, address: str, **asked: int) -> dict[str, Any]:
    async with session.post(address, json=asked) as answer:
        content = await answer.json(content_type=None)
    if not content.get("ok"):
        raise _Refused(str(content.get("description", f"HTTP {answer.status}")))
    result: dict[str, Any] = content["result"]
    return result
