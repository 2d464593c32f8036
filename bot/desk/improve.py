"""The page "What to improve": what was asked and what became of it, and what the bot does not know yet."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta

from starlette.responses import Response
from starlette.routing import Route

from bot.desk.chart import chart
from bot.desk.clock import Clock
from bot.desk.lesson_page import is_learnt
from bot.desk.site import DeskSite, Visit
from core import day_report, lessons, questions, rules
from core.business_days import CALIFORNIA
from core.day_report import Tally
from core.lessons import Lesson
from core.questions import Asked
from core.refusals import TicketRefused
from knowledge.library import Language, Library
from knowledge.text import normalise

PERIODS = (7, 30, 90, rules.COUNTS_KEPT_DAYS)
WEEKS_FROM = 60  # days of a period from which a bar is a week
ASKED_ABOUT = ("answered", "chosen", "unchosen", "unknown")
WORST = 10  # answers that are shown
CLUSTERS = 12
SAMPLES = 3  # questions of a cluster that stand for it
# What clusters are made of: newest questions, and of these so many different ones, for each takes a match.
READ, COMPARED = 20_000, 1_000
CLUSTERED_EVERY_MINUTES = 10
MESSAGES = 200

_Listed = list[tuple[Lesson, bool]]


@dataclass(frozen=True, slots=True)
class Cluster:
    """Questions that ask the same: their messages, the first of which stand for all, and the likeliest entry."""

    messages: tuple[int, ...]
    stand: int
    entry: str
    confidence: float


@dataclass(frozen=True, slots=True)
class Clusters:
    """What was asked in vain, put together at a moment."""

    found: tuple[Cluster, ...]
    at: datetime


@dataclass(frozen=True, slots=True)
class Step:
    """A row of the table, a bar of the charts: a day, or the week that begins with it."""

    first: date
    tally: Tally


def routes(site: DeskSite) -> list[Route]:
    """Return the routes of /desk/improve."""
    return [
        Route("/desk/improve", site.visited(lambda visit: show(site, visit))),
        Route("/desk/improve/asked/{message:int}", site.visited(lambda visit: show_cluster(site, visit))),
    ]


def show(site: DeskSite, visit: Visit) -> Response:
    """Return the page, for the period in the address."""
    days, now = period(visit), site.desk.clock()
    today = now.astimezone(CALIFORNIA).date()
    first = today - timedelta(days=days - 1)
    clusters = put_together(site, days)
    with site.desk.database.reading() as session:
        report = day_report.report(session, first, today)
        samples = questions.asked(session, _samples(clusters)) if clusters else []
        taught = lessons.listed(session, now - timedelta(days=days))
    undecided, decided = _by_decision(taught, site.desk.library())
    steps = _steps(report.days, first, today, 7 if days >= WEEKS_FROM else 1)
    labels = [Clock(site.language, now).day(each.first) for each in steps]
    return site.page(
        "improve.html",
        visit.signed_in,
        days=days,
        periods=PERIODS,
        report=report,
        steps=list(zip(labels, steps, strict=True)),
        by_week=days >= WEEKS_FROM,
        asked_chart=chart(ASKED_ABOUT, labels, [_asked_about(each.tally) for each in steps]),
        escalated_chart=chart(("escalated",), labels, [(each.tally["escalated"],) for each in steps]),
        worst=_worst(report.entries),
        clusters=clusters,
        samples={each.id: each for each in samples},
        undecided=undecided,
        decided=decided,
        entries=site.language.entries,
    )


def show_cluster(site: DeskSite, visit: Visit) -> Response:
    """Return the messages behind a cluster, which the address names by one of them."""
    message = int(visit.request.path_params["message"])
    clusters = put_together(site, period(visit))
    found = next((each for each in clusters.found if message in each.messages), None) if clusters else None
    if found is None:
        return site.refused(visit.signed_in, TicketRefused("cluster_gone"), status=404)
    with site.desk.database.reading() as session:
        asked = questions.asked(session, found.messages[:MESSAGES])
    return site.page(
        "asked.html",
        visit.signed_in,
        days=period(visit),
        cluster=found,
        asked=[(each, _offered(site.language, each)) for each in asked],
        entries=site.language.entries,
    )


def period(visit: Visit) -> int:
    """Return the days of the period in the address, the first of PERIODS where it makes no sense."""
    asked = visit.request.query_params.get("days", "")
    return int(asked) if asked in map(str, PERIODS) else PERIODS[1]


def put_together(site: DeskSite, days: int) -> Clusters | None:
    """Return what was asked in vain in the last `days`, put together; None while that is being made."""
    now, language = site.desk.clock(), site.language
    slot = int(now.timestamp() // (60 * CLUSTERED_EVERY_MINUTES))
    return site.bench.newest(("clusters", days), (slot, language), lambda: _clusters(site, language, days, now))


def _clusters(site: DeskSite, language: Language, days: int, now: datetime) -> Clusters:
    from knowledge.editing import gaps

    with site.desk.database.reading() as session:
        asked = questions.in_vain(session, language.code, now - timedelta(days=days), READ)
    by_text: dict[str, list[int]] = {}
    for each in reversed(asked):
        by_text.setdefault(normalise(each.text), []).append(each.id)
    found = []
    for cluster in gaps.clusters(language, (each.text for each in asked), COMPARED)[:CLUSTERS]:
        messages = [by_text[normalise(text)] for text, _ in cluster.questions]
        standing = [of_text[0] for of_text in messages[:SAMPLES]]
        others = sorted({each for of_text in messages for each in of_text}.difference(standing), reverse=True)
        entry, confidence, _ = cluster.likeliest(language)
        found.append(Cluster((*standing, *others), len(standing), entry, confidence))
    return Clusters(tuple(found), now)


def _by_decision(taught: Sequence[Lesson], library: Library) -> tuple[_Listed, _Listed]:
    """Return the lessons, each with whether the bot has learnt it: those that wait for an editor, and the others."""
    seen = [(each, is_learnt(each, library)) for each in taught]
    undecided = [each for each in seen if not each[1] and each[0].away_at is None]
    return undecided, [each for each in seen if each not in undecided]


def _samples(clusters: Clusters) -> list[int]:
    return [message for cluster in clusters.found for message in cluster.messages[: cluster.stand]]


def _offered(language: Language, asked: Asked) -> Sequence[str]:
    """Return the questions that were offered instead of an answer."""
    kind, _, named = asked.meaning.partition(" ")
    return [language.entries[each].question for each in named.split() if kind == "choose" and each in language.entries]


def _steps(days: Mapping[date, Tally], first: date, last: date, length: int) -> list[Step]:
    """Return the period's steps of so many days, the last of them ending with the period."""
    count = (last - first).days // length + 1
    begins = [last - timedelta(days=length * (count - place) - 1) for place in range(count)]
    return [
        Step(begin, day_report.together(days[day] for day in _days(begin, length) if day in days)) for begin in begins
    ]


def _days(first: date, length: int) -> list[date]:
    return [first + timedelta(days=each) for each in range(length)]


def _asked_about(tally: Tally) -> Sequence[int]:
    chosen = min(tally["chosen"], tally["offered"])
    return (tally["answered"], chosen, tally["offered"] - chosen, tally["unknown"])


def _worst(entries: Mapping[str, Tally]) -> list[tuple[str, Tally]]:
    """Return the answers after which people came back most often."""

    def came_back(tally: Tally) -> int:
        return tally["again"] + tally["for_person"] + tally["unhelpful"]

    worst = sorted(entries.items(), key=lambda each: (-came_back(each[1]), each[0]))
    return [each for each in worst[:WORST] if came_back(each[1])]
