"""The help desk's doings, the same from the web and from Telegram, and what a ticket's person hears of each."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import date, datetime
from typing import Literal

from sqlalchemy.orm import Session

from bot.desk.speaking import spoken
from bot.dialogue.dates import calendar, written_moment
from bot.dialogue.files import marked
from bot.dialogue.legible import legible
from bot.dialogue.messages import Copied
from bot.dialogue.redaction import heard
from core import day_counts, promises, ticket_pages, ticket_replies, ticket_work
from core.business_days import CALIFORNIA
from core.context import Desk
from core.database import Database
from core.keys import Keys
from core.refusals import TicketRefused
from core.staff import Member
from core.tables import Message, Ticket
from core.ticket_replies import Draft
from core.tickets import number_of
from knowledge.library import Library

Then = Literal["wait", "stay", "resolve"]


@dataclass(frozen=True, slots=True)
class Written:
    """A reply as it was written: `key` is drawn with the form, `seen` the last line of the history that was shown.

    `then` is what follows: to wait for the person, to stay at the ticket, or to resolve it. With the text goes what is
    `copied`, a picture or a file of this `kind`.
    """

    text: str
    key: str
    seen: int
    then: Then = "wait"
    copied: Copied | None = None
    kind: str = ""


class HelpDesk:
    """Does to tickets what staff ask for, each thing in one transaction with what the person is told of it."""

    def __init__(
        self, database: Database, keys: Keys, library: Callable[[], Library], clock: Callable[[], datetime]
    ) -> None:
        """Work on `database`; `clock` gives the time in UTC."""
        self.database = database
        self.keys = keys
        self.library = library
        self.clock = clock
        self._session: Session | None = None

    def within(self, session: Session) -> "HelpDesk":
        """Return the help desk whose doings are committed with `session`; what is refused leaves no trace in it."""
        within = HelpDesk(self.database, self.keys, self.library, self.clock)
        within._session = session
        return within

    @contextmanager
    def work(self, member: Member | None) -> Iterator[Desk]:
        """Yield what a member of staff (the service itself without one) works with, committed at the end."""
        with self._transaction() as session:
            yield Desk(session, self.clock(), self.keys, member.id if member else None, calendar(self.library()))

    def take(self, member: Member, ticket: int, seen_owner: int | None) -> None:
        """Make the ticket the member's, and tell its person once who has the chat; TicketRefused as the core says."""
        with self.work(member) as desk:
            if ticket_work.take(desk, ticket, seen_owner):
                self._tell(desk, ticket, "staff_took_over", name=member.name)

    def reply(self, member: Member, ticket: int, written: Written) -> bool:
        """Send the reply to the ticket's person, with what follows it; False when this form had been sent before.

        TicketRefused as the core says, and where the text holds what looks like a password or a secret link (S2).
        """
        text = legible(written.text).strip()
        if self.holds_secret(text):
            raise TicketRefused("reply_has_secret")
        with self.work(member) as desk:
            found = ticket_work.held(desk, ticket)
            notice = self._phrase(found, "staff_took_over", name=member.name)
            draft = Draft(
                text=marked(written.kind, text),
                key=written.key,
                seen=written.seen,
                payload=spoken(text, written.copied),
                notice=spoken(notice),
                then_wait=written.then == "wait",
                notice_text=notice,
            )
            is_new = ticket_replies.reply(desk, ticket, draft)
            if is_new and written.then == "resolve":
                self._resolve(desk, ticket)
            return is_new

    def note(self, member: Member, ticket: int, text: str, key: str | None = None) -> None:
        """Write an internal note, under a `key` that no other line has.

        TicketRefused as the core says, and where it holds a secret (S2).
        """
        if self.holds_secret(legible(text)):
            raise TicketRefused("note_has_secret")
        with self.work(member) as desk:
            ticket_work.note(desk, ticket, legible(text), key)

    def escalate(self, member: Member, ticket: int, level: str, reason: str, news: date) -> None:
        """Pass the ticket on, and tell its person when they hear of it next (003).

        TicketRefused as the core says, and where the reason holds a secret (S2).
        """
        if self.holds_secret(legible(reason)):
            raise TicketRefused("reason_has_secret")
        with self.work(member) as desk:
            due = ticket_work.escalate(desk, ticket, level, legible(reason), news)
            language = self.library().language(ticket_work.held(desk, ticket).language)
            self._tell(desk, ticket, f"ticket_passed_on_{level}", news=written_moment(language, due))

    def resolve(self, member: Member, ticket: int) -> None:
        """End the ticket, tell its person, and let the bot have the chat back."""
        with self.work(member) as desk:
            self._resolve(desk, ticket)

    def next_business_day(self) -> date:
        """Return the next day on which the help desk works, in California."""
        return calendar(self.library()).promise(self.clock(), 1).astimezone(CALIFORNIA).date()

    def keep_promises(self) -> int:
        """Warn staff of what is due soon, own up to what was missed; return how many tickets that concerned."""
        with self.work(None) as desk:
            warned = promises.warn(desk)
        with self.work(None) as desk:  # who is warned of is locked no longer where chats are locked now
            missed = promises.miss(desk)
            for each in missed:
                language = self.library().language(each.language)
                self._tell(
                    desk,
                    each.ticket,
                    "promise_missed",
                    promised=written_moment(language, each.promised),
                    due=written_moment(language, each.due_at),
                )
        return warned + len(missed)

    def count_day(self) -> bool:
        """Count what a day came to that is due to be counted, the newest first; return whether one was.

        Reading takes a second of a busy day; what is kept of it is written in a moment, so that nobody waits for it.
        """
        now, entries = self.clock(), self.library().language("en").entries.values()
        with self.database.reading() as session:
            day = next(iter(day_counts.due(session, now)), None)
            if day is None:
                return False
            found = day_counts.counted(session, day, now, [entry.id for entry in entries if entry.kind != "faq"])
        with self.database.transaction() as session:
            day_counts.keep(session, found)
        return True

    def forget_writers(self) -> None:
        """Forget who was writing a reply and has stopped."""
        with self.work(None) as desk:
            ticket_pages.forget_writers(desk.session, desk.now)

    def holds_secret(self, text: str) -> bool:
        """Return whether something like a password or a secret link is in `text`; our own answers hold none."""
        language = self.library().language("en")
        ours = {line for entry in language.entries.values() for line in entry.answer.splitlines()}
        own_words = "\n".join(line for line in text.splitlines() if line not in ours)
        return heard(own_words, language.words["innocent"]).secret

    def _resolve(self, desk: Desk, ticket: int) -> None:
        ticket_work.resolve(desk, ticket)
        self._tell(desk, ticket, "ticket_closed")

    @contextmanager
    def _transaction(self) -> Iterator[Session]:
        if self._session is None:
            with self.database.transaction() as session:
                yield session
        else:
            with self._session.begin_nested():
                yield self._session

    def _phrase(self, ticket: Ticket, key: str, **fields: object) -> str:
        language = self.library().language(ticket.language)
        return language.phrase(key, **{"number": number_of(ticket.id), **fields})

    def _tell(self, desk: Desk, ticket: int, key: str, **fields: object) -> None:
        """Owe the ticket's person a sentence, where they have a chat."""
        found = ticket_work.held(desk, ticket)
        if found.conversation_id is None:
            return
        text = self._phrase(found, key, **fields)
        line = Message(conversation_id=found.conversation_id, at=desk.now, author="bot", text=text, meaning="desk")
        desk.session.add(line)
        ticket_replies.owe(desk, found.conversation_id, spoken(text))
