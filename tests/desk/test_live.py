"""Live updates over HTTP: who may watch and for how long, and news that is not missed."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import pytest
from httpx2 import AsyncClient, Response

from bot.desk import live
from core import rules, staff, ticket_work
from core.staff import Member
from core.tickets import id_of
from tests.desk.browser import served
from tests.desk.office import Office, Person, ask_for_person
from tests.desk.visitors import Visitor, give_password

SIGNED_OUT = 401


@pytest.fixture
def at_desk(office: Office, ana: Member) -> Visitor:
    """Return Ana, signed in."""
    give_password(office, ana)
    visitor = Visitor(office)
    visitor.signs_in("Ana")
    return visitor


@asynccontextmanager
async def watching(office: Office, visitor: Visitor) -> AsyncIterator[Response]:
    """Watch as the visitor's browser does; yield the answer, whose lines are still to come."""
    async with (
        served(office) as address,
        AsyncClient(base_url=address, cookies={"desk": visitor.cookie}) as client,
        client.stream("GET", "/desk/live", timeout=10) as answer,
    ):
        yield answer


async def test_watching_again_later_leaves_the_session_and_its_token_alone(office: Office, at_desk: Visitor) -> None:
    office.world.later(rules.SESSION_ROTATES_MINUTES + 1)
    async with watching(office, at_desk) as answer:
        assert answer.status_code == 200
    office.world.later(rules.SESSION_GRACE_SECONDS / 60 + 1)
    assert "Queue" in at_desk.opens("/desk"), "the browser's token is still the session's"


async def test_a_page_that_stands_open_and_refreshes_itself_ends_by_silence(office: Office, at_desk: Visitor) -> None:
    for _ in range(rules.SESSION_IDLE_MINUTES // 10 + 1):
        async with watching(office, at_desk):
            at_desk.client.get("/desk", headers={"Desk-By-Itself": "1"})
        office.world.later(10)
    async with watching(office, at_desk) as answer:
        assert answer.status_code == SIGNED_OUT
    assert "Sign in" in at_desk.opens("/desk")


async def test_whoever_works_here_no_longer_watches_no_longer(
    office: Office, at_desk: Visitor, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(live, "COMMENT_SECONDS", 0.2)
    async with watching(office, at_desk) as answer:
        lines = answer.aiter_lines()
        while await anext(lines) != ": still here":
            pass
        with office.database.transaction() as session:
            staff.disable(session, office.world.now, "Ana")
        async with asyncio.timeout(5):
            async for _ in lines:
                pass


async def test_a_desk_in_which_much_happens_lets_nobody_watch_longer(
    office: Office, at_desk: Visitor, person: Person, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(live, "COMMENT_SECONDS", 0.5)
    monkeypatch.setattr(live, "LOOK_SECONDS", 0.1)
    number = await ask_for_person(person)
    async with watching(office, at_desk) as answer, asyncio.timeout(8):
        with office.database.transaction() as session:
            staff.disable(session, office.world.now, "Ana")
        lines = answer.aiter_lines()
        ended = asyncio.create_task(_all(lines))
        while not ended.done():
            with office.desk.work(None) as desk:
                ticket_work.note(desk, id_of(number), "again")
            await asyncio.sleep(0.1)


async def _all(lines: AsyncIterator[str]) -> list[str]:
    return [line async for line in lines]
