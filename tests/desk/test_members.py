"""The staff page: an admin adds, changes and disables others, and nobody else sees it."""

import re

import pytest

from core import staff
from core.roles import Role
from core.staff import Member
from core.tables import AuditEvent
from tests.desk.office import Office
from tests.desk.visitors import PASSWORD, Visitor, give_password


@pytest.fixture
def admin(office: Office, ana: Member) -> Visitor:
    """Return Ana, the first of all and so an admin, signed in."""
    give_password(office, ana)
    visitor = Visitor(office)
    visitor.signs_in("Ana")
    return visitor


def member(office: Office, name: str) -> Member:
    with office.database.reading() as session:
        found = staff.find(session, name)
    assert found is not None
    return found


def test_an_admin_adds_somebody_and_hands_them_the_link(office: Office, admin: Visitor) -> None:
    admin.opens("/desk/staff")
    shown = admin.sends("/desk/staff/add", name="Dora", role="editor", telegram_id="777")
    assert "A link for Dora" in shown
    assert "It has gone through your hands" in shown
    found = re.search(r'value="http://127\.0\.0\.1:8000(/desk/password/[^"]+)"', admin.page)
    assert found is not None
    dora = Visitor(office, network="198.51.100.20")
    dora.opens(found[1])
    dora.sends(found[1], password=PASSWORD, confirmation=PASSWORD)
    assert "Dora, editor" in dora.signs_in("Dora")
    assert (member(office, "Dora").role, member(office, "Dora").telegram_id) == ("editor", 777)
    assert found[1] not in admin.opens("/desk/staff"), "a link is shown once"


def test_an_admin_changes_disables_and_lets_in_again(office: Office, admin: Visitor, ben: Member) -> None:
    give_password(office, ben)
    bens = Visitor(office, network="198.51.100.20")
    bens.signs_in("Ben")
    admin.opens("/desk/staff")
    admin.sends("/desk/staff/change", name="Ben", role="admin", telegram_id="")
    assert (member(office, "Ben").role, member(office, "Ben").telegram_id) == ("admin", None)
    assert "Add somebody" in bens.opens("/desk/staff"), "a role counts from the next page on"
    assert "disabled" in admin.sends("/desk/staff/disable", name="Ben")
    assert "Sign in" in bens.opens("/desk")
    assert "A link for Ben" in admin.sends("/desk/staff/link", name="Ben")
    assert not member(office, "Ben").disabled
    events = [(each.event, each.detail.get("by")) for each in office.world.rows(AuditEvent)]
    assert ("staff.changed", 1) in events
    assert ("staff.disabled", 1) in events
    assert ("staff.enabled", 1) in events
    assert ("staff.link_given", 1) in events


@pytest.mark.parametrize(
    ("form", "fields", "says"),
    [
        ("add", {"name": "ana", "role": "agent"}, "Somebody has this name already"),
        ("add", {"name": "x" * 41, "role": "agent"}, "A name has 1 to 40 characters"),
        ("add", {"name": "Dora", "role": "boss"}, "There is no such role"),
        ("add", {"name": "Dora", "role": "agent", "telegram_id": "12a"}, "A Telegram id is a number"),
        ("add", {"name": "Dora", "role": "agent", "telegram_id": "501"}, "Somebody has this Telegram id already"),
        ("change", {"name": "Ben", "role": "boss"}, "There is no such role"),
        ("change", {"name": "Nobody", "role": "agent"}, "Nobody of that name works here"),
        ("change", {"name": "Ana", "role": "agent"}, "Nobody changes or disables themselves"),
        ("disable", {"name": "Ana"}, "Nobody changes or disables themselves"),
        ("link", {"name": "Nobody"}, "Nobody of that name works here"),
    ],
)
def test_every_mistake_is_told_and_changes_nothing(
    office: Office, admin: Visitor, ben: Member, form: str, fields: dict[str, str], says: str
) -> None:
    before = [(each.event) for each in office.world.rows(AuditEvent)]
    admin.opens("/desk/staff")
    assert says in admin.sends(f"/desk/staff/{form}", **fields)
    assert admin.status == 409
    assert [each.event for each in office.world.rows(AuditEvent)] == before


@pytest.mark.parametrize("role", ["agent", "editor"])
def test_nobody_but_an_admin_sees_or_does_any_of_it(office: Office, admin: Visitor, role: Role) -> None:
    with office.database.transaction() as session:
        dora = staff.add(session, office.world.now, "Dora", role=role)
    give_password(office, dora)
    visitor = Visitor(office, network="198.51.100.20")
    assert "Staff" not in visitor.signs_in("Dora").partition("Queue")[0]
    for path in ("/desk/staff", "/desk/staff/add"):
        assert "Your role does not allow this" in visitor.opens(path)
        assert visitor.status == 403
    visitor.opens("/desk")
    csrf = re.search(r'name="csrf" value="(\w+)"', visitor.page)
    assert csrf is not None
    fields = {"csrf": csrf[1], "name": "Dora", "role": "admin"}
    for form in ("add", "change", "disable", "link"):
        assert visitor.client.post(f"/desk/staff/{form}", data=fields).status_code == 403
    assert member(office, "Dora").role == role


@pytest.mark.parametrize("form", ["add", "change", "disable", "link"])
def test_the_address_of_a_form_leads_to_the_list(admin: Visitor, form: str) -> None:
    assert "Add somebody" in admin.opens(f"/desk/staff/{form}")
    assert admin.where == "/desk/staff"
