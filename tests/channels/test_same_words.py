"""What was said and heard on one channel is heard in the same words on every other."""

import re
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import pytest

from tests.channels.chats import TelegramChat, TerminalChat
from tests.channels.web_chat import WebChat
from tests.flows.paths import PATHS
from tests.telegram_server import TelegramServer
from tests.world import Chat, Press, Said, Wait, World, read

# Where a link leads is shown in another way everywhere; lists have another sign before their items, and a terminal
# draws its picture with letters.
_ADDRESS = re.compile(r"\s*\(?(?:https?://|mailto:)\S+?\)?(?=[\s.,;:]|$)")
_DRAWN = re.compile("[█▀▄ ]*[█▀▄][█▀▄ ]*")
_SIGN = re.compile(r"(?:^|(?<=\s))(?:[•*-]|\d+\.)\s")
TALK: tuple[Said, ...] = (
    "/start",
    "What may a CERS username look like?",
    Press("That did not help"),
    "How do I get access to the facility of somebody who left, and who is my regulator?",
    "/help",
    "qwertz uiop",
    "qwertz uiop again",
    "my password is Tr0ub4dor&3",
    "help me, there is a chemical spill",
    "/status",
    "thank you",
    "/forget",
    Press("No, keep it"),
    "/menu",
    Press("Reset my password"),
    "not an address",
    "a@example.org and b@example.org",
    Press("Cancel"),
    "/language",
    "/nonsense",
    "<b>bold</b> & *stars* _lines_ [a](b) `c`",
)
SCRIPTS: dict[str, tuple[Said, ...]] = {
    "talk": TALK,
    **{name: (*(said for said, _ in path.pairs), Wait(61)) for name, path in PATHS.items()},
}


def words(heard: str) -> str:
    """Return what was heard as words: without the addresses of links, signs of lists, drawings and breaks."""
    told = read(heard).replace("\\", "")
    for each in (_DRAWN, _ADDRESS, _SIGN):
        told = each.sub(" ", told)
    return " ".join(told.split())


@asynccontextmanager
async def person(world: World, channel: str) -> AsyncIterator[Chat]:
    """Yield somebody on a channel."""
    if channel == "telegram":
        async with TelegramServer(quiet=0.05) as server:
            yield TelegramChat(world, server)
    else:
        yield WebChat(world) if channel == "web" else TerminalChat(world)


def copied(populated: Path, folder: Path) -> World:
    """Return a world of its own, which begins at the same moment as the others."""
    folder.mkdir()
    (folder / "world.db").write_bytes(populated.read_bytes())
    return World(folder)


async def recorded(world: World, channel: str, script: tuple[Said, ...]) -> list[tuple[str, str]]:
    """Return the transcript of a script on a channel."""
    async with person(world, channel) as somebody:
        transcript = [(str(said), words(await somebody.says(said))) for said in script]
    world.close()
    return transcript


@pytest.mark.parametrize("name", SCRIPTS)
async def test_a_transcript_of_one_channel_replays_to_the_same_words_on_the_others(
    populated: Path, tmp_path: Path, name: str
) -> None:
    first = await recorded(copied(populated, tmp_path / "telegram"), "telegram", SCRIPTS[name])
    assert all(heard for _, heard in first[:-1])
    for channel in ("web", "terminal"):
        assert await recorded(copied(populated, tmp_path / channel), channel, SCRIPTS[name]) == first, channel
