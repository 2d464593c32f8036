"""How quickly the desk answers over 100,000 tickets and 2,000,000 messages in SQLite, and while fifty watch.

    python -m tests.benchmarks.desk [tickets [messages a ticket]]

Makes the data in a folder of its own, opens each page many times, and prints a table: the median, the 95th percentile
and the slowest in milliseconds, the processor time of one, and the number of statements. Status 1 when a page passes
100 ms at the 95th percentile, or 200 ms in the best of three rounds while fifty watch.
"""

import asyncio
import random
import statistics
import sys
import tempfile
import time
from collections.abc import Callable, Iterator, Sequence
from datetime import datetime, timedelta
from pathlib import Path

from sqlalchemy import event, insert
from starlette.testclient import TestClient

from bot.desk import ticket_card
from bot.desk.clock import Clock
from bot.desk.help_desk import HelpDesk
from bot.desk.live import Hub
from bot.desk.telling import telling
from bot.web.server import create_app
from core import staff, staff_sessions, ticket_history, ticket_words, topics
from core.database import Database
from core.tables import Conversation, Message, Ticket, TicketEvent, TicketWord, Topic
from core.tickets import FIRST_NUMBER
from tests.benchmarks.desk_watchers import watched
from tests.world import MONDAY, World, library

TICKETS, MESSAGES = 100_000, 20
TIMES = 60
KINDS = ("opened", "taken", "note")
SLOW_MS, SLOWEST_WATCHED_MS = 100.0, 200.0
WORDS = (
    "activation email never came portal error password username forgot locked facility submittal county inspector "
    "browser upload invoice consultant permit deadline profile address mailbox spam reset link expired colleague left"
).split()


def main(tickets: int, messages: int) -> int:
    """Measure, print the table, and return the exit status."""
    with tempfile.TemporaryDirectory() as folder:
        world = World(Path(folder))
        database = world.database()
        started = time.perf_counter()
        _fill(database, tickets, messages)
        print(f"{tickets:,} tickets, {tickets * messages:,} messages, made in {time.perf_counter() - started:.0f} s")
        with database.transaction() as session:
            member = staff.add(session, world.now, "Ana")
            token = staff_sessions.begin(session, member.id, world.now)
        desk = HelpDesk(database, world.keys, library, world.clock)
        client = _client(world, database, desk, token)

        def opened(address: Callable[[], str]) -> Callable[[], None]:
            def see() -> None:
                assert client.get(address()).status_code == 200

            return see

        _ = library().language("en").matcher
        draw = random.Random(5)
        addresses: dict[str, Callable[[], str]] = {
            "queue": lambda: "/desk",
            "queue, mine": lambda: "/desk?whose=mine",
            "queue, late": lambda: "/desk?late=1",
            "queue, resolved": lambda: "/desk?state=resolved",
            "search, one word": lambda: f"/desk?state=all&words={draw.choice(WORDS)}",
            "search, three words": lambda: f"/desk?state=all&words={'+'.join(draw.sample(WORDS, 3))}",
            "search, a beginning": lambda: f"/desk?state=all&words={draw.choice(WORDS)[:3]}",
            "search, unresolved": lambda: f"/desk?words={draw.choice(WORDS)}",
            "improve, 7 days": lambda: "/desk/improve?days=7",
            "improve, 30 days": lambda: "/desk/improve?days=30",
            "improve, 90 days": lambda: "/desk/improve?days=90",
            "ticket": lambda: f"/desk/tickets/{FIRST_NUMBER + draw.randrange(tickets)}",
        }
        _count(desk)
        _put_together(client)
        acts = {name: opened(address) for name, address in addresses.items()} | _of_group(desk, tickets, draw)
        print(f"\n{'page':24}{'median':>9}{'p95':>9}{'slowest':>9}{'CPU':>9}{'statements':>12}")
        slow = [name for name, act in acts.items() if _measured(database, name, act)]
        database.close()
        slowest = asyncio.run(watched(world))
    if slow:
        print(f"over {SLOW_MS:.0f} ms at the 95th percentile: {', '.join(slow)}")
    return 1 if slow or slowest > SLOWEST_WATCHED_MS else 0


def _count(desk: HelpDesk) -> None:
    """Count the days, as the service does in the background."""
    taken = []
    while True:
        before = time.perf_counter()
        if not desk.count_day():
            break
        taken.append(time.perf_counter() - before)
    print(f"{len(taken)} days counted, {statistics.median(taken):.2f} s a day, {max(taken):.2f} s the slowest")


def _put_together(client: TestClient) -> None:
    """Wait until the questions without an answer are put together for every period, in the background as well."""
    before = time.perf_counter()
    for days in (7, 30, 90):
        while "#gaps-title" in client.get(f"/desk/improve?days={days}").text:
            time.sleep(0.2)
    print(f"questions without an answer put together in {time.perf_counter() - before:.0f} s")


def _of_group(desk: HelpDesk, tickets: int, draw: random.Random) -> dict[str, Callable[[], None]]:
    """Return what the staff's group on Telegram needs of the database."""
    database, language = desk.database, desk.library().language("en")
    with database.reading() as session:
        newest = ticket_history.newest(session)

    def looks(after: int) -> None:
        with database.reading() as session:
            topics.waiting(session, after)
            topics.settled_line(session, after, desk.clock())

    def tells() -> None:
        now = desk.clock()
        with database.transaction() as session:
            told = telling(session, language, 1 + draw.randrange(tickets), now)
        assert told is not None
        ticket_card.card(language, told.page, Clock(language, now), "http://127.0.0.1:8000")

    return {"group, first look": lambda: looks(0), "group, look": lambda: looks(newest - 200), "group, card": tells}


def _measured(database: Database, name: str, act: Callable[[], None]) -> bool:
    statements: list[str] = []

    def count(*given: object) -> None:
        statements.append(str(given[2]))

    counts: set[int] = set()
    taken: list[float] = []
    begun = 0.0
    event.listen(database.engine, "before_cursor_execute", count)
    for number in range(TIMES + 3):
        statements.clear()
        if number == 3:
            begun = time.process_time()
        before = time.perf_counter()
        act()
        if number >= 3:
            taken.append((time.perf_counter() - before) * 1000)
            counts.add(len(statements))
    processor = (time.process_time() - begun) * 1000 / TIMES
    event.remove(database.engine, "before_cursor_execute", count)
    p95 = statistics.quantiles(taken, n=20)[-1]
    shown = "/".join(map(str, sorted(counts)))
    print(f"{name:24}{statistics.median(taken):9.1f}{p95:9.1f}{max(taken):9.1f}{processor:9.1f}{shown:>12}")
    return p95 > SLOW_MS


def _client(world: World, database: Database, desk: HelpDesk, token: str) -> TestClient:
    app = create_app(
        database=database,
        keys=world.keys,
        address="http://127.0.0.1:8000",
        wording=lambda: library().language("en"),
        clock=world.clock,
        desk=(desk, Hub(database, world.clock)),
    )
    return TestClient(app, "http://127.0.0.1:8000", cookies={"desk": token})


def _fill(database: Database, tickets: int, messages: int) -> None:
    draw = random.Random(3)
    with database.transaction() as session:
        session.execute(
            insert(Conversation),
            [
                {
                    "id": number + 1,
                    "channel": "telegram",
                    "chat": str(number),
                    "language": "en",
                    "state": {},
                    "created_at": MONDAY,
                    "touched_at": MONDAY,
                }
                for number in range(tickets)
            ],
        )
        texts = [" ".join(draw.choices(WORDS, k=12)) for _ in range(tickets)]
        for some in _batches(tickets):
            session.execute(insert(Ticket), [_ticket(number, texts[number]) for number in some])
            session.execute(
                insert(TicketWord),
                [{"word": word, "ticket_id": n + 1} for n in some for word in ticket_words.words_of(texts[n])],
            )
            session.execute(insert(TicketEvent), [_line(n, kind) for n in some for kind in KINDS])
            session.execute(insert(Topic), [_topic(number) for number in some])
        entries = [each.id for each in library().language("en").entries.values() if each.kind == "faq"]
        meanings = _meanings(draw, entries)
        for some in _batches(tickets * messages, 50_000):
            session.execute(
                insert(Message),
                [
                    {
                        "conversation_id": number // messages + 1,
                        "at": _asked_at(number, tickets, messages),
                        "author": ("person", "bot")[number % 2],
                        "text": texts[number // messages],
                        "meaning": meanings[number // 2 % len(meanings)],
                    }
                    for number in some
                ],
            )


def _asked_at(number: int, tickets: int, messages: int) -> datetime:
    """Return when a message was sent: conversations begin one after the other over ninety days, a minute a message."""
    return MONDAY - timedelta(days=90) * (1 - number // messages / tickets) + timedelta(minutes=number % messages)


def _meanings(draw: random.Random, entries: Sequence[str]) -> list[str]:
    """Return what messages were taken for, as they follow each other: answers, offers with a choice, flows, silence."""
    found: list[str] = []
    while len(found) < 9_973:
        first, *others = draw.choices(entries, k=3)
        turn = draw.choices(
            (
                [f"entry {first}"],
                [f"choose {first} {' '.join(others)}", f"entry {first}"],
                ["unknown"],
                [f"begin {first}", f"answer {first}"],
                ["begin person", "answer happened"],
                ["control not_helpful"],
            ),
            (60, 15, 8, 10, 4, 3),
        )
        found += turn[0]
    return found


def _batches(number: int, size: int = 10_000) -> Iterator[range]:
    for first in range(0, number, size):
        yield range(first, min(first + size, number))


def _ticket(number: int, text: str) -> dict[str, object]:
    """Return a ticket: one in twenty is not resolved, and one in ten of those is late."""
    unresolved = number % 20 == 7
    due = MONDAY + timedelta(minutes=number % 4000 - 400)
    return {
        "conversation_id": number + 1,
        "subject": "forgot_username",
        "state": ("new", "open", "waiting", "escalated")[number % 4] if unresolved else "resolved",
        "escalated_to": "",
        "language": "en",
        "happened": text,
        "tried": "",
        "telephone": "",
        "hours": "",
        "created_at": MONDAY - timedelta(days=1 + number % 90),
        "answer_by": MONDAY - timedelta(days=number % 90 - 1),
        "due_at": due,
        "first_reply_at": None if unresolved else MONDAY - timedelta(days=number % 90, hours=-(number % 30)),
        "closed_at": None if unresolved else MONDAY,
    }


def _topic(number: int) -> dict[str, object]:
    """Return a ticket's topic: of one in a thousand there are news."""
    told = len(KINDS) * (number + 1) - (number % 1000 == 7)
    return {"ticket_id": number + 1, "topic": number + 10, "closed": number % 20 != 7, "told": told}


def _line(number: int, kind: str) -> dict[str, object]:
    return {"ticket_id": number + 1, "at": MONDAY - timedelta(minutes=10), "kind": kind, "text": "a line", "detail": {}}


if __name__ == "__main__":
    given = [int(each) for each in sys.argv[1:]]
    sys.exit(main(*(given + [TICKETS, MESSAGES][len(given) :])))
