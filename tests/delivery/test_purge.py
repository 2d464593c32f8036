"""The purge: what has served its time is gone within the hour, and nothing else is."""

from datetime import timedelta
from pathlib import Path

import pytest
from sqlalchemy import func, select

from bot.delivery.purge import Purge
from bot.desk.improve import PERIODS
from core import account_sessions, audit, conversations, day_counts, inbox, limits, outbox, purging, rules, tickets
from core.business_days import CALIFORNIA
from core.database import Database
from core.day_counts import Counted, Measure
from core.inbox import Arrival
from core.limits import CHAT_TICKETS, DAY
from core.office_days import STATE_OFFICES
from core.purging import Keeping
from core.refusals import BudgetSpent
from core.settings import read_settings
from core.tables import (
    Account,
    AccountRequest,
    AccountSession,
    AuditEvent,
    Base,
    Budget,
    Challenge,
    Conversation,
    DayCount,
    FollowUp,
    Link,
    Message,
    Owed,
    Received,
    Ticket,
    TicketEvent,
    TicketWord,
)
from core.ticket_history import Kind, add, history
from core.tickets import id_of
from tests.asking import RECOVER
from tests.databases import ON_BOTH
from tests.delivery.stand_ins import owe
from tests.desk.office import Office, ask_for_person
from tests.people import mailed_link, register
from tests.world import Characters, Chat, Wait, World, converse

pytestmark = ON_BOTH
SPOKEN: tuple[type[Base], ...] = (Message, Challenge, AccountRequest, FollowUp, Conversation)


@pytest.fixture
def purge(world: World) -> Purge:
    return Purge(world.database(), world.clock)


async def purged(purge: Purge) -> int:
    """Let it work until it has nothing more to do; return in how many transactions."""
    number = 0
    while await purge.work():
        number += 1
    return number


def counts(database: Database) -> list[int]:
    """Return how many rows the audit, the inbox, the outbox and the budgets have."""
    tables: list[type[Base]] = [AuditEvent, Received, Owed, Budget]
    with database.reading() as session:
        return [session.scalar(select(func.count()).select_from(table)) or 0 for table in tables]


async def test_handled_messages_and_what_was_sent_are_kept_for_thirty_days(
    world: World, chat: Chat, purge: Purge
) -> None:
    await converse(chat, [("hello", "")])
    owe(world)
    await world.work()
    database = world.database()
    assert counts(database)[1:3] == [1, 2]
    world.later(rules.HANDLED_DAYS * 24 * 60 - 1)
    await purged(purge)
    assert counts(database)[1:3] == [1, 2]
    world.later(60)
    await purged(purge)
    assert counts(database)[1:3] == [0, 0]


async def test_visits_to_the_account_pages_end_after_thirty_days_however_long_chats_are_kept(
    world: World, chat: Chat
) -> None:
    purge = Purge(world.database(), world.clock, Keeping(transcripts=timedelta(days=1000)))
    await converse(chat, [("hello", "")])
    with world.database().transaction() as session:
        conversations.hold_all(session, conversations.VISITS, {"somebody": "en"}, world.now)
    world.later(rules.HANDLED_DAYS * 24 * 60 - 1)
    await purged(purge)
    assert len(world.rows(Conversation)) == 2
    world.later(60)
    await purged(purge)
    assert [row.channel for row in world.rows(Conversation)] == ["test"]


async def test_sessions_of_accounts_are_gone_after_their_hours(world: World, purge: Purge) -> None:
    with world.database().transaction() as session:
        account = session.scalars(select(Account).limit(1)).one()
        account_sessions.begin(session, account, world.now)
    world.later(rules.SESSION_HOURS * 60 - 1)
    await purged(purge)
    assert len(world.rows(AccountSession)) == 1
    world.later(60)
    await purged(purge)
    assert world.rows(AccountSession) == []


async def test_the_audit_is_kept_for_a_year(world: World, purge: Purge) -> None:
    with world.database().transaction() as session:
        audit.record(session, audit.Event.LETTER_REFUSED, now=world.now, letter="activation")
    world.later(rules.AUDIT_DAYS * 24 * 60 - 1)
    await purged(purge)
    assert "letter.refused" in [row.event for row in world.rows(AuditEvent)]
    world.later(60)
    await world.work()
    left = world.rows(AuditEvent)
    assert {row.event for row in left} == {"audit.purged"}, "a purge is written down itself"
    assert left[-1].detail == {"rows": 1, "days": rules.AUDIT_DAYS}


async def test_what_days_came_to_is_kept_for_the_year_that_the_desk_can_show(world: World, purge: Purge) -> None:
    today = world.now.astimezone(CALIFORNIA).date()
    with world.database().transaction() as session:
        for age in (0, rules.COUNTS_KEPT_DAYS - 1, *range(rules.COUNTS_KEPT_DAYS, rules.COUNTS_KEPT_DAYS + 20)):
            numbers = {(Measure.COUNTED, ""): 1, (Measure.ANSWERED, "forgot_username"): 3}
            day_counts.keep(session, Counted(today - timedelta(days=age), world.now, numbers))
    await purged(purge)
    assert {row.day for row in world.rows(DayCount)} == {today, today - timedelta(days=max(PERIODS) - 1)}
    world.later(24 * 60)
    await purged(purge)
    assert {row.day for row in world.rows(DayCount)} == {today}


async def test_a_letter_that_is_owed_stays_however_old(world: World, purge: Purge) -> None:
    owe(world)
    database = world.database()
    world.later(1000 * 24 * 60)
    for _ in range(3):
        await purged(purge)
        world.later(60)
    (letter,) = world.rows(Owed)
    assert (letter.settled_at, bool(letter.payload)) == (None, True)
    assert counts(database)[2] == 1


async def test_what_nobody_could_handle_or_send_within_a_day_is_blanked_by_who_had_an_hour_to_do_it(
    world: World, chat: Chat, purge: Purge
) -> None:
    database = world.database()
    with database.transaction() as session:
        inbox.accept(session, world.keys, [Arrival("test", "1", "18", b"hello")], world.now)
    world.conversations(database).receive(chat._incoming("how long is the activation link valid?"))
    waits = rules.PAYLOAD_HOURS * 60
    world.later(waits - 1)
    await purged(purge)
    world.later(2)
    assert await purged(Purge(database, world.clock)) == 0, "it was old when the process began"
    assert {row.payload is None for row in world.rows(Received)} == {True, False}
    world.later(60)
    await purged(purge)
    assert {(row.payload, row.handled_at) for row in world.rows(Received) if row.chat == "18"} == {(None, world.now)}
    (replies,) = world.rows(Owed)
    assert (replies.payload, replies.settled_at) == ({}, world.now)
    assert replies.outcome == purging.UNTAKEN


async def test_a_transcript_is_kept_for_thirty_days_and_so_is_a_chat_without_a_ticket(
    world: World, chat: Chat, purge: Purge
) -> None:
    await converse(chat, [*RECOVER, (Characters(), "is on its way"), (Wait(20), "")])
    await ask_for_person(Chat(world, "2"))
    world.later(rules.TRANSCRIPT_DAYS * 24 * 60 - 21)
    await purged(purge)
    kept = {each: len(world.rows(each)) for each in SPOKEN}
    assert all(kept.values())
    world.later(60)
    await purged(purge)
    assert {each: len(world.rows(each)) for each in SPOKEN} == dict.fromkeys(SPOKEN, 0) | {Conversation: 1}
    assert [row.chat for row in world.rows(Conversation)] == ["2"]


async def test_a_chat_that_goes_on_loses_what_is_old_alone(world: World, chat: Chat, purge: Purge) -> None:
    await converse(chat, [("how long is the activation link valid?", "30 days")])
    world.later(rules.TRANSCRIPT_DAYS * 24 * 60 - 5)
    await converse(chat, [("hello", "")])
    world.later(10)
    await purged(purge)
    assert [row.text for row in world.rows(Message) if row.author == "person"] == ["hello"]
    assert len(world.rows(Conversation)) == 1


async def test_a_ticket_is_kept_for_a_year_after_it_was_resolved_with_all_that_belongs_to_it(
    world: World, chat: Chat, purge: Purge
) -> None:
    resolved = await ask_for_person(chat)
    await ask_for_person(Chat(world, "2"))
    office = Office(world)
    ana = office.hire("Ana")
    office.writes(ana, resolved, "Which page says no?")
    world.later(60)
    office.desk.resolve(ana, id_of(resolved))
    await world.work({"test": chat})
    world.later(rules.TICKET_DAYS * 24 * 60 - 1)
    await purged(purge)
    assert len(world.rows(Ticket)) == 2
    world.later(60)
    await purged(purge)
    world.later(60)
    await purged(purge)
    (left,) = world.rows(Ticket)
    assert left.conversation_id is not None
    assert {row.ticket_id for row in world.rows(TicketEvent)} == {left.id}
    assert {row.ticket_id for row in world.rows(TicketWord)} == {left.id}
    assert world.rows(Owed) == []
    assert [row.chat for row in world.rows(Conversation)] == ["2"]
    office.database.close()


async def test_links_are_kept_as_long_as_tickets(world: World, purge: Purge) -> None:
    database = world.database()
    account = register(database, world.now, active=True)
    mailed_link(database, world.keys, account, "reset", world.now)
    world.later(rules.TICKET_DAYS * 24 * 60 - 1)
    await purged(purge)
    assert len(world.rows(Link)) == 1
    world.later(60)
    await purged(purge)
    assert world.rows(Link) == []


async def test_how_long_what_is_kept_is_a_setting(
    world: World, chat: Chat, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.chdir(tmp_path)
    for name, value in {"TRANSCRIPTS_DAYS": 2, "TICKETS_DAYS": 31, "AUDIT_DAYS": 3, "PAYLOADS_HOURS": 24}.items():
        monkeypatch.setenv(f"CERSBOT_KEEP_{name}", str(value))
    keeping = read_settings().keeping()
    assert (keeping.transcripts, keeping.tickets) == (timedelta(days=2), timedelta(days=31))
    assert (keeping.audit, keeping.payloads) == (timedelta(days=3), timedelta(days=1))
    await converse(chat, [("hello", "")])
    world.later(2 * 24 * 60)
    await purged(Purge(world.database(), world.clock, keeping))
    assert [len(world.rows(each)) for each in (Message, Conversation)] == [0, 0]


async def test_a_chat_that_is_spoken_in_while_the_purge_looks_stays(world: World, chat: Chat) -> None:
    await converse(chat, [("hello", "")])
    world.later(rules.TRANSCRIPT_DAYS * 24 * 60 + 1)
    database, keeping = world.database(), Keeping()
    with database.reading() as session:
        found = purging.past(session, keeping, world.now)
    assert found.keys() == {"conversations", "messages", "inbox", "outbox"}
    await chat.says("hello again")
    with database.transaction() as session:
        purging.purge(session, found, keeping, world.now)
    assert [row.text for row in world.rows(Message) if row.author == "person"] == ["hello again"]


async def test_a_ticket_tells_as_long_as_there_is_one_what_became_of_a_reply(world: World, purge: Purge) -> None:
    database = world.database()
    owed = owe(world)
    with database.transaction() as session:
        ticket = tickets.open_for_service(session, "no", None, "en", world.now, STATE_OFFICES)
        add(session, ticket, Kind.REPLY, world.now, text="Hello", owed=owed)
        (leased,) = outbox.lease_due(session, outbox.LETTER, world.now)
        outbox.settle(session, owed, leased.lease, "refused: gone", world.now)
    world.later(1000 * 24 * 60)
    await purged(purge)
    with database.reading() as session:
        assert [(line.delivered, line.failure) for line in history(session, ticket)][-1] == ("refused", "gone")


async def test_a_budget_stays_as_long_as_it_counts(world: World, purge: Purge) -> None:
    database = world.database()

    def spend() -> None:
        with database.transaction() as session:
            limits.spend(session, world.keys, CHAT_TICKETS, "17", world.now)

    for _ in range(rules.CHAT_TICKETS_A_DAY):
        spend()
    world.later(DAY / 60 - 1)
    await purged(purge)
    with pytest.raises(BudgetSpent):
        spend()
    world.later(60)
    await purged(purge)
    assert counts(database)[3] == 0


async def test_much_is_deleted_a_few_rows_at_once_and_then_an_hour_passes(world: World, purge: Purge) -> None:
    database = world.database()
    with database.transaction() as session:
        session.add_all(
            Budget(key=str(number), spent=[], updated_at=world.now - timedelta(days=2))
            for number in range(2 * purging.AT_ONCE + 1)
        )
    assert await purged(purge) == 3
    with database.transaction() as session:
        session.add(Budget(key="late", spent=[], updated_at=world.now - timedelta(days=2)))
    world.later(59)
    assert await purged(purge) == 0
    world.later(1)
    assert await purged(purge) == 1
