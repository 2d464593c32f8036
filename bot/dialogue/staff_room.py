"""What passes between the help desk and the group in which staff work, a topic a ticket."""

from typing import Protocol

from bot.dialogue.messages import Copied, Incoming, Reply, SendFailed


class TopicGone(SendFailed):
    """Somebody has deleted the topic."""

    def __init__(self, reason: str) -> None:
        super().__init__(reason, permanent=True)


class Room(Protocol):
    """The group, as the help desk speaks in it; SendFailed when it does not take what is said."""

    async def is_ours(self) -> bool:
        """Return whether this process is the one that speaks here; another one waits until it has left."""

    async def leave(self) -> None:
        """Let another process speak here."""

    async def ready(self) -> None:
        """Return when the group takes another message."""

    async def open_topic(self, name: str) -> int:
        """Open a topic and return its id."""

    async def remove(self, message: str) -> None:
        """Delete somebody's message, which held a secret, where that is possible."""

    @property
    def channel(self) -> str:
        """By which channel people have to be reached for what they send to be copied into the group."""

    async def set_closed(self, topic: int, *, closed: bool) -> None:
        """Close a topic, or open it again, unless it is so already; TopicGone when there is no such topic any more."""

    async def copy(self, topic: int, copied: Copied, caption: str) -> None:
        """Copy what somebody sent into a topic, under other words; TopicGone likewise."""

    async def say(self, topic: int, reply: Reply) -> None:
        """Say something in a topic; TopicGone when there is no such topic any more."""


class Listener(Protocol):
    """The help desk, as it hears what is said in the group."""

    @property
    def chat(self) -> str:
        """The channel's id of the group."""

    def handle(self, incoming: Incoming) -> None:
        """Do what somebody wants, once, however often it is handed in; NotYet when an earlier message comes first."""
