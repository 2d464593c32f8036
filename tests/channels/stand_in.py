"""A conversation for tests of channels: over the real tables, but what it says is up to the test."""

from collections.abc import Callable, Sequence
from datetime import UTC, datetime, timedelta

from sqlalchemy import select
from sqlalchemy.orm import Session

from bot.dialogue.messages import Button, Delivery, Incoming, NotYet, Reply, SendFailed, Sent
from core import conversations, inbox, outbox
from core.database import Database
from core.inbox import Arrival, Claim
from core.keys import Keys
from core.outbox import Replies
from core.tables import Owed, Received

React = Callable[[Incoming], tuple[Reply, ...]]
MENU = (Button("Yes", "a.0"), Button("No", "a.1"), Button("Neither of these two", "a.2"))


def echo(incoming: Incoming) -> tuple[Reply, ...]:
    """Say what was said."""
    return (Reply(f"You said: {incoming.text or incoming.button or incoming.attachment}"),)


def asks(incoming: Incoming) -> tuple[Reply, ...]:
    """Ask whether that was said, with buttons."""
    return (Reply(f"You said **{incoming.text or incoming.button}**. Right?", MENU),)


class StandIn:
    """Takes messages like `bot.dialogue.conversation.Conversations`, and keeps what it was given."""

    def __init__(self, database: Database, keys: Keys, react: React = echo) -> None:
        """Answer every message with what `react` returns."""
        self.database = database
        self.keys = keys
        self.react = react
        self.received: list[Incoming] = []
        self.failures: list[SendFailed] = []
        self.progressed: list[tuple[int, str]] = []
        self.remove_message = ""

    def prepare(self, incoming: Incoming) -> Incoming:
        """Return the message as it is: nothing is matched here."""
        return incoming

    def work(
        self, incomings: Sequence[Incoming], sent: Sequence[Sent] = (), arrivals: Sequence[Arrival] = ()
    ) -> list[Delivery | NotYet | None]:
        """Handle messages in one committed turn, None for each that had been handled before; keep the rest."""
        now = datetime.now(UTC)
        with self.database.transaction() as session:
            inbox.accept(session, self.keys, arrivals, now)
            for each in sent:
                if outbox.settle(session, each.delivery.owed, each.delivery.lease, "sent", now):
                    conversations.keep_keyboards(session, {each.delivery.conversation: each.keyboard})
            deliveries = [self._turn(session, each, now) for each in incomings]
        self.received += [each for each, delivery in zip(incomings, deliveries, strict=True) if delivery is not None]
        return list(deliveries)

    def receive(self, incoming: Incoming) -> Delivery | None:
        """Handle one message."""
        delivery = self.work([incoming])[0]
        assert not isinstance(delivery, NotYet)
        return delivery

    def progress(self, delivery: Delivery) -> bool:
        """Keep how many messages were sent."""
        self.progressed.append((delivery.done, delivery.live))
        with self.database.transaction() as session:
            return outbox.progress(session, delivery.owed, delivery.lease, {}, datetime.now(UTC))

    def unsent(self, delivery: Delivery, failure: SendFailed) -> None:
        """Settle or postpone the outbox row."""
        self.failures.append(failure)
        now = datetime.now(UTC)
        with self.database.transaction() as session:
            if failure.permanent:
                outbox.settle(session, delivery.owed, delivery.lease, f"refused: {failure}", now)
            else:
                outbox.postpone(session, delivery.owed, delivery.lease, now + timedelta(hours=1), str(failure))

    def keyboard(self, conversation: int) -> str | None:
        """Return the ids of the live buttons."""
        with self.database.transaction() as session:
            return conversations.hold_by_id(session, conversation).keyboard

    def _turn(self, session: Session, incoming: Incoming, now: datetime) -> Delivery | None:
        held = conversations.hold_all(session, incoming.channel, {incoming.chat: "en"}, now)[incoming.chat]
        claims = inbox.claim_all(session, incoming.channel, {incoming.key: incoming.chat}, now)
        if claims[incoming.key] is not Claim.OURS:
            return None
        replies = self.react(incoming)
        owed = Replies(held.id, {"replies": [reply.to_json() for reply in replies]}, now)
        (leased,) = outbox.owe_all(session, [owed], now)
        return Delivery(
            leased.id,
            leased.lease,
            held.id,
            incoming.channel,
            incoming.chat,
            replies,
            self.remove_message,
            keyboard=held.keyboard or "",
        )

    def outcomes(self) -> list[str | None]:
        """Return how the replies fared, oldest first."""
        with self.database.transaction() as session:
            return list(session.scalars(select(Owed.outcome).order_by(Owed.id)))

    def inbox(self) -> list[Received]:
        """Return the inbox."""
        with self.database.transaction() as session:
            return list(session.scalars(select(Received).order_by(Received.id)))
