"""Conversations: one message in, one committed turn, its replies out."""

from collections.abc import Callable, Mapping
from dataclasses import replace
from datetime import datetime, timedelta
from functools import cache

from sqlalchemy.orm import Session

from bot.dialogue.exchange import Exchange
from bot.dialogue.flow import Flow
from bot.dialogue.group import react_in_group
from bot.dialogue.legible import legible
from bot.dialogue.messages import Delivery, Incoming, Reply, SendFailed
from bot.dialogue.redaction import REMOVED, Heard, heard
from bot.dialogue.speech import kept, pressed
from bot.dialogue.stage import Stage
from bot.dialogue.turn import Reader
from core import conversations, follow_ups, inbox, outbox, rules, tracing
from core.context import Context
from core.conversations import Held, Line
from core.database import Database
from core.keys import Keys
from knowledge.library import Library

AT_ONCE = 5  # left-over replies that a channel sends within the lease, however slow it is


class Conversations:
    """Every conversation of this service; an object holds no state of its own, so any number may work at once."""

    def __init__(
        self,
        database: Database,
        keys: Keys,
        library: Callable[[], Library],
        flows: Mapping[str, Flow],
        clock: Callable[[], datetime],
        draw: Callable[[], str],
    ) -> None:
        """Work on `database`; `clock` gives the time in UTC, `draw` an unguessable stamp for a turn's buttons."""
        self._database = database
        self._keys = keys
        self._library = library
        self._flows = flows
        self._clock = clock
        self._draw = draw

    def receive(self, incoming: Incoming) -> Delivery | None:
        """Handle one message in one committed turn; None when it had been handled before (G1).

        The replies are in the outbox, leased to the caller, who sends them and then calls `sent`.
        """
        with tracing.following(f"{incoming.channel}:{incoming.key}"):
            return self._received(incoming)

    def _received(self, incoming: Incoming) -> Delivery | None:
        library = self._library()
        language = library.language(incoming.language.partition("-")[0])
        said = heard(legible(incoming.text[: rules.MESSAGE_CHARACTERS]), language.words["innocent"])
        match = cache(lambda: language.matcher.match(said.clean.replace(REMOVED, " ")))
        if said.clean and not said.clean.startswith("/"):
            match()  # takes milliseconds: before the transaction
        now = self._clock()
        with self._database.transaction() as session:
            if not inbox.claim(session, incoming.channel, incoming.key, incoming.chat, now):
                return None
            held = conversations.hold(session, incoming.channel, incoming.chat, language.code, now)
            exchange = self._exchange(session, held, library, now)
            reader = Reader(incoming, said, match, held.state, exchange.stage.language)
            if not incoming.private:
                react_in_group(exchange, reader)
                return self._deliver(exchange, [], incoming.message if said.secret else "")
            if _is_left_alone(held, now):
                exchange.put_away()
            shown = _shown(incoming, said, held)
            exchange.react(reader)
            if said.secret:
                exchange.warn_of_secret()
            if exchange.stack.took_secret:
                shown = f"[{exchange.stage.language.phrase('hidden_answer')}]"
            return self._deliver(exchange, [shown], incoming.message if said.secret else "")

    def follow_up(self, due: follow_ups.Due) -> Delivery | None:
        """Ask a follow-up's question; None while another is open (it waits), or when it is settled or gone."""
        library, now = self._library(), self._clock()
        with self._database.transaction() as session:
            held = conversations.hold_by_id(session, due.conversation)
            if held.state.get("stack") and not _is_left_alone(held, now):
                follow_ups.wait(session, due.id, now + timedelta(minutes=rules.FOLLOW_UP_WAITS_MINUTES))
                return None
            if not follow_ups.settle(session, due.id, now) or due.flow not in self._flows:
                return None
            exchange = self._exchange(session, held, library, now)
            if _is_left_alone(held, now):
                exchange.put_away()
            exchange.begin(due.flow, due.given)
            return self._deliver(exchange, [])

    def left_over(self, channel: str, chat: str | None = None) -> list[Delivery]:
        """Return the replies that nobody sent in time, leased to the caller now, oldest first."""
        with self._database.transaction() as session:
            leased = outbox.lease_due(session, outbox.REPLIES, self._clock(), channel, chat, limit=AT_ONCE)
            return [_late(_delivery(each, held), held) for each, held in _with_conversations(session, leased)]

    def sent(self, delivery: Delivery, keyboard: str | None = None) -> None:
        """Note that the replies were sent; `keyboard` is the channel's id of the message with the live buttons."""
        with self._database.transaction() as session:
            settled = outbox.settle(session, delivery.owed, delivery.lease, "sent", self._clock())
            if settled and not delivery.is_overtaken:
                conversations.keep_keyboard(session, delivery.conversation, keyboard)

    def unsent(self, delivery: Delivery, failure: SendFailed) -> None:
        """Note that the replies could not be sent: for good, or to be tried again when their time comes."""
        now = self._clock()
        with self._database.transaction() as session:
            if failure.permanent:
                outbox.settle(session, delivery.owed, delivery.lease, f"refused: {failure}", now)
            else:
                pause = timedelta(seconds=failure.retry_after or rules.REPLY_RETRY_SECONDS)
                outbox.postpone(session, delivery.owed, delivery.lease, now + pause, str(failure))

    def keyboard(self, conversation: int) -> str | None:
        """Return the channel's id of the message with the live buttons, if there is one."""
        with self._database.transaction() as session:
            return conversations.keyboard(session, conversation)

    def _exchange(self, session: Session, held: Held, library: Library, now: datetime) -> Exchange:
        language = library.language(held.language)
        context = Context(session, now, self._keys, held.id, language.code)
        return Exchange(Stage(held, context, language, library.languages, self._flows))

    def _deliver(self, exchange: Exchange, said: list[str], remove_message: str = "") -> Delivery:
        """Save what the exchange made of the conversation, and owe its replies."""
        stage, stamp = exchange.stage, self._draw()
        held, context = stage.held, stage.context
        replies = stage.speech.replies(stamp)
        held.state = {**held.state, "stamp": stamp, "offered": kept(stage.speech.offered())}
        lines = [Line("person", text, exchange.meaning) for text in said]
        lines += [Line("bot", reply.text, exchange.meaning) for reply in replies]
        conversations.save(context.session, held, lines if exchange.stack.recorded else [], context.now)
        payload = {"replies": [reply.to_json() for reply in replies], "remove": remove_message}
        return _delivery(outbox.owe_replies(context.session, held.id, payload, context.now), held)


def _is_left_alone(held: Held, now: datetime) -> bool:
    """Return whether an action was begun here and left too long."""
    silence = now - held.touched_at if held.touched_at else timedelta()
    return bool(held.state.get("stack")) and silence > timedelta(hours=rules.FLOW_EXPIRES_HOURS)


def _shown(incoming: Incoming, said: Heard, held: Held) -> str:
    """Return the person's line as the transcript may show it."""
    if incoming.button:
        offer = pressed(held.state, incoming.button)
        return f"[{offer.label}]" if offer else "[...]"
    return said.clean or f"[{incoming.attachment}]"


def _delivery(leased: outbox.Leased, held: Held) -> Delivery:
    replies = tuple(Reply.from_json(each) for each in leased.payload["replies"])
    return Delivery(leased.id, leased.lease, held.id, held.channel, held.chat, replies, leased.payload["remove"])


def _with_conversations(session: Session, leased: list[outbox.Leased]) -> list[tuple[outbox.Leased, Held]]:
    return [(each, conversations.hold_by_id(session, each.conversation)) for each in leased]


def _late(delivery: Delivery, held: Held) -> Delivery:
    """Return a delivery that is sent late: where a newer turn has come since, its buttons are dead, and left out."""
    stamps = {button.data.partition(".")[0] for reply in delivery.replies for button in reply.buttons}
    if stamps <= {held.state.get("stamp")}:
        return delivery
    bare = tuple(replace(reply, buttons=()) for reply in delivery.replies)
    return replace(delivery, replies=bare, is_overtaken=True)
