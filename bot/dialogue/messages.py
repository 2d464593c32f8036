"""What passes between a channel and the dialogue: all that a channel knows of the conversation."""

from dataclasses import dataclass
from typing import Any, Literal, Protocol


@dataclass(frozen=True, slots=True)
class Incoming:
    """One message of a person, as a channel hands it in."""

    channel: str
    chat: str
    key: str  # the channel's own id of this message: delivered twice, it has the same key
    text: str = ""
    button: str = ""  # the data of a pressed button
    attachment: str = ""  # what came instead of text: "photo", "voice", "sticker", "location", ...
    message: str = ""  # the channel's id by which the message can be deleted, where the channel can
    edited: bool = False
    private: bool = True
    person: str = ""  # the channel's id of who says it, in a group
    name: str = ""  # what the channel calls them, in a group: a name that they gave themselves
    thread: str = ""  # the channel's id of the group's topic in which it is said
    language: str = ""  # what the channel says of the person's language, for example "en-US"
    switched: str = ""  # the code of the language that the person chose where the channel has a switch for it


@dataclass(frozen=True, slots=True)
class Button:
    """One choice under a reply; `data` comes back as `Incoming.button` and means nothing to the channel."""

    label: str
    data: str


@dataclass(frozen=True, slots=True)
class Picture:
    """What is derived only where it is shown (see `core.verification`): verification characters to draw or to speak.

    A `continuation` is a code, shown as text, by which the conversation goes on in another chat.
    """

    kind: Literal["characters", "spoken", "continuation"]
    challenge: str  # its reference, see `core.verification`


@dataclass(frozen=True, slots=True)
class Copied:
    """A picture, a file or the like in another chat of the channel, which the channel copies as it is."""

    channel: str
    chat: str
    message: str  # the channel's id of the message that holds it


@dataclass(frozen=True, slots=True)
class Reply:
    """One message of the bot: Markdown of a small subset, buttons in reading order, perhaps a picture above them.

    With something that is `copied` the text may be empty.
    """

    text: str
    buttons: tuple[Button, ...] = ()
    picture: Picture | None = None
    copied: Copied | None = None

    def to_json(self) -> dict[str, Any]:
        """Return the reply as the outbox keeps it."""
        return {
            "text": self.text,
            "buttons": [[button.label, button.data] for button in self.buttons],
            "picture": [self.picture.kind, self.picture.challenge] if self.picture else None,
            **({"copied": [self.copied.channel, self.copied.chat, self.copied.message]} if self.copied else {}),
        }

    @classmethod
    def from_json(cls, kept: dict[str, Any]) -> "Reply":
        """Return the reply that the outbox kept."""
        return cls(
            kept["text"],
            tuple(Button(label, data) for label, data in kept["buttons"]),
            Picture(*kept["picture"]) if kept["picture"] else None,
            Copied(*kept["copied"]) if "copied" in kept else None,
        )


@dataclass(frozen=True, slots=True)
class Delivery:
    """The replies of one turn, leased to the one who sends them; `outbox.settle` says that they were sent."""

    owed: int
    lease: str
    conversation: int
    channel: str
    chat: str
    replies: tuple[Reply, ...]
    remove_message: str = ""  # the channel's id of a message that held a secret and is to be deleted
    is_overtaken: bool = False  # sent late, after a newer turn, whose buttons stay as they are
    keyboard: str = ""  # the channel's ids of earlier messages with buttons, which are to lose them
    tries: int = 1
    done: int = 0  # messages that were sent before; the channel makes one or more of a reply, always the same
    live: str = ""  # the channel's ids of those among them that carry buttons
    is_doubtful: bool = False  # the first that is left may have been sent as well: nobody knows

    @property
    def waits(self) -> bool:
        """Whether it is not for the caller to send: it waits for its time, or stands on the chat's own page already."""
        return not self.lease


@dataclass(frozen=True, slots=True)
class Sent:
    """A delivery that was sent; `keyboard` is the channel's ids of its messages with buttons."""

    delivery: Delivery
    keyboard: str | None = None


class NotYet(Exception):
    """An earlier message of the chat has to be handled first; this one is to be handed in again."""


class SendFailed(Exception):
    """A channel could not send: for good (`permanent`), or until `retry_after` seconds are over.

    `is_gone` says that the person takes nothing any more, `is_unclear` that what failed may have been sent; `done` and
    `live` say how far the delivery came before (see there).
    """

    def __init__(
        self,
        reason: str,
        *,
        permanent: bool,
        retry_after: float | None = None,
        is_gone: bool = False,
        is_unclear: bool = False,
    ) -> None:
        super().__init__(reason)
        self.permanent = permanent
        self.retry_after = retry_after
        self.is_gone = is_gone
        self.is_unclear = is_unclear
        self.done = 0
        self.live = ""


class Sender(Protocol):
    """How a channel takes what leaves: one call a turn, in order."""

    async def send(self, delivery: Delivery) -> None:
        """Send the replies of a turn and note that they were sent; SendFailed says whether to try again."""
