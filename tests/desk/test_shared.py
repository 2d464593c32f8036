"""Pages that show themselves anew are read and rendered once for all who watch, each with their own token."""

import threading
from collections.abc import Iterator
from contextlib import contextmanager

import pytest
from sqlalchemy import event

from bot.desk import shared
from bot.desk.shared import Shared
from core.staff import Member
from core.tickets import id_of
from tests.databases import ON_BOTH
from tests.desk.office import Office, Person, ask_for_person
from tests.desk.visitors import Visitor

ANEW = {"Desk-By-Itself": "1"}


@pytest.fixture(autouse=True)
def lasting(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let what is shared last as long as a test."""
    monkeypatch.setattr(shared, "LASTS_SECONDS", 60)


@contextmanager
def statements(office: Office) -> Iterator[list[str]]:
    """Yield the statements of the office's database, as they are executed."""
    executed: list[str] = []

    def note(*given: object) -> None:
        if given[2] != "BEGIN":
            executed.append(str(given[2]))

    event.listen(office.database.engine, "before_cursor_execute", note)
    yield executed
    event.remove(office.database.engine, "before_cursor_execute", note)


@ON_BOTH
async def test_of_those_who_watch_each_asks_who_they_are_and_one_reads(
    office: Office, at_desk: Visitor, ben: Member, person: Person
) -> None:
    number = await ask_for_person(person)
    for path in (f"/desk/tickets/{number}", "/desk", "/desk?state=all&words=no"):
        with statements(office) as first:
            at_desk.client.get(path, headers=ANEW)
        with statements(office) as others:
            for _ in range(20):
                assert at_desk.client.get(path, headers=ANEW).status_code == 200
        assert len(first) > 3
        assert len(others) == 20, path


async def test_what_all_see_names_nobody_and_has_the_token_of_whoever_asks(
    office: Office, at_desk: Visitor, ben_at_desk: Visitor, ana: Member, person: Person
) -> None:
    number = await ask_for_person(person)
    office.take(ana, number)
    path = f"/desk/tickets/{number}"
    hers, his = (each.client.get(path, headers=ANEW).text for each in (at_desk, ben_at_desk))
    assert "Signed in as Ana" not in hers + his
    assert "Signed in as Ben" not in hers + his
    assert "Take it from Ana" in his
    assert "Take it" not in hers
    tokens = [each.opens(path) and each._hidden(f"{path}/note")["csrf"] for each in (at_desk, ben_at_desk)]
    assert [tokens[0] in hers, tokens[1] in his, tokens[0] in his, tokens[1] in hers] == [True, True, False, False]
    at_desk.page = hers
    assert "kept" in at_desk.sends(f"{path}/note", text="kept")


async def test_the_queue_counts_what_is_mine_for_each_who_watches(
    office: Office, at_desk: Visitor, ben_at_desk: Visitor, ana: Member, person: Person
) -> None:
    office.take(ana, await ask_for_person(person))
    for path in ("/desk", "/desk?whose=mine"):
        hers, his = (each.client.get(path, headers=ANEW).text for each in (at_desk, ben_at_desk))
        assert "Mine <strong>1</strong>" in hers
        assert "Mine <strong>0</strong>" in his
    assert "No ticket fits" in his
    assert "No ticket fits" not in hers


def test_after_news_what_was_read_before_is_not_shown(office: Office) -> None:
    pages = Shared()
    made: list[int] = []

    def read() -> int:
        made.append(len(made))
        if len(made) == 1:
            pages.forget()  # news that come while it is being read
        return made[-1]

    assert [pages.get("page", read) for _ in range(3)] == [0, 1, 1]
    pages.forget()
    assert pages.get("page", read) == 2


def test_of_several_who_want_it_at_once_one_makes_it() -> None:
    pages = Shared()
    made: list[str] = []
    begun, may_end = threading.Event(), threading.Event()

    def read() -> str:
        made.append("page")
        begun.set()
        may_end.wait(5)
        return "page"

    got: list[str] = []
    asking = [threading.Thread(target=lambda: got.append(pages.get("key", read))) for _ in range(10)]
    for each in asking:
        each.start()
    begun.wait(5)
    may_end.set()
    for each in asking:
        each.join(5)
    assert (got, made) == (["page"] * 10, ["page"])


@ON_BOTH
async def test_a_page_has_the_same_number_of_statements_however_much_there_is(
    office: Office, at_desk: Visitor, ana: Member, person: Person
) -> None:
    number = await ask_for_person(person)
    paths = (f"/desk/tickets/{number}", "/desk", "/desk?state=all&words=no")
    few = [_counted(office, at_desk, path) for path in paths]
    office.take(ana, number)
    for line in range(5):
        await person.says(f"line {line}")
        office.desk.note(ana, id_of(number), f"note {line}")
    for other in range(3):
        office.hire(f"Colleague {other}")
        await ask_for_person(Person(office.world, f"{other}00"))
    assert [_counted(office, at_desk, path) for path in paths] == few


def _counted(office: Office, visitor: Visitor, path: str) -> int:
    with statements(office) as executed:
        visitor.opens(path)
    return len(executed)
