"""The days on which the help desk is open or closed whatever the state's calendar says, as facts.yaml lists them."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date

CLOSED_ALSO = "offices_closed_also"
OPEN_ALTHOUGH = "offices_open_although"
NONE = "none"


@dataclass(frozen=True, slots=True)
class OfficeDays:
    """Days closed beside the state's holidays, and holidays of the state that are none here."""

    closed_also: frozenset[date]
    open_although: frozenset[date]


def office_days(facts: Mapping[str, str]) -> OfficeDays:
    """Return the days that the facts name; none where there is no such fact."""
    return OfficeDays(days(facts.get(CLOSED_ALSO, NONE)), days(facts.get(OPEN_ALTHOUGH, NONE)))


def days(listed: str) -> frozenset[date]:
    """Return the days of a list as `2026-12-24, 2026-12-31`, or of the word `none`; ValueError on anything else."""
    if listed.strip().casefold() == NONE:
        return frozenset()
    return frozenset(date.fromisoformat(each.strip()) for each in listed.split(","))
