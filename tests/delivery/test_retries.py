"""The worker and time: what is not taken or crashes is tried again, a little later each time, and then is a ticket."""

from datetime import datetime, timedelta

import pytest
from sqlalchemy import delete
from sqlalchemy.orm import Session

from bot.delivery import mailboxes
from core import resolution, rules
from core.keys import Keys
from core.tables import AccountRequest, AuditEvent, Owed, Ticket
from tests.databases import PROVED_ON_BOTH
from tests.delivery.stand_ins import BUSY, Attempts, ask, owe
from tests.world import MONDAY, World

pytestmark = PROVED_ON_BOTH


async def at(world: World, minute: float) -> None:
    """Let so many minutes have passed since Monday began, and the worker do what is due."""
    world.now = MONDAY + timedelta(minutes=minute)
    await world.work()


async def test_g2_a_letter_that_is_not_taken_is_tried_again_after_1_5_15_30_minutes_and_hourly(
    world: World, post: Attempts
) -> None:
    owe(world)
    post.refusal = BUSY
    await world.work()
    for minute in (1, 6, 21, 51, 111, 171, 231):
        await at(world, minute - 0.1)
        await at(world, minute)
    assert post.minutes == [0, 1, 6, 21, 51, 111, 171, 231]
    post.refusal = None
    await at(world, 291)
    assert len(post.letters) == 1
    assert len(set(post.ids)) == 1
    assert [row.outcome for row in world.rows(Owed)] == ["sent"]


async def test_g2_a_letter_that_is_never_taken_becomes_a_ticket_by_its_deadline(world: World, post: Attempts) -> None:
    owe(world)
    post.refusal = BUSY
    for _ in range(rules.LETTER_DEADLINE_HOURS * 2):
        assert not (world.rows(Ticket) and world.now < MONDAY + timedelta(hours=23))
        await world.work()
        world.later(30)
    (ticket,) = world.rows(Ticket)
    assert ticket.created_at <= MONDAY + timedelta(hours=rules.LETTER_DEADLINE_HOURS)
    assert (ticket.account_id, ticket.state) == (1, "new")
    assert ticket.happened == "The letter username_reminder could not be delivered: SMTP [451]."
    tried = len(post.ids)
    await world.work()
    assert len(post.ids) == tried
    assert [(row.outcome, row.payload) for row in world.rows(Owed)] == [("refused: SMTP [451]", {})]
    assert "letter.refused" in [row.event for row in world.rows(AuditEvent)]


async def test_a_letter_without_wording_holds_up_nothing_and_becomes_a_ticket(
    world: World, post: Attempts, caplog: pytest.LogCaptureFixture
) -> None:
    for _ in range(mailboxes.LETTERS_AT_ONCE):
        owe(world, "no_such_letter", account=2)
    owe(world)
    await world.work()
    assert [letter.subject for letter in post.letters] == ["Your username"]
    assert "no_such_letter" in caplog.text
    for _ in range(rules.LETTER_DEADLINE_HOURS):
        world.later(60)
        await world.work()
    assert [row.account_id for row in world.rows(Ticket)] == [2] * mailboxes.LETTERS_AT_ONCE


async def test_requests_that_crash_hold_up_nothing_and_become_tickets_after_five_tries(
    world: World, post: Attempts, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    tried: list[float] = []
    right = resolution.resolve

    def resolve(session: Session, keys: Keys, request: int, now: datetime) -> str:
        if request <= 60:
            tried.extend([(now - MONDAY) / timedelta(minutes=1)] if request == 1 else [])
            session.execute(delete(AccountRequest))
            raise RuntimeError("a fault of the core")
        return right(session, keys, request, now)

    monkeypatch.setattr(resolution, "resolve", resolve)
    ask(world, *range(1, 62))
    await world.work()
    assert [letter.to for letter in post.letters] == ["n61@example.org"]
    assert "request 2 could not be resolved" in caplog.text
    assert world.rows(Ticket) == []
    for minute in (1, 6, 21, 51, 111):
        await at(world, minute - 0.1)
        await at(world, minute)
    assert tried == [0, 1, 6, 21, 51]
    found = world.rows(Ticket)
    assert len(found) == 60
    assert {(row.conversation_id, row.account_id) for row in found} == {(None, None)}
    assert found[0].happened == "Request 1 (recover_username) could not be resolved: RuntimeError."
    assert {row.identifier for row in world.rows(AccountRequest)} == {None}
