"""Deliveries: a turn's replies as the outbox keeps them, and what becomes of them when they are sent late."""

from dataclasses import replace
from typing import Any

from bot.dialogue.messages import Delivery, Reply
from core import rules
from core.conversations import Held
from core.outbox import Leased

# Channels on which people read the transcript itself: what is committed there is delivered, once and for good.
READ_THERE = frozenset({"web"})


def only(reply: Reply) -> dict[str, Any]:
    """Return a reply that belongs to no turn, as the outbox keeps it."""
    return {"replies": [reply.to_json()], "remove": ""}


def standing(held: Held, replies: tuple[Reply, ...]) -> Delivery:
    """Return replies that stand in the transcript, where the person reads them: nobody has to send them."""
    return Delivery(0, "", held.id, held.channel, held.chat, replies)


def shown_with(reply: Reply, stamp: str) -> dict[str, Any] | None:
    """Return what a line of the transcript has beside its text; its buttons are live while the turn of `stamp` is."""
    beside = {name: value for name, value in reply.to_json().items() if name != "text" and value}
    return {"stamp": stamp, **beside} if beside else None


def read_delivery(leased: Leased, held: Held) -> Delivery:
    """Return a row of the outbox as its channel gets it."""
    kept_so = leased.payload
    return Delivery(
        leased.id,
        leased.lease,
        held.id,
        held.channel,
        held.chat,
        tuple(Reply.from_json(each) for each in kept_so["replies"]),
        kept_so["remove"],
        keyboard=held.keyboard or "",
        tries=leased.tries,
        done=kept_so.get("done", 0),
        live=kept_so.get("live", ""),
        is_doubtful=kept_so.get("doubtful", False),
    )


def payload_of(delivery: Delivery) -> dict[str, Any]:
    """Return a delivery as the outbox keeps it once its sending has begun."""
    return {
        "replies": [reply.to_json() for reply in delivery.replies],
        "remove": delivery.remove_message,
        "done": delivery.done,
        "live": delivery.live,
        "doubtful": delivery.is_doubtful,
    }


def pause_after(tries: int) -> float:
    """Return after how many seconds what failed is tried again."""
    longer: float = rules.REPLY_RETRY_SECONDS * 2 ** min(max(tries - 2, 0), 10)
    return min(longer, rules.REPLY_RETRY_LONGEST_SECONDS)


def late(delivery: Delivery, held: Held) -> Delivery:
    """Return a delivery that is sent late: where a newer turn has come since, its buttons are dead, and left out."""
    stamps = {button.data.partition(".")[0] for reply in delivery.replies for button in reply.buttons}
    if stamps <= {held.state.get("stamp")}:
        return delivery
    bare = tuple(replace(reply, buttons=()) for reply in delivery.replies)
    return replace(delivery, replies=bare, is_overtaken=True)
