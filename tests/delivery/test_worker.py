"""The worker and letters: each is accepted or becomes a ticket (G2), whatever crashes."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from email.message import EmailMessage

import pytest
from sqlalchemy import update

from core import resolution, rules
from core.tables import Owed, Ticket
from tests.databases import ON_BOTH
from tests.delivery.stand_ins import LEASE_MINUTES, UNKNOWN, Attempts, ask, killed, owe
from tests.letterbox import Letterbox
from tests.world import MONDAY, World, library

pytestmark = ON_BOTH


async def test_g2_a_letter_that_is_refused_for_good_becomes_a_ticket_at_once(world: World, post: Attempts) -> None:
    owe(world)
    post.refusal = UNKNOWN
    await world.work()
    (ticket,) = world.rows(Ticket)
    assert ticket.happened == "The letter username_reminder could not be delivered: SMTP [550]."
    post.refusal = None
    world.later(24 * 60)
    await world.work()
    assert (len(post.ids), post.letters) == (1, [])


async def test_g2_a_letter_that_cannot_be_read_is_a_ticket_and_holds_up_no_other(world: World, post: Attempts) -> None:
    unreadable = [owe(world), owe(world)]
    owe(world)
    database = world.database()
    with database.transaction() as session:
        for row, payload in zip(unreadable, ({"key": "activation"}, {"secret": None, "colour": "blue"}), strict=True):
            session.execute(update(Owed).where(Owed.id == row).values(payload=payload))
    await world.work()
    assert len(post.letters) == 1
    assert [ticket.happened for ticket in world.rows(Ticket)] == [
        "The letter of outbox row 1 cannot be read: KeyError.",
        "The letter of outbox row 2 cannot be read: TypeError.",
    ]
    ended = {row.id: (row.outcome, row.payload) for row in world.rows(Owed)}
    assert ended == {1: ("refused: KeyError", {}), 2: ("refused: TypeError", {}), 3: ("sent", {})}


async def test_g2_a_worker_that_dies_after_smtp_took_the_letter_repeats_it_once_under_the_same_id(
    world: World, post: Attempts
) -> None:
    owe(world)
    post.kills = "after"
    await killed(world)
    post.kills = ""
    for _ in range(30):
        await world.work()
        world.later(LEASE_MINUTES / 4)
    assert len(post.letters) == 2
    assert len(set(post.ids)) == 1
    assert post.minutes == [0, LEASE_MINUTES]
    assert [row.outcome for row in world.rows(Owed)] == ["sent"]


async def test_g2_a_worker_that_dies_before_smtp_took_the_letter_loses_nothing(world: World, post: Attempts) -> None:
    owe(world)
    post.kills = "before"
    await killed(world)
    post.kills = ""
    world.later(LEASE_MINUTES)
    await world.work()
    world.later(LEASE_MINUTES)
    await world.work()
    assert (len(post.letters), len(post.ids)) == (1, 2)


async def test_a_fault_of_the_mail_server_library_is_tried_again_like_an_outage(world: World, post: Attempts) -> None:
    owe(world)
    broken: Exception = ValueError("No recipient headers provided in message")

    class Broken(Letterbox):
        async def hand_in(self, mail: EmailMessage) -> None:
            raise broken

    world.letterbox = Broken()
    await world.work()
    assert [(row.outcome, row.due_at) for row in world.rows(Owed)] == [("ValueError", MONDAY + timedelta(minutes=1))]
    world.letterbox = post
    world.later(1)
    await world.work()
    assert len(post.letters) == 1


async def test_a_request_that_crashed_once_is_resolved_a_minute_later(
    world: World, post: Attempts, monkeypatch: pytest.MonkeyPatch
) -> None:
    def crash(*_: object) -> str:
        raise RuntimeError("a fault of the core")

    ask(world, 1)
    with monkeypatch.context() as broken:
        broken.setattr(resolution, "resolve", crash)
        await world.work()
    world.later(0.9)
    await world.work()
    assert post.letters == []
    world.later(0.1)
    await world.work()
    assert [letter.to for letter in post.letters] == ["n1@example.org"]


async def test_what_the_worker_leaves_to_the_help_desk_is_due_on_the_office_days_of_the_facts(
    world: World, post: Attempts, monkeypatch: pytest.MonkeyPatch
) -> None:
    def crash(*_: object) -> str:
        raise RuntimeError("a fault of the core")

    office = replace(library(), facts={**library().facts, "offices_closed_also": "2026-11-17"})
    monkeypatch.setattr("tests.world.library", lambda: office)
    monkeypatch.setattr(resolution, "resolve", crash)
    ask(world, 1)
    owe(world)
    unreadable = owe(world)
    database = world.database()
    with database.transaction() as session:
        session.execute(update(Owed).where(Owed.id == unreadable).values(payload={}))
    post.refusal = UNKNOWN
    for _ in range(rules.REQUEST_TRIES):
        await world.work()
        world.later(30)
    thursday_five = datetime(2026, 11, 20, 1, tzinfo=UTC)
    found = world.rows(Ticket)
    assert sorted(row.happened.split()[0] for row in found) == ["Request", "The", "The"]
    assert {row.answer_by for row in found} == {thursday_five}
