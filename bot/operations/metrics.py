"""The metrics, as Prometheus reads them: how fast, how much waits and how long, how letters fare. Nobody is named."""

import time
from collections.abc import Callable, Iterable
from datetime import datetime
from email.message import EmailMessage

from prometheus_client import CollectorRegistry, Counter, Histogram, start_http_server
from prometheus_client.core import GaugeMetricFamily
from prometheus_client.platform_collector import PlatformCollector
from prometheus_client.process_collector import ProcessCollector
from sqlalchemy import Connection, Select, event, func, select
from sqlalchemy.exc import SQLAlchemyError

from bot.delivery.post import MailRefused, Post
from core.database import Database
from core.tables import AccountRequest, FollowUp, Owed, Received, Ticket

SECONDS = (0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30)
# What waits, how many and since when; all of it on indexes of what is not done.
WAITING: dict[str, Select[int, datetime]] = {
    "messages": select(func.count(), func.min(Received.received_at)).where(Received.handled_at.is_(None)),
    "requests": select(func.count(), func.min(AccountRequest.due_at)).where(AccountRequest.resolved_at.is_(None)),
    "letters": select(func.count(), func.min(Owed.created_at)).where(Owed.settled_at.is_(None), Owed.kind == "letter"),
    "replies": select(func.count(), func.min(Owed.created_at)).where(Owed.settled_at.is_(None), Owed.kind == "replies"),
    "follow_ups": select(func.count(), func.min(FollowUp.due_at)).where(FollowUp.settled_at.is_(None)),
    "tickets": select(func.count(), func.min(Ticket.created_at)).where(Ticket.closed_at.is_(None)),
}


class Metrics:
    """What this process measures, and what waits in the database at the moment that Prometheus asks."""

    def __init__(self, database: Database, clock: Callable[[], datetime], missing: Callable[[], Iterable[str]]) -> None:
        """Measure the transactions of `database` from now on."""
        self.registry = CollectorRegistry()
        ProcessCollector(registry=self.registry)
        PlatformCollector(registry=self.registry)
        self.letters = Counter("cersbot_letters", "Letters handed in, by outcome", ["outcome"], registry=self.registry)
        self.letter_seconds = Histogram(
            "cersbot_letter_seconds", "Time to hand a letter in", registry=self.registry, buckets=SECONDS
        )
        self._transactions = Histogram(
            "cersbot_transaction_seconds",
            "Time of what may write, from begin to end",
            ["end"],
            registry=self.registry,
            buckets=SECONDS,
        )
        self._database, self._clock, self._missing = database, clock, missing
        self._time_transactions()
        self.registry.register(self)

    def serve(self, host: str, port: int) -> Callable[[], None]:
        """Answer at a port of its own, in a thread; return what ends that. OSError when the port is taken."""
        server, thread = start_http_server(port, host, self.registry)

        def stop() -> None:
            server.shutdown()
            server.server_close()
            thread.join()

        return stop

    def collect(self) -> Iterable[GaugeMetricFamily]:
        """Yield what Prometheus is told of the state: one figure each, by kind of what waits."""
        lacking = list(self._missing())
        yield GaugeMetricFamily("cersbot_ready", "Whether this process can do its work", value=not lacking)
        count = GaugeMetricFamily("cersbot_waiting", "What is not done yet", labels=["kind"])
        age = GaugeMetricFamily("cersbot_waiting_seconds", "How long the oldest has been due", labels=["kind"])
        if "database" not in lacking:
            for kind, (number, since) in self._waiting().items():
                count.add_metric([kind], number)
                age.add_metric([kind], max(0.0, (self._clock() - since).total_seconds()) if since else 0.0)
        yield count
        yield age

    def _waiting(self) -> dict[str, tuple[int, datetime | None]]:
        try:
            with self._database.reading() as session:
                rows = {kind: session.execute(query).one() for kind, query in WAITING.items()}
                return {kind: (row[0], row[1]) for kind, row in rows.items()}
        except SQLAlchemyError:
            return {}

    def _time_transactions(self) -> None:
        engine = self._database.engine

        @event.listens_for(engine, "begin")
        def begin(connection: Connection) -> None:
            if not connection.get_execution_options().get("reading", False):
                connection.info["begun"] = time.perf_counter()

        def ended(how: str) -> Callable[[Connection], None]:
            seconds = self._transactions.labels(how)

            def note(connection: Connection) -> None:
                begun = connection.info.pop("begun", None)
                if begun is not None:
                    seconds.observe(time.perf_counter() - begun)

            return note

        event.listen(engine, "commit", ended("commit"))
        event.listen(engine, "rollback", ended("rollback"))


class MeasuredPost:
    """Hands in by another post, and counts what comes of it."""

    def __init__(self, post: Post, metrics: Metrics) -> None:
        """Hand in by `post`."""
        self._post = post
        self._metrics = metrics

    async def hand_in(self, mail: EmailMessage) -> None:
        """Hand the mail in; MailRefused as the other says."""
        began = time.perf_counter()
        try:
            await self._post.hand_in(mail)
        except MailRefused as refusal:
            self._metrics.letters.labels("refused" if refusal.permanent else "postponed").inc()
            raise
        finally:
            self._metrics.letter_seconds.observe(time.perf_counter() - began)
        self._metrics.letters.labels("accepted").inc()
