"""Proposals of tickets that nobody is going to make: editors put them away, and the list shows those that wait."""

import re

from core.staff import Member
from core.tables import AuditEvent
from tests.desk.office import Office
from tests.desk.test_teaching import resolved, teaches
from tests.desk.visitors import Visitor, give_password


async def test_a_proposal_is_put_away_by_hand_and_the_list_shows_those_that_wait(
    counter: Office, at_desk: Visitor, ana: Member
) -> None:
    number = await resolved(counter, ana)
    teaches(at_desk, number, "my umbrella: is it gone?")
    teaches(at_desk, number, "who took my umbrella away?")
    where = at_desk.where
    counter.world.later(40 * 24 * 60)
    at_desk.signs_in("Ana")
    listed = at_desk.opens("/desk/improve?days=7")
    assert "my umbrella: is it gone?" in listed, "one that waits is never too old"
    assert "Decided:" not in listed
    assert "Put it away" in at_desk.opens(where)
    shown = at_desk.sends(f"{where}/put-away")
    assert "put away by Ana, Sat, Dec 26" in shown
    assert "Put it away" not in shown
    counter.world.later(1)
    assert at_desk.sends(f"{where}/put-away", **csrf_of(at_desk)) == shown, "once is for good"
    assert "my umbrella: is it gone?" in at_desk.opens("/desk/improve?days=90").partition("Decided: 1")[0]
    assert "who took my umbrella away?" in at_desk.opens("/desk/improve?days=90").partition("Decided: 1")[2]
    assert "who took my umbrella away?" not in at_desk.opens("/desk/improve?days=7")
    assert counter.kinds(number).count("put_away") == 1
    assert [each.event for each in counter.world.rows(AuditEvent)].count("lesson.put_away") == 1
    unknown = f"/desk/tickets/{number}/lessons/9999/put-away"
    assert "There is no such proposal" in at_desk.sends(unknown, **csrf_of(at_desk))


async def test_who_may_not_decide_puts_nothing_away(counter: Office, at_desk: Visitor, ana: Member) -> None:
    number = await resolved(counter, ana)
    teaches(at_desk, number, "my umbrella: is it gone?")
    where = at_desk.where
    give_password(counter, counter.hire("Ben"))
    ben = Visitor(counter, network="198.51.100.9")
    ben.signs_in("Ben")
    ben.opens(f"/desk/tickets/{number}")
    ben.sends(f"{where}/put-away", **csrf_of(ben))
    assert ben.status == 403
    assert "put_away" not in counter.kinds(number)


def csrf_of(visitor: Visitor) -> dict[str, str]:
    """Return what a form has to bear that is sent from the page that is shown."""
    return {"csrf": str(re.findall(r'name="csrf" value="(\w+)"', visitor.page)[0])}
