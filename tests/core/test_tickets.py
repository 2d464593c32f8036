"""Tickets: a number, the day of the answer, and nobody else's story."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest
from sqlalchemy import delete, select
from sqlalchemy.exc import NoResultFound

from core import rules, tickets
from core.context import Context
from core.database import Database
from core.keys import Keys
from core.refusals import BudgetSpent
from core.tables import Ticket
from tests.chats import CoreChat
from tests.people import register

WEDNESDAY_FIVE = datetime(2026, 11, 19, 1, 0, tzinfo=UTC)


@pytest.fixture
def chat(database: Database, keys: Keys, now: datetime) -> CoreChat:
    """Return a chat on a Monday morning in California."""
    return CoreChat(database, keys, now)


def opened(chat: CoreChat, happened: str = "I cannot sign in") -> int:
    """Return the number of a new ticket."""
    return chat.does(tickets.open_ticket, happened, "a reset", "916 555 0100", "mornings")


def test_a_ticket_keeps_what_was_said_and_gets_a_number_and_a_day(chat: CoreChat) -> None:
    number = opened(chat)
    assert number == tickets.FIRST_NUMBER
    with chat.turn() as context:
        (row,) = context.session.scalars(select(Ticket))
        assert row.conversation_id == context.conversation
    assert (row.happened, row.tried, row.telephone, row.hours) == (
        "I cannot sign in",
        "a reset",
        "916 555 0100",
        "mornings",
    )
    assert (row.state, row.language, row.account_id) == ("new", "en", None)
    assert (row.created_at, row.answer_by) == (chat.now, WEDNESDAY_FIVE)
    assert chat.does(tickets.promised_by, number) == WEDNESDAY_FIVE.isoformat()


def test_a_chat_sees_its_own_tickets_alone_newest_first(chat: CoreChat) -> None:
    neighbour = replace(chat, chat="18")
    mine = [opened(chat, "first"), opened(chat, "second")]
    theirs = opened(neighbour, "not yours")
    assert [(each.number, each.happened) for each in chat.does(tickets.receipts)] == [
        (mine[1], "second"),
        (mine[0], "first"),
    ]
    assert [each.number for each in chat.does(tickets.receipts, limit=1)] == [mine[1]]
    with pytest.raises(NoResultFound):
        chat.does(tickets.promised_by, theirs)


def test_a_number_is_never_given_out_again(chat: CoreChat) -> None:
    first = opened(chat)
    with chat.database.transaction() as session:
        session.execute(delete(Ticket))
    assert opened(chat) == first + 1


def test_a_chat_makes_five_tickets_a_day(chat: CoreChat) -> None:
    for _ in range(rules.CHAT_TICKETS_A_DAY):
        opened(chat)
    with pytest.raises(BudgetSpent) as spent:
        opened(chat)
    assert spent.value.fields == {"minutes": 24 * 60}
    opened(replace(chat, chat="18"))
    opened(chat.later(timedelta(days=1)))
    assert len(chat.does(tickets.receipts)) == rules.CHAT_TICKETS_A_DAY + 1


def test_g2_a_letter_that_could_not_be_delivered_becomes_a_ticket_of_its_account(chat: CoreChat) -> None:
    account = register(chat.database, chat.now)

    def undelivered(context: Context) -> int:
        session, now, days = context.session, context.now, context.calendar
        return tickets.open_for_service(session, "SMTP said no.", account.id, "es", now, days)

    number = chat.does(undelivered)
    assert chat.does(tickets.receipts) == []
    with chat.database.transaction() as session:
        row = session.get_one(Ticket, number)
    assert (row.account_id, row.language, row.happened) == (account.id, "es", "SMTP said no.")
    assert (row.state, row.conversation_id, row.answer_by) == ("new", None, WEDNESDAY_FIVE)
