"""The worker's mailboxes: resolves what was asked for, posts the letters that are owed (G2), changes addresses."""

import asyncio
import logging
from collections.abc import Callable
from datetime import datetime
from email.message import EmailMessage

from sqlalchemy.orm import Session

from bot.delivery.post import MailRefused, Post
from bot.delivery.rendering import Renderer, arm
from bot.dialogue.dates import calendar
from core import audit, mailbox_changes, mailbox_proofs, mailbox_stops, outbox, resolution, tickets, tracing
from core.database import Database
from core.keys import Keys
from core.letters import Letter
from core.office_days import Calendar
from core.outbox import Leased
from core.resolution import GivenUp

logger = logging.getLogger(__name__)

# All of them together take no longer than one: the mail server's time-out is half of rules.LEASE_SECONDS.
LETTERS_AT_ONCE = 8


class Mailboxes:
    """Does what is due to mailboxes; any number may share one database."""

    def __init__(
        self, database: Database, keys: Keys, clock: Callable[[], datetime], renderer: Renderer, post: Post
    ) -> None:
        """Post letters with `post`."""
        self._database = database
        self._keys = keys
        self._clock = clock
        self._renderer = renderer
        self._post = post

    async def work(self) -> bool:
        """Do once whatever is due; return whether there was anything."""
        done, leased = await asyncio.to_thread(self._begin)
        outcomes = await asyncio.gather(*(self._post_letter(each) for each in leased), return_exceptions=True)
        for fault in filter(None, outcomes):
            raise fault
        return bool(done or leased)

    def _begin(self) -> tuple[int, list[Leased]]:
        """Do what only writes, and lease the letters that are due; return how much was done, and these."""
        done = self._resolve() + self._change_addresses() + self._tell_of_contested()
        return done, self._lease_letters()

    def _resolve(self) -> int:
        """Resolve the requests that wait, each in a transaction of its own; return how many were."""
        with self._database.reading() as session:
            waiting = resolution.waiting(session, self._clock())
        for request in waiting:
            with tracing.following(request.trace):
                self._resolve_one(request.id)
        return len(waiting)

    def _resolve_one(self, request: int) -> None:
        """Resolve a request; one that crashes holds up nothing, and is not tried for ever."""
        try:
            with self._database.transaction() as session:
                outcome = resolution.resolve(session, self._keys, request, self._clock())
        except Exception as error:
            logger.exception("request %s could not be resolved; it waits for its next try", request)
            with self._database.transaction() as session:
                given_up = resolution.failed(session, request, self._clock())
                if given_up is not None:
                    self._open_ticket(session, given_up, type(error).__name__)
                    logger.error("request %s was tried for the last time and is a ticket now", request)
        else:
            logger.info("request %s was resolved: %s", request, outcome)

    def _change_addresses(self) -> int:
        """End the cases of lost mailboxes whose time is over, each by itself; return how many ended."""
        with self._database.reading() as session:
            lapsing = mailbox_proofs.lapsing(session, self._clock())
            due = mailbox_changes.due(session, self._clock())
        ended = 0
        for case, end in (
            *((each, mailbox_proofs.lapse) for each in lapsing),
            *((each, mailbox_changes.complete) for each in due),
        ):
            try:
                with self._database.transaction() as session:
                    outcome = end(session, case, self._clock())
            except Exception:
                logger.exception("the case %s of a lost mailbox could not be ended; it stays due", case)
            else:
                logger.info("the case %s of a lost mailbox is %s", case, outcome)
                ended += 1
        return ended

    def _tell_of_contested(self) -> int:
        """Open an urgent ticket for each change that its owner contests; return how many there were."""
        with self._database.reading() as session:
            contested = mailbox_stops.contested(session)
        for case, ticket in contested:
            try:
                happened = self._text("happened_mailbox_contested", number=tickets.number_of(ticket))
                with self._database.transaction() as session:
                    mailbox_stops.open_ticket(session, case, happened, self._clock(), self._calendar())
            except Exception:
                logger.exception("no ticket could be opened of the contested case %s; it is tried again", case)
            else:
                logger.warning("the owner contests the case %s of a lost mailbox: there is an urgent ticket", case)
        return len(contested)

    def _lease_letters(self) -> list[Leased]:
        with self._database.transaction() as session:
            return outbox.lease_due(session, outbox.LETTER, self._clock(), limit=LETTERS_AT_ONCE)

    async def _post_letter(self, leased: Leased) -> None:
        try:
            letter = Letter.from_payload(leased.payload)
        except Exception as error:
            logger.exception("letter %s cannot be read; it is a ticket now", leased.id)
            await asyncio.to_thread(self._unreadable, leased, type(error).__name__)
            return
        with tracing.following(letter.trace):
            await self._post_and_note(leased, letter)

    async def _post_and_note(self, leased: Leased, letter: Letter) -> None:
        try:
            await self._post.hand_in(await asyncio.to_thread(self._render, leased, letter))
        except MailRefused as refusal:
            logger.warning("letter %s (%s) was not taken: %s", leased.id, letter.key, refusal)
            await asyncio.to_thread(self._refused, leased, letter, refusal)
        except Exception as error:
            logger.exception("letter %s could not be written", leased.id)
            fault = MailRefused(type(error).__name__, permanent=False)
            await asyncio.to_thread(self._refused, leased, letter, fault)
        else:
            await asyncio.to_thread(self._accepted, leased, letter)
            logger.info("letter %s (%s) was taken", leased.id, letter.key)

    def _render(self, leased: Leased, letter: Letter) -> EmailMessage:
        with self._database.reading() as session:
            return self._renderer.mail(session, letter, leased.id, leased.created_at)

    def _unreadable(self, leased: Leased, fault: str) -> None:
        """End a letter that no try can read, and make a ticket of it: nobody is forgotten (G2)."""
        now = self._clock()
        with self._database.transaction() as session:
            if outbox.settle(session, leased.id, leased.lease, f"refused: {fault}", now):
                happened = self._text("happened_letter_unreadable", row=leased.id, why=fault)
                tickets.open_for_service(session, happened, None, "en", now, self._calendar())

    def _accepted(self, leased: Leased, letter: Letter) -> None:
        now = self._clock()
        with self._database.transaction() as session:
            arm(session, letter, now)
            outbox.settle(session, leased.id, leased.lease, "sent", now)

    def _refused(self, leased: Leased, letter: Letter, refusal: MailRefused) -> None:
        """Try again later, or make a ticket of an account's letter that cannot be delivered (G2).

        A letter to an address without an account is not owed to anybody: mistyped addresses make no tickets. That a
        mailbox of such a case takes no mail stands in the history of the ticket that is about it.
        """
        now = self._clock()
        due_at = now + outbox.retry_delay(leased.tries)
        with self._database.transaction() as session:
            if not refusal.permanent and (leased.deadline is None or due_at < leased.deadline):
                outbox.postpone(session, leased.id, leased.lease, due_at, str(refusal))
            elif outbox.settle(session, leased.id, leased.lease, f"refused: {refusal}", now) and letter.account:
                audit.record(session, audit.Event.LETTER_REFUSED, now=now, account_id=letter.account, letter=letter.key)
                if letter.secret is not None and letter.secret.kind == "stop":
                    mailbox_stops.notice_refused(session, letter.secret.row, str(refusal), now)
                    return
                if letter.secret is not None and letter.secret.kind == "prove":
                    mailbox_proofs.refused(session, letter.secret.row, str(refusal), now)
                    return
                happened = self._text("happened_letter_undelivered", letter=letter.key, why=refusal)
                whose = (letter.account, letter.language)
                tickets.open_for_service(session, happened, *whose, now, self._calendar())

    def _open_ticket(self, session: Session, given_up: GivenUp, fault: str) -> None:
        """Make a ticket of a request that was given up."""
        fields = {"row": given_up.id, "action": given_up.kind, "why": fault}
        if given_up.conversation is None:
            happened = self._text("happened_request_failed", **fields)
        else:
            happened = self._text("happened_request_of_chat_failed", **fields, chat=given_up.conversation)
        now = self._clock()
        tickets.open_for_service(session, happened, None, given_up.language, now, self._calendar())

    def _text(self, key: str, **fields: object) -> str:
        """Return what staff read of it."""
        return self._renderer.library().language("en").desk_text(key, **fields)

    def _calendar(self) -> Calendar:
        """Return the calendar by which tickets are due, with the office days of the facts as they stand now."""
        return calendar(self._renderer.library())
