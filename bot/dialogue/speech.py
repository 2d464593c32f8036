"""What the bot says in one turn: texts and offers gathered, then made into as few replies as they fit in."""

from dataclasses import asdict, dataclass
from typing import Any, Literal

from bot.dialogue.messages import Button, Picture, Reply

TOGETHER = 1500  # characters that still read as one message
CAPTION = 900  # characters that fit under a picture on every channel

Act = Literal["option", "begin", "entry", "control"]


@dataclass(frozen=True, slots=True)
class Offer:
    """Something that one press does: an option of the open question, an action, an entry, or a control word."""

    label: str
    act: Act
    what: str
    seed: str = ""  # what the person said already, and the action will ask for first


class Speech:
    """Gathers what is said; `replies` and `offered` are what came of it."""

    def __init__(self) -> None:
        """Begin with nothing said."""
        self._said: list[tuple[str, list[Offer], Picture | None]] = []

    def __bool__(self) -> bool:
        """Whether anything was said."""
        return bool(self._said)

    def add(self, text: str, offers: tuple[Offer, ...] = (), picture: Picture | None = None) -> None:
        """Say `text`; it joins what was said before, where that offers nothing and both fit into one message."""
        if self._said:
            before, offered, shown = self._said[-1]
            if not offered and shown is None and len(before) + len(text) <= (CAPTION if picture else TOGETHER):
                self._said[-1] = (f"{before}\n\n{text}", list(offers), picture)
                return
        self._said.append((text, list(offers), picture))

    def offered(self) -> list[Offer]:
        """Return every offer once, in reading order; a number that a person types counts along it."""
        return list(dict.fromkeys(offer for _, offers, _ in self._said for offer in offers))

    def replies(self, stamp: str) -> tuple[Reply, ...]:
        """Return the replies; their buttons speak of this turn's offers alone, by `stamp` and place."""
        places = {offer: place for place, offer in enumerate(self.offered())}
        shown: set[Offer] = set()
        replies = []
        for text, offers, picture in self._said:
            fresh = [offer for offer in dict.fromkeys(offers) if offer not in shown]
            shown.update(fresh)
            buttons = tuple(Button(offer.label, f"{stamp}.{places[offer]}") for offer in fresh)
            replies.append(Reply(text, buttons, picture))
        return tuple(replies)


def kept(offers: list[Offer]) -> list[dict[str, Any]]:
    """Return offers as the conversation keeps them until the next turn."""
    return [asdict(offer) for offer in offers]


def pressed(state: dict[str, Any], data: str) -> Offer | None:
    """Return the offer that a button's data speaks of; None when it is not of the last turn, or never was one."""
    stamp, _, place = data.partition(".")
    offers = state.get("offered", [])
    is_number = place.isascii() and place.isdigit() and len(place) <= 3
    if stamp != state.get("stamp") or not is_number or int(place) >= len(offers):
        return None
    return Offer(**offers[int(place)])
