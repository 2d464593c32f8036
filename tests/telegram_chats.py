"""The chats of the tests' Telegram: who is in them, what was said, and the updates that wait for the bot."""

import itertools
import time
from dataclasses import dataclass, field
from typing import Any, Literal

BOT_ID = 7000
BOT = {"id": BOT_ID, "is_bot": True, "first_name": "CERS Support", "username": "cers_test_bot"}

ADMINISTRATOR = {"status": "administrator", "can_manage_topics": True, "can_delete_messages": True}

# What Telegram puts into a message that is no text, by its name.
CONTENTS: dict[str, Any] = {
    "sticker": {
        "file_id": "s", "file_unique_id": "s", "type": "regular", "width": 512, "height": 512,
        "is_animated": False, "is_video": False, "emoji": "👍",
    },
    "photo": [{"file_id": "p", "file_unique_id": "p", "width": 90, "height": 90}],
    "voice": {"file_id": "v", "file_unique_id": "v", "duration": 3},
    "audio": {"file_id": "a", "file_unique_id": "a", "duration": 3},
    "video": {"file_id": "f", "file_unique_id": "f", "width": 9, "height": 9, "duration": 3},
    "video_note": {"file_id": "n", "file_unique_id": "n", "length": 9, "duration": 3},
    "animation": {"file_id": "g", "file_unique_id": "g", "width": 9, "height": 9, "duration": 3},
    "document": {"file_id": "d", "file_unique_id": "d"},
    "location": {"latitude": 38.58, "longitude": -121.49},
    "contact": {"phone_number": "+1 555 0100", "first_name": "Example"},
    "dice": {"emoji": "🎲", "value": 3},
    "poll": {
        "id": "1", "question": "?", "options": [{"text": "a", "voter_count": 0, "persistent_id": "0"}],
        "total_voter_count": 0, "is_closed": False, "is_anonymous": True, "type": "regular",
        "allows_multiple_answers": False, "allows_revoting": False, "members_only": False,
    },
}  # fmt: skip


@dataclass(frozen=True, slots=True)
class Button:
    """An inline button: what a person reads on it, and what comes back when it is pressed."""

    label: str
    data: str


@dataclass
class Message:
    """One message in a chat."""

    id: int
    by_bot: bool
    text: str = ""  # as a person sees it
    html: str = ""  # as the bot sent it
    rows: list[list[Button]] = field(default_factory=list)
    photo: bytes = b""
    audio: bytes = b""
    content: str = ""  # what it is instead of text: "photo", "document", …
    deleted: bool = False
    topic: int = 0  # in a group with topics: the id of the one in which it stands

    @property
    def labels(self) -> list[str]:
        """The buttons under it, in reading order."""
        return [button.label for row in self.rows for button in row]


@dataclass
class Chat:
    """One chat, with everything that was said in it."""

    id: int
    kind: Literal["private", "group", "supergroup"]
    messages: dict[int, Message] = field(default_factory=dict)
    actions: list[str] = field(default_factory=list)  # "typing", …
    blocked: bool = False  # the person has blocked the bot
    topics: dict[int, str] = field(default_factory=dict)  # in a group: their names by id
    closed: set[int] = field(default_factory=set)  # those of the topics in which members may not write
    is_forum: bool = True  # in a group: topics are switched on
    bot: dict[str, Any] = field(default_factory=lambda: dict(ADMINISTRATOR))  # in a group: as what the bot is there
    heard_up_to: int = 0

    def as_json(self) -> dict[str, Any]:
        """Return the chat as the Bot API tells it."""
        name = {"first_name": "Pat"} if self.kind == "private" else {"title": "A group"}
        forum = {"is_forum": True} if self.kind == "supergroup" and self.is_forum else {}
        return {"id": self.id, "type": self.kind, **name, **forum}


@dataclass
class Waiting:
    """An update that the bot has not confirmed as often as it is to be delivered."""

    update: dict[str, Any]
    copies: int
    delivered: bool = False


class Chats:
    """Everything that Telegram would know."""

    def __init__(self) -> None:
        """Begin with no chats."""
        self.all: dict[int, Chat] = {}
        self.waiting: list[Waiting] = []
        self.queries: dict[str, bool] = {}  # callback queries, and whether the bot has answered
        self.deliveries = 1
        self.webhook: tuple[str, str] | None = None  # address and secret
        self._last: dict[str, Any] = {}
        self._numbers = itertools.count(1)
        self._update_ids = itertools.count(700_000_001)

    def open(self, chat: int) -> Chat:
        """Return the chat, begun when it is new; negative ids are groups."""
        return self.all.setdefault(chat, Chat(chat, "private" if chat > 0 else "supergroup"))

    def next_number(self) -> int:
        """Return a fresh message id."""
        return next(self._numbers)

    def restart_ids(self, start: int) -> None:
        """Number updates from `start` on, as Telegram may after a week of silence."""
        self._update_ids = itertools.count(start)

    def deliver(self, kind: str, content: dict[str, Any]) -> int:
        """Queue an update for the bot; return its id."""
        number = next(self._update_ids)
        self._last = {"update_id": number, kind: content}
        self.waiting.append(Waiting(self._last, self.deliveries))
        return number

    def confirm(self, offset: int) -> None:
        """Forget what the bot has confirmed by asking for updates from `offset` on."""
        for each in self.waiting:
            if each.delivered and each.update["update_id"] < offset:
                each.copies -= 1
                each.delivered = False
        self.waiting = [each for each in self.waiting if each.copies > 0]

    def batch(self, wanted: list[str] | None, limit: int) -> list[dict[str, Any]]:
        """Return the updates that wait, of the kinds that the bot wants; the others are dropped."""
        self.waiting = [each for each in self.waiting if wanted is None or not set(wanted).isdisjoint(each.update)]
        taken = self.waiting[:limit]
        for each in taken:
            each.delivered = True
        return [each.update for each in taken]

    def repeat_last(self) -> None:
        """Queue the last update once more."""
        self.waiting.append(Waiting(self._last, 1))

    def by_person(self, chat: int, person: int, **content: Any) -> dict[str, Any]:
        """Return a message of a person as the Bot API tells it; it stands in the chat from now on."""
        number = self.next_number()
        own = self.open(chat)
        text = content.get("text") or content.get("caption") or ""
        topic = content.get("message_thread_id", 0)
        kind = next((name for name in CONTENTS if name in content), "")
        own.messages[number] = Message(number, by_bot=False, text=text, content=kind, topic=topic)
        return self.as_json(number, own, person, **content)

    def as_json(self, number: int, chat: Chat, person: int, **content: Any) -> dict[str, Any]:
        """Return a message as the Bot API tells it."""
        sender = {"id": person, "is_bot": False, "first_name": "Pat", "language_code": "en-US"}
        text = content.get("text", "")
        entities = _entities(text)
        return {
            "message_id": number,
            "date": int(time.time()),
            "chat": chat.as_json(),
            "from": BOT if person == BOT_ID else sender,
            **content,
            **({"entities": entities} if entities else {}),
        }


def _entities(text: str) -> list[dict[str, Any]]:
    """Return the commands and mentions that Telegram would mark in `text` (ASCII is enough for the tests)."""
    found = []
    place = 0
    for word in text.split(" "):
        kind = {"/": "bot_command", "@": "mention"}.get(word[:1])
        if kind and len(word) > 1 and word.isascii():
            length = len(word.rstrip(",.!?:"))
            found.append({"type": kind, "offset": len(text[:place].encode("utf-16-le")) // 2, "length": length})
        place += len(word) + 1
    return found
