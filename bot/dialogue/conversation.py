"""Conversations: one message in, one committed turn, its replies out."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from datetime import datetime, timedelta

from sqlalchemy.orm import Session

from bot.dialogue.dates import calendar
from bot.dialogue.deliveries import READ_THERE, late, pause_after, payload_of, read_delivery, shown_with, standing
from bot.dialogue.exchange import Exchange
from bot.dialogue.flow import Flow
from bot.dialogue.group import react_in_group
from bot.dialogue.messages import Delivery, Incoming, NotYet, Reply, SendFailed, Sent
from bot.dialogue.preparing import Prepared, prepare
from bot.dialogue.redaction import Heard
from bot.dialogue.speech import kept, pressed
from bot.dialogue.stage import LANGUAGE_IS_CHOSEN, SWITCHED, Stage
from bot.dialogue.takeover import TO_STAFF, is_left_to_staff
from bot.dialogue.turn import Reader
from core import continuing, conversations, follow_ups, inbox, outbox, rules, tracing
from core.context import Context
from core.conversations import Held, Line
from core.database import Database
from core.inbox import Arrival, Claim
from core.keys import Keys
from core.pacing import PACES, ChannelPace, by_this_clock
from knowledge.library import Library

AT_ONCE = 20  # left-over replies, each of another chat, that a channel sends at once


class Alone(Exception):
    """A message that moves a conversation is to be handed in by itself."""


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
        paces: Mapping[str, ChannelPace] = PACES,
    ) -> None:
        """Work on `database`; `clock` gives the time in UTC, `draw` an unguessable stamp for a turn's buttons.

        `paces` are those of the channels that have one: what is sent there waits for its time and for what is before.
        """
        self._database = database
        self._keys = keys
        self._library = library
        self._flows = flows
        self._clock = clock
        self._draw = draw
        self._paces = paces

    def receive(self, incoming: Incoming) -> Delivery | None:
        """Handle one message in one committed turn; None when it had been handled before (G1).

        The replies are in the outbox, leased to the caller, who sends them and then calls `sent`.
        """
        outcome = self.work([self.prepare(incoming)])[0]
        if isinstance(outcome, NotYet):
            raise outcome
        return outcome

    def prepare(self, incoming: Incoming) -> Prepared:
        """Return a message ready for `work`: redacted and matched, which takes time and needs no database."""
        return prepare(incoming, self._library())

    def work(
        self, prepared: Sequence[Prepared], sent: Sequence[Sent] = (), arrivals: Sequence[Arrival] = ()
    ) -> list[Delivery | NotYet | None]:
        """Handle messages of different chats of one channel, in one transaction with what else is to be written.

        That is what was sent, and what arrived: it enters the inbox before the turns look there. Where one turn crashes
        nothing of it was done: each can then be handed in by itself. So it is with a message that moves a conversation
        here (Alone): it may be one of which another message is among these.
        """
        moving = [each for each in map(self._moves, prepared) if each]
        if moving and len(prepared) > 1:
            raise Alone
        channel = prepared[0].incoming.channel if prepared else ""
        now = self._clock()
        with self._database.transaction() as session:
            inbox.accept(session, self._keys, arrivals, now)
            chats = {each.incoming.chat: each.language.code for each in prepared}
            also = [*(each.delivery.conversation for each in sent), *moving]
            holding = conversations.hold_all(session, channel, chats, now, also) if chats or also else {}
            self._settle(session, sent, holding, now)
            if not prepared:
                return []
            keys = {each.incoming.key: each.incoming.chat for each in prepared}
            claims = inbox.claim_all(session, channel, keys, now)
            turns = {}
            for each in prepared:
                key, held = each.incoming.key, holding[each.incoming.chat]
                if claims[key] is Claim.OURS:
                    with tracing.following(f"{channel}:{key}"):
                        turns[key] = self._turn(session, each, held, now)
            deliveries = dict(zip(turns, self._deliver_all(session, list(turns.values()), now), strict=True))
        early = {key: NotYet(key) for key, claim in claims.items() if claim is Claim.NOT_YET}
        return [deliveries.get(each.incoming.key) or early.get(each.incoming.key) for each in prepared]

    def follow_up(self, due: follow_ups.Due) -> Delivery | None:
        """Ask a follow-up's question; None while another is open (it waits), or when it is settled or gone."""
        library, now = self._library(), self._clock()
        with self._database.transaction() as session:
            held = conversations.hold_by_id(session, due.conversation)
            if held.taken_over_by or (held.state.get("stack") and not _is_left_alone(held, now)):
                follow_ups.wait(session, due.id, now + timedelta(minutes=rules.FOLLOW_UP_WAITS_MINUTES))
                return None
            if not follow_ups.settle(session, due, now) or due.flow not in self._flows:
                return None
            exchange = self._exchange(session, held, library, now)
            if _is_left_alone(held, now):
                exchange.put_away()
            exchange.begin(due.flow, due.given)
            return self._deliver_all(session, [_Turn(exchange, [])], now)[0]

    def left_over(self, channel: str, chat: str | None = None) -> list[Delivery]:
        """Return replies that nobody sent in time, leased to the caller now, oldest first, of each chat the oldest."""
        with self._database.transaction() as session:
            leased = outbox.lease_due(session, outbox.REPLIES, self._clock(), channel, chat, limit=AT_ONCE)
            return [late(read_delivery(each, held), held) for each, held in _with_conversations(session, leased)]

    def sent(self, delivery: Delivery, keyboard: str | None = None) -> None:
        """Note that the replies were sent; `keyboard` is the channel's ids of the messages with the live buttons."""
        self.work([], [Sent(delivery, keyboard)])

    def progress(self, delivery: Delivery) -> bool:
        """Keep how many messages of a delivery were sent; False when it is another's by now."""
        with self._database.transaction() as session:
            return outbox.progress(session, delivery.owed, delivery.lease, payload_of(delivery), self._clock())

    def unsent(self, delivery: Delivery, failure: SendFailed) -> None:
        """Note that the replies could not be sent: for good, or to be tried again when their time comes."""
        now = self._clock()
        with self._database.transaction() as session:
            conversations.hold_by_id(session, delivery.conversation)  # before the outbox's row, as in a turn
            if failure.permanent:
                ours = outbox.settle(session, delivery.owed, delivery.lease, f"refused: {failure}", now)
                if ours and failure.is_gone:
                    conversations.unreachable(session, delivery.conversation, now)
                return
            due_at = now + timedelta(seconds=failure.retry_after or pause_after(delivery.tries))
            left = replace(delivery, done=failure.done, live=failure.live, is_doubtful=failure.is_unclear)
            ours = outbox.postpone(session, delivery.owed, delivery.lease, due_at, str(failure), payload_of(left))
            if ours and failure.retry_after:
                conversations.keep_quiet(session, delivery.conversation, due_at)

    def _moves(self, prepared: Prepared) -> int | None:
        """Return the conversation that a code in the message speaks of: it is locked together with this one."""
        if not continuing.CODE.search(prepared.said.text):
            return None
        with self._database.reading() as session:
            return continuing.source(session, prepared.said.text)

    def _turn(self, session: Session, prepared: Prepared, held: Held, now: datetime) -> "_Turn":
        incoming, said = prepared.incoming, prepared.said
        _follow_language(held, prepared)
        exchange = self._exchange(session, held, prepared.library, now)
        language = exchange.stage.language
        reader = Reader(incoming, said, lambda: prepared.match(language), held.state, language)
        remove = incoming.message if said.secret else ""
        if not incoming.private:
            react_in_group(exchange, reader)
            return _Turn(exchange, [], remove, private=False)
        shown = _shown(incoming, said, held)
        if is_left_to_staff(exchange.stage, reader, shown):
            exchange.meaning = TO_STAFF
        else:
            if _is_left_alone(held, now):
                exchange.put_away()
            exchange.react(reader)
        if said.secret:
            exchange.warn_of_secret()
        if exchange.stack.took_secret:
            shown = f"[{exchange.stage.language.phrase('hidden_answer')}]"
        return _Turn(exchange, [shown], remove)

    def _settle(self, session: Session, sent: Sequence[Sent], holding: Mapping[str, Held], now: datetime) -> None:
        """Note what was sent, and which buttons are live since, before any turn looks at them."""
        if not sent:
            return
        ended = outbox.settle_all(session, {each.delivery.owed: each.delivery.lease for each in sent}, "sent", now)
        keyboards = {
            each.delivery.conversation: each.keyboard
            for each in sent
            if each.delivery.owed in ended and not each.delivery.is_overtaken
        }
        conversations.keep_keyboards(session, keyboards)
        for held in holding.values():
            held.keyboard = keyboards.get(held.id, held.keyboard)

    def _exchange(self, session: Session, held: Held, library: Library, now: datetime) -> Exchange:
        language = library.language(held.language)
        context = Context(session, now, self._keys, held.id, language.code, calendar(library))
        return Exchange(Stage(held, context, language, library.languages, self._flows))

    def _deliver_all(self, session: Session, turns: "Sequence[_Turn]", now: datetime) -> list[Delivery]:
        """Save what turns made of their conversations, and owe their replies."""
        if not turns:
            return []
        paces = [self._paces.get(each.held.channel) for each in turns]
        paced = [each.held.id for each, pace in zip(turns, paces, strict=True) if pace is not None]
        behind = outbox.unsettled(session, paced) if paced else set()
        owed, saved = [], []
        deliveries: dict[int, Delivery] = {}
        for turn, pace in zip(turns, paces, strict=True):
            held, stage, stamp = turn.held, turn.exchange.stage, self._draw()
            replies = stage.speech.replies(stamp)
            held.state = {**held.state, "stamp": stamp, "offered": kept(stage.speech.offered())}
            lines = turn.lines(replies, stamp)
            saved.append((held, lines if turn.is_recorded else []))
            if held.channel in READ_THERE:
                held.state["aside"] = [] if turn.is_recorded else [asdict(line) for line in lines]
                deliveries[held.id] = standing(held, replies)
                continue
            held.free_at = by_this_clock(held.free_at, held.touched_at, now)
            due_at = max(now, held.free_at or now) if pace else now
            if pace:
                held.free_at = (pace.private if turn.private else pace.group).after(held.free_at, len(replies), now)
            payload = {"replies": [reply.to_json() for reply in replies], "remove": turn.remove_message}
            owed.append(outbox.Replies(held.id, payload, due_at, waits=held.id in behind or due_at > now))
        session.flush()
        conversations.save_all(session, saved, now)
        leased = {each.conversation: each for each in outbox.owe_all(session, owed, now)}
        return [deliveries.get(held.id) or read_delivery(leased[held.id], held) for held, _ in saved]


@dataclass(frozen=True, slots=True)
class _Turn:
    """What was done about a message: the outcome lies on the exchange's stage; `said` are the person's lines."""

    exchange: Exchange
    said: Sequence[str]
    remove_message: str = ""
    private: bool = True

    @property
    def held(self) -> Held:
        """The conversation."""
        return self.exchange.stage.held

    @property
    def is_recorded(self) -> bool:
        """Whether the turn goes into the transcript."""
        return self.exchange.stack.recorded

    def lines(self, replies: Sequence[Reply], stamp: str) -> list[Line]:
        """Return what was said and replied as lines of the transcript."""
        meaning, is_read_there = self.exchange.meaning, self.held.channel in READ_THERE
        said = [Line("person", text, meaning) for text in self.said]
        beside = [shown_with(reply, stamp) if is_read_there else None for reply in replies]
        return said + [Line("bot", reply.text, meaning, shown) for reply, shown in zip(replies, beside, strict=True)]


def _follow_language(held: Held, prepared: Prepared) -> None:
    """Go on in the language of what is written, unless another was chosen; a switch counts once, when it is turned."""
    switched = prepared.incoming.switched
    if switched and switched != held.state.get(SWITCHED):
        held.language, held.state = switched, {**held.state, SWITCHED: switched}
    if prepared.written is not None and not held.state.get(LANGUAGE_IS_CHOSEN):
        held.language = prepared.written.code


def _is_left_alone(held: Held, now: datetime) -> bool:
    """Return whether an action was begun here and left too long."""
    silence = now - held.touched_at if held.touched_at else timedelta()
    return bool(held.state.get("stack")) and silence > timedelta(hours=rules.FLOW_EXPIRES_HOURS)


def _shown(incoming: Incoming, said: Heard, held: Held) -> str:
    """Return the person's line as the transcript may show it."""
    if incoming.button:
        offer = pressed(held.state, incoming.button)
        return f"[{offer.label}]" if offer else "[...]"
    if held.taken_over_by and incoming.attachment:  # staff have to know that there was more than text
        return f"[{incoming.attachment}] {said.clean}".strip()
    return said.clean or f"[{incoming.attachment}]"


def _with_conversations(session: Session, leased: list[outbox.Leased]) -> list[tuple[outbox.Leased, Held]]:
    # Not locked: a turn locks its conversation first, and then the rows of the outbox that are leased here already.
    held = conversations.look_at(session, [each.conversation for each in leased])
    return [(each, held[each.conversation]) for each in leased]
