"""The purge: what has served its time is gone within the hour, and nothing else is."""

from datetime import timedelta

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
from core.refusals import BudgetSpent
from core.tables import Account, AccountSession, AuditEvent, Base, Budget, Conversation, DayCount, Owed, Received
from core.ticket_history import Kind, add, history
from tests.databases import ON_BOTH
from tests.delivery.stand_ins import owe
from tests.world import Chat, World, converse

pytestmark = ON_BOTH


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


async def test_visits_to_the_account_pages_end_after_thirty_days_and_chats_never(
    world: World, chat: Chat, purge: Purge
) -> None:
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


async def test_what_is_not_done_stays_however_old(world: World, purge: Purge) -> None:
    owe(world)
    database = world.database()
    with database.transaction() as session:
        inbox.accept(session, world.keys, [Arrival("test", "1", "17", b"hello")], world.now)
    world.later(1000 * 24 * 60)
    await purged(purge)
    assert counts(database)[1:3] == [1, 1]


async def test_a_ticket_tells_for_ever_what_became_of_a_reply(world: World, purge: Purge) -> None:
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
