"""Signing in at the desk: by password, throttled by network, with sessions that are renewed and forms that are ours."""

import re

import pytest

from core import rules, staff
from core.staff import Member
from core.tables import AuditEvent, StaffSession
from tests.desk.office import Office, Person, ask_for_person
from tests.desk.visitors import PASSWORD, Visitor, give_password


@pytest.fixture
def visitor(office: Office, ana: Member) -> Visitor:
    give_password(office, ana)
    return Visitor(office)


def test_a_link_sets_a_password_and_it_signs_in(office: Office, ana: Member) -> None:
    with office.database.transaction() as session:
        token = staff.password_link(session, office.world.keys, office.world.now, "Ana")
    browser = Visitor(office)
    path = f"/desk/password/{token}"
    assert "at least 15 characters" in _chosen(browser, path, "too short", "too short")
    assert "differ" in _chosen(browser, path, PASSWORD, "something else at all")
    assert "Your password is set" in _chosen(browser, path, PASSWORD, PASSWORD)
    assert "Queue" in browser.signs_in("ana")
    assert browser.where == "/desk"
    assert "used, is older than a day" in browser.opens(path)
    assert browser.status == 404


def _chosen(browser: Visitor, path: str, password: str, confirmation: str) -> str:
    browser.opens(path)
    return browser.sends(path, password=password, confirmation=confirmation)


def test_a_wrong_password_an_unknown_name_and_somebody_disabled_are_told_alike(
    office: Office, visitor: Visitor, ben: Member
) -> None:
    give_password(office, ben)
    with office.database.transaction() as session:
        staff.disable(session, office.world.now, "Ben")
    pages = []
    for name, password in (("Ana", "not hers at all, no"), ("Nobody", PASSWORD), ("Ben", PASSWORD)):
        visitor.signs_in(name, password)
        assert visitor.status == 403
        pages.append(visitor.page.replace(name, "NAME"))
    assert len(set(pages)) == 1
    assert visitor.cookie == ""


def test_a_network_that_tries_too_often_waits_and_nobody_else_does(office: Office, visitor: Visitor) -> None:
    for _ in range(rules.NETWORK_SIGN_INS_AN_HOUR):
        visitor.sends("/desk/sign-in", name="", password="")
    assert "Too many tries" in visitor.signs_in("Ana")
    assert visitor.status == 429
    elsewhere = Visitor(office, network="198.51.100.9")
    assert "Queue" in elsewhere.signs_in("Ana")


def test_without_a_session_every_page_asks_to_sign_in_first_and_comes_back(office: Office, visitor: Visitor) -> None:
    assert "Sign in" in visitor.opens("/desk?whose=mine")
    visitor.sends("/desk/sign-in", name="Ana", password=PASSWORD)
    assert visitor.where == "/desk?whose=mine"


@pytest.mark.parametrize("then", ["https://example.org/", "//example.org", "/desk//example.org", "/deskx", "/desk\\x"])
def test_signing_in_leads_nowhere_else(office: Office, visitor: Visitor, then: str) -> None:
    response = visitor.client.post("/desk/sign-in", data={"name": "Ana", "password": PASSWORD, "then": then})
    assert response.headers["location"] == "/desk"


def test_the_cookie_is_for_the_desk_alone_and_out_of_reach_of_scripts(office: Office, ana: Member) -> None:
    give_password(office, ana)
    secure = Visitor(office, address="https://bot.example.org")
    response = secure.client.post("/desk/sign-in", data={"name": "Ana", "password": PASSWORD})
    cookie = response.headers["set-cookie"].casefold()
    for part in ("httponly", "secure", "samesite=lax", "path=/desk"):
        assert part in cookie
    stored = office.world.rows(StaffSession)[0].token_hash
    assert stored not in response.headers["set-cookie"]


def test_a_session_is_renewed_on_the_way(office: Office, visitor: Visitor) -> None:
    visitor.signs_in("Ana")
    first = visitor.cookie
    office.world.later(16)
    assert "Queue" in visitor.opens("/desk")
    assert visitor.cookie != first
    office.world.later(5)
    assert "Queue" in visitor.opens("/desk")


def test_signing_out_ends_the_session_everywhere_it_was_copied(office: Office, visitor: Visitor) -> None:
    visitor.signs_in("Ana")
    copied = visitor.cookie
    assert "Sign in" in visitor.sends("/desk/sign-out")
    visitor.client.cookies.set("desk", copied, path="/desk")
    assert "Sign in" in visitor.opens("/desk")
    assert [each.event for each in office.world.rows(AuditEvent)][-2:] == ["staff.signed_in", "staff.signed_out"]


async def test_a_form_without_the_sessions_token_does_nothing_and_loses_nothing(
    office: Office, visitor: Visitor, person: Person
) -> None:
    number = await ask_for_person(person)
    visitor.signs_in("Ana")
    visitor.page = ""
    said = visitor.sends(f"/desk/tickets/{number}/reply", text="a long letter", csrf="forged", key="k", seen="0")
    assert visitor.status == 403
    assert "a long letter" in said
    assert office.kinds(number) == ["opened"]


async def test_a_reply_written_after_the_session_ended_comes_back_whole(
    office: Office, visitor: Visitor, person: Person
) -> None:
    number = await ask_for_person(person)
    visitor.signs_in("Ana")
    visitor.opens(f"/desk/tickets/{number}")
    office.world.later(120)
    said = visitor.sends(f"/desk/tickets/{number}/reply", text="a long letter")
    assert visitor.status == 401
    assert "a long letter" in said
    assert office.kinds(number) == ["opened"]


def test_no_page_of_the_desk_asks_another_host_for_anything(office: Office, visitor: Visitor) -> None:
    visitor.signs_in("Ana")
    assert not re.findall(r'(?:src|href|action)="(?!/|#|\?)[^"]*"', visitor.page)
    policy = visitor.client.get("/desk").headers["content-security-policy"]
    assert "default-src 'none'" in policy
    assert "unsafe" not in policy
