"""A conversation for tests of channels: over the real tables, but what it says is up to the test."""

from collections.abc import Callable
from datetime import UTC, datetime, timedelta

from sqlalchemy import select

from bot.dialogue.messages import Delivery, Incoming, Reply, SendFailed
from core import conversations, inbox, outbox
from core.database import Database
from core.tables import Owed, Received

React = Callable[[Incoming], tuple[Reply, ...]]


def echo(incoming: Incoming) -> tuple[Reply, ...]:
    """Say what was said."""
    return (Reply(f"You said: {incoming.text or incoming.button or incoming.attachment}"),)


class StandIn:
    """Takes messages like `bot.dialogue.conversation.Conversations`, and keeps what it was given."""

    def __init__(self, database: Database, react: React = echo) -> None:
        """Answer every message with what `react` returns."""
        self.database = database
        self.react = react
        self.received: list[Incoming] = []
        self.failures: list[SendFailed] = []
        self.remove_message = ""

    def receive(self, incoming: Incoming) -> Delivery | None:
        """Handle a message in one committed turn; None when it had been handled before."""
        now = datetime.now(UTC)
        with self.database.transaction() as session:
            if not inbox.claim(session, incoming.channel, incoming.key, incoming.chat, now):
                return None
            held = conversations.hold(session, incoming.channel, incoming.chat, "en", now)
            replies = self.react(incoming)
            payload = {"replies": [reply.to_json() for reply in replies]}
            leased = outbox.owe_replies(session, held.id, payload, now)
        self.received.append(incoming)
        return Delivery(leased.id, leased.lease, held.id, incoming.channel, incoming.chat, replies, self.remove_message)

    def sent(self, delivery: Delivery, keyboard: str | None = None) -> None:
        """Settle the outbox row and keep the id of the live buttons."""
        with self.database.transaction() as session:
            if outbox.settle(session, delivery.owed, delivery.lease, "sent", datetime.now(UTC)):
                conversations.keep_keyboard(session, delivery.conversation, keyboard)

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
        """Return the id of the live buttons."""
        with self.database.transaction() as session:
            return conversations.keyboard(session, conversation)

    def outcomes(self) -> list[str | None]:
        """Return how the replies fared, oldest first."""
        with self.database.transaction() as session:
            return list(session.scalars(select(Owed.outcome).order_by(Owed.id)))

    def inbox(self) -> list[Received]:
        """Return the inbox."""
        with self.database.transaction() as session:
            return list(session.scalars(select(Received).order_by(Received.id)))
