"""Pacing: how fast messages may leave by a channel, counted in the database, whichever process sends them."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from types import MappingProxyType

from sqlalchemy import case
from sqlalchemy.orm import Session

from core import rules
from core.database import insert
from core.tables import PaceKept

# More than this ahead of the clock, and the clock was set back: nobody waits for it.
LONGEST_SECONDS = 10.0


@dataclass(frozen=True, slots=True)
class Pace:
    """One message every so many seconds, and at once a few that were saved up meanwhile."""

    seconds: float
    burst: int

    def after(self, free_at: datetime | None, messages: int, now: datetime) -> datetime:
        """Return when a chat that was free at `free_at` is free again, once so many messages have been sent to it."""
        saved = timedelta(seconds=self.seconds * (self.burst - 1))
        counted = now if free_at is None else max(now, free_at + saved)
        return counted + timedelta(seconds=self.seconds * messages) - saved


@dataclass(frozen=True, slots=True)
class ChannelPace:
    """What a channel allows: to one private chat, to one group, and in all a second."""

    private: Pace
    group: Pace
    a_second: float


TELEGRAM = ChannelPace(
    Pace(rules.TELEGRAM_CHAT_SECONDS, rules.TELEGRAM_CHAT_BURST),
    Pace(rules.TELEGRAM_GROUP_SECONDS, rules.TELEGRAM_GROUP_BURST),
    rules.TELEGRAM_MESSAGES_A_SECOND,
)
# The channels that have a pace, and in which what is sent to a chat queues up behind what was owed to it before.
PACES: Mapping[str, ChannelPace] = MappingProxyType({"telegram": TELEGRAM})


def by_this_clock(free_at: datetime | None, touched_at: datetime | None, now: datetime) -> datetime | None:
    """Return when a chat is free that had its last turn at `touched_at`.

    Where that is yet to come the clock was ahead then and has been set back, and the chat's time goes back with it.
    """
    if free_at is None or touched_at is None or touched_at <= now + timedelta(seconds=rules.CLOCK_SLACK_SECONDS):
        return free_at
    return free_at - (touched_at - now)


def reserve(session: Session, name: str, seconds: float, now: datetime) -> float:
    """Give the caller the next so many seconds of a channel alone; return in how many seconds they begin."""
    moment = now.timestamp()
    begins = case(
        (PaceKept.until.between(moment, moment + LONGEST_SECONDS), PaceKept.until),
        else_=moment,
    )
    until = session.scalars(
        insert(session, PaceKept)
        .values(name=name, until=moment + seconds)
        .on_conflict_do_update(index_elements=["name"], set_={"until": begins + seconds})
        .returning(PaceKept.until)
    ).one()
    return until - seconds - moment


def queue(session: Session, name: str, pace: Pace, messages: int, now: datetime) -> float:
    """Count so many more messages that leave under `name`; return in how many seconds the first of them may."""
    used = session.get(PaceKept, name, with_for_update=True)
    if used is None:
        used = PaceKept(name=name, until=0.0)
        session.add(used)
    free_at = datetime.fromtimestamp(used.until, UTC)
    if free_at > now + timedelta(seconds=pace.seconds * pace.burst):
        free_at = now  # the clock was set back
    used.until = pace.after(free_at, messages, now).timestamp()
    return max(0.0, (free_at - now).total_seconds())
