"""Live updates over HTTP: who may watch and for how long, and news that is not missed."""

import asyncio
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, contextmanager

import pytest
from httpx2 import AsyncClient, Response
from sqlalchemy.orm import Session

from bot.desk import live
from core import rules, staff, ticket_work
from core.database import Database
from core.tickets import id_of, number_of
from tests.desk.browser import served
from tests.desk.office import Office, Person, ask_for_person
from tests.desk.visitors import Visitor

SIGNED_OUT = 401


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


@pytest.mark.parametrize("world", ["postgresql"], indirect=True)
async def test_a_line_that_comes_later_than_one_with_a_higher_id_is_told(
    office: Office, person: Person, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(live, "LOOK_SECONDS", 0.1)
    first, second = await ask_for_person(person), await ask_for_person(Person(office.world, "2"))
    hub = live.Hub(office.database, office.world.clock)
    news = aiter(hub.watch())
    coming = asyncio.ensure_future(anext(news))
    await _begun(hub)
    with office.desk.work(None) as slow:
        ticket_work.note(slow, id_of(first), "begun first")
        with office.desk.work(None) as quick:
            ticket_work.note(quick, id_of(second), "there first")
        assert _tickets(await coming) == [second]
    assert _tickets(await anext(news)) == [first]
    hub.close()
    assert [each async for each in news] == []


async def test_a_database_that_is_away_at_first_is_looked_at_again(
    office: Office, person: Person, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    class Away(Database):
        @contextmanager
        def reading(self) -> Iterator[Session]:
            if not caplog.records:
                raise OSError("the database is away")
            with super().reading() as session:
                yield session

    monkeypatch.setattr(live, "LOOK_SECONDS", 0.1)
    number = await ask_for_person(person)
    away = Away(office.world.url)
    hub = live.Hub(away, office.world.clock)
    news = aiter(hub.watch())
    coming = asyncio.ensure_future(anext(news))
    await _begun(hub)
    assert "could not look for news" in caplog.text
    with office.desk.work(None) as desk:
        ticket_work.note(desk, id_of(number), "again")
    async with asyncio.timeout(5):
        assert _tickets(await coming) == [number]
    hub.close()
    assert [each async for each in news] == []
    away.close()


async def _begun(hub: live.Hub) -> None:
    for _ in range(200):
        if hub._last:
            return
        await asyncio.sleep(0.05)
    raise AssertionError("the hub knows of nothing")


def _tickets(news: live.News | None) -> list[int]:
    assert news is not None
    return [number_of(ticket) for ticket in news.tickets]


async def test_when_the_service_stops_the_slow_go_too_and_nobody_new_begins(office: Office) -> None:
    hub = live.Hub(office.database, office.world.clock)
    slow = aiter(hub.watch())
    coming = asyncio.ensure_future(anext(slow))
    await asyncio.sleep(0)
    for ticket in range(200):  # while nobody reads
        hub._tell(live.News([ticket]))
    hub.close()
    await coming
    async with asyncio.timeout(5):
        assert len([news async for news in slow]) < 200
        assert [news async for news in hub.watch()] == []
