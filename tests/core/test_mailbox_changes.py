"""The owner's word on a lost mailbox, and the change of address a day later: what stops it, and what it makes void."""

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta

import pytest
from sqlalchemy import delete, update

from core import accounts, links, mailbox_changes, ticket_history, ticket_queue, ticket_work, tickets, verification
from core.context import Context, Desk
from core.refusals import LinkRefused, ProofRefused
from core.rules import MAILBOX_STOPPED_DAYS, MAILBOX_WAIT_HOURS, TICKET_URGENT_HOURS
from core.tables import Account, AccountRequest, Ticket
from core.verification import Proof
from tests.chats import CoreChat
from tests.core.desks import DAY, Desks
from tests.people import mailed_link, register
from tests.stored import stored


def test_the_owner_stops_it_for_good_and_for_a_month_there_is_no_other_case(desks: Desks) -> None:
    assert desks.opens() == ""
    with pytest.raises(LinkRefused):
        desks.stops()
    assert desks.approves() == ""
    desks.delivers()
    assert desks.proves()
    desks.now += timedelta(hours=23)
    assert desks.stops() == "stopped"
    assert desks.stops() == "stopped"
    desks.now += DAY
    assert desks.works() == []
    assert desks.email == "anngause@example.org"
    assert desks.audited.count("mailbox.stopped") == 1
    assert desks.opens() == "mailbox_stopped_lately"
    desks.now += timedelta(days=MAILBOX_STOPPED_DAYS)
    assert desks.opens() == ""


@pytest.mark.parametrize("state", ["waiting", "escalated", "resolved"])
def test_an_owner_who_stops_it_brings_its_ticket_before_staff_at_once(desks: Desks, state: str) -> None:
    acts: dict[str, Callable[[Desk], object]] = {
        "waiting": lambda desk: ticket_work.wait_for_person(desk, desks.ticket),
        "escalated": lambda desk: ticket_work.escalate(
            desk, desks.ticket, "technical", "Is it her?", (desks.now + 5 * DAY).date()
        ),
        "resolved": lambda desk: ticket_work.resolve(desk, desks.ticket),
    }
    assert (desks.opens(), desks.approves(), desks.does("Ana", acts[state])) == ("", "", "")
    with desks.database.reading() as session:
        due_before = session.get_one(Ticket, desks.ticket).due_at
    stopped_at = desks.now
    for _ in range(2):
        assert desks.stops() == "stopped"
        desks.now += timedelta(hours=1)
    with desks.database.reading() as session:
        ticket = session.get_one(Ticket, desks.ticket)
        last = ticket_history.history(session, desks.ticket)[-1]
    urgent = stopped_at + timedelta(hours=TICKET_URGENT_HOURS)
    assert ticket.state == {"waiting": "open"}.get(state, state)
    assert ticket.due_at == (due_before if state == "resolved" else urgent)
    assert (last.kind, last.at) == ("mailbox_stopped", stopped_at)


def test_a_link_that_comes_too_late_stops_nothing_and_becomes_one_urgent_ticket(desks: Desks) -> None:
    assert (desks.opens(), desks.approves(), desks.proves()) == ("", "", True)
    desks.delivers()
    desks.now += DAY
    assert desks.works() == ["done"]
    assert desks.opens_urgent_tickets() == []
    for _ in range(3):
        assert desks.stops() == "done"
        assert desks.email == "ann@new.example.org"
    with ThreadPoolExecutor(2) as threads:
        (opened,) = [each for found in threads.map(lambda _: desks.opens_urgent_tickets(), range(2)) for each in found]
    assert desks.opens_urgent_tickets() == []
    assert desks.audited.count("mailbox.contested") == 1
    with desks.database.reading() as session:
        urgent = session.get_one(Ticket, opened)
        first = ticket_queue.page(session, ticket_queue.Filters(), 0).rows[0]
    assert (urgent.previous_id, urgent.account_id) == (desks.ticket, None)
    assert (first.id, first.due_at) == (opened, desks.now + timedelta(hours=TICKET_URGENT_HOURS))


@pytest.mark.parametrize("token", ["", "1", "1-", "0-x", "99999999999-x", "-", "x-y", "2147483648-x"])
def test_a_link_that_was_never_ours_is_refused(desks: Desks, token: str) -> None:
    assert (desks.opens(), desks.approves(), desks.proves()) == ("", "", True)
    own = desks.token
    for each in (token or "·", own[:-1] + ("A" if own[-1] != "A" else "B"), own + "A"):
        with pytest.raises(LinkRefused):
            desks.stops(each)
    assert desks.case.state == "approved"


def test_the_day_begins_when_the_mail_server_has_taken_the_notice(desks: Desks) -> None:
    assert (desks.opens(), desks.approves(), desks.proves()) == ("", "", True)
    desks.now += timedelta(hours=20)
    desks.delivers()
    desks.now += timedelta(hours=5)
    assert desks.works() == []
    desks.now += timedelta(hours=19)
    assert desks.works() == ["done"]


def test_a_case_that_is_not_due_is_not_completed_by_whoever_asks(desks: Desks) -> None:
    assert (desks.opens(), desks.approves(), desks.proves()) == ("", "", True)
    desks.delivers()
    desks.now += DAY - timedelta(seconds=1)
    with desks.database.transaction() as session:
        assert mailbox_changes.complete(session, desks.case.id, desks.now) == "approved"
        assert mailbox_changes.complete(session, desks.case.id + 1, desks.now) == "refused"
    assert desks.email == "anngause@example.org"


def test_nothing_happens_while_the_notice_may_still_be_delivered(desks: Desks) -> None:
    assert (desks.opens(), desks.approves(), desks.proves()) == ("", "", True)
    desks.now += 3 * DAY
    assert desks.works() == []
    desks.delivers("refused: SMTP [550]")
    assert desks.works() == ["done"]
    assert desks.audited[3] == "mailbox.notice_refused"


def test_an_address_that_became_anothers_meanwhile_changes_nothing(desks: Desks) -> None:
    assert (desks.opens(), desks.approves(), desks.proves()) == ("", "", True)
    desks.delivers()
    register(desks.database, desks.now, "faster7", "ann@new.example.org", active=True)
    desks.now += DAY
    assert desks.works() == ["refused"]
    assert (desks.email, desks.case.ended_why) == ("anngause@example.org", "address_taken")
    assert desks.audited[-1] == "mailbox.refused"


def test_an_account_whose_address_changed_meanwhile_keeps_it(desks: Desks) -> None:
    assert (desks.opens(), desks.approves(), desks.proves()) == ("", "", True)
    desks.delivers()
    with desks.database.transaction() as session:
        account = session.get_one(Account, desks.account.id)
        assert accounts.set_email(session, account, "ann@third.example.org", desks.now)
    desks.now += DAY
    assert desks.works() == ["refused"]
    assert (desks.email, desks.case.ended_why) == ("ann@third.example.org", "address_changed")


def test_what_was_mailed_and_proved_before_is_void(desks: Desks) -> None:
    chat = CoreChat(desks.database, desks.keys, desks.now + DAY)
    assert (desks.opens(), desks.approves(), desks.proves()) == ("", "", True)
    desks.delivers()
    desks.now += DAY - timedelta(minutes=1)
    reset = mailed_link(desks.database, desks.keys, desks.account, links.RESET, desks.now)
    waiting, passed = (chat.does(verification.issue, "code", "reset_password", "anngause") for _ in range(2))
    with desks.database.transaction() as session:
        for code in (waiting, passed):
            verification.arm(session, verification.row_of(code), desks.now)
        session.execute(
            update(AccountRequest).values(
                account_id=desks.account.id, proved_by="code", resolved_at=desks.now, identifier=None
            )
        )
    right = verification.shown(desks.keys, "code", passed)
    assert chat.does(verification.answer, passed, right)
    desks.now += timedelta(minutes=1)
    assert desks.works() == ["done"]
    with desks.database.transaction() as session, pytest.raises(LinkRefused):
        links.look(session, desks.keys, links.RESET, reset, desks.now)
    assert not chat.does(verification.answer, waiting, verification.shown(desks.keys, "code", waiting))

    def use(context: Context) -> None:
        verification.consume(context, Proof(passed, "code", "proof"), "reset_password", "anngause")

    with pytest.raises(ProofRefused):
        chat.does(use)
    number = chat.does(tickets.open_ticket, "Am I still the owner?")
    with desks.database.reading() as session:
        assert session.get_one(Ticket, tickets.id_of(number)).account_id is None


def test_of_two_who_approve_at_once_and_an_owner_who_stops_one_has_their_way(desks: Desks) -> None:
    assert desks.opens() == ""
    with ThreadPoolExecutor(2) as threads:
        outcomes = list(threads.map(desks.approves, ["Ben", "Cem"]))
    assert sorted(outcomes) == ["", "mailbox_case_over"]
    assert len(desks.letters) == 2
    desks.delivers()
    assert desks.proves()
    desks.now += DAY
    with ThreadPoolExecutor(3) as threads:
        acts: list[Callable[[], object]] = [desks.works, desks.stops, desks.works]
        list(threads.map(lambda act: act(), acts))
    state = desks.case.state
    assert state in {"done", "stopped"}
    assert (desks.email == "ann@new.example.org") == (state == "done")
    assert desks.audited.count("account.email_changed") == (1 if state == "done" else 0)


def test_g4_no_link_lies_in_the_database(desks: Desks) -> None:
    assert (desks.opens(), desks.approves(), desks.proves()) == ("", "", True)
    token = desks.token
    assert b"lost_mailbox_notice" in stored(desks.database)
    assert token.partition("-")[2].encode() not in stored(desks.database)


def test_a_case_ends_with_its_account(desks: Desks) -> None:
    assert (desks.opens(), desks.approves(), desks.proves()) == ("", "", True)
    token = desks.token
    with desks.database.transaction() as session:
        session.execute(delete(Account).where(Account.id == desks.account.id))
    with pytest.raises(LinkRefused):
        desks.stops(token)


def test_the_wait_is_a_day() -> None:
    assert timedelta(hours=MAILBOX_WAIT_HOURS) == DAY
