"""Verification characters and mailed codes on the account pages' forms: right, wrong, late, and somebody else's."""

import re

import pytest
from sqlalchemy import select

from core import rules, verification
from core.tables import Challenge
from tests.pages.conftest import Pages
from tests.pages.test_account_forms import NEW, Visitor, requests


@pytest.fixture
def ann(pages: Pages) -> Visitor:
    """Return somebody at the form of a new account."""
    visitor = Visitor(pages)
    visitor.opens("/account/create")
    return visitor


def test_characters_that_were_right_are_not_asked_for_again(pages: Pages, ann: Visitor) -> None:
    page = ann.sends("/account/create", NEW | {"phrase": ""})
    assert "characters" not in page.inputs
    assert "Verified" in page.texts["verification"]
    ann.sends("/account/create", NEW)
    assert ann.status == 303


def test_characters_expire_and_new_ones_are_shown(pages: Pages, ann: Visitor) -> None:
    old = ann.characters
    pages.later(minutes=rules.CHARACTERS_MINUTES)
    page = ann.sends("/account/create", NEW | {"characters": old})
    assert ann.status == 422
    assert "time is over" in page.description("characters")
    ann.sends("/account/create", NEW)
    assert ann.status == 303


def test_a_proof_for_one_purpose_proves_nothing_else(pages: Pages, ann: Visitor) -> None:
    ann.sends("/account/create", NEW | {"phrase": ""})
    ann.opens("/account/recover/password")
    ann.sends("/account/recover/password", {"identifier": "annlee1"}, characters=False)
    assert (ann.status, requests(pages)) == (422, [])


def test_a_code_that_was_mailed_to_one_address_proves_no_other(pages: Pages, ann: Visitor) -> None:
    ann.sends("/account/create", NEW | {"other": "code"}, characters=False)
    assert requests(pages) == [verification.SEND_CODE]
    with pages.database.transaction() as session:
        challenge = session.scalars(select(Challenge).where(Challenge.kind == "code")).one()
        verification.arm(session, challenge.id, pages.now)
        code = verification.shown(pages.keys, "code", verification.reference(challenge))
    other = {"email": "thief@example.org", "email_again": "thief@example.org", "characters": code}
    ann.sends("/account/create", NEW | other)
    assert (ann.status, requests(pages)) == (409, [verification.SEND_CODE])


def test_a_code_that_is_not_right_is_told_so_and_the_mailed_one_still_is(pages: Pages, ann: Visitor) -> None:
    ann.sends("/account/create", NEW | {"other": "code"}, characters=False)
    with pages.database.transaction() as session:
        challenge = session.scalars(select(Challenge).where(Challenge.kind == "code")).one()
        verification.arm(session, challenge.id, pages.now)
        code = verification.shown(pages.keys, "code", verification.reference(challenge))
    page = ann.sends("/account/create", NEW | {"characters": "12345678"})
    assert "not the code of our newest letter" in page.description("characters")
    page = ann.sends("/account/create", NEW | {"characters": ""})
    assert "Type the code of our newest letter" in page.description("characters")
    ann.sends("/account/create", NEW | {"characters": code})
    assert ann.status == 303


def test_no_picture_of_another_browser_can_be_seen(pages: Pages, ann: Visitor) -> None:
    (source,) = re.findall(r'src="(/account/verification[^"]+)"', ann.text)
    assert ann.client.get(source).headers["content-type"] == "image/png"
    assert ann.client.get(source.replace(".png", ".wav")).status_code == 404
    assert Visitor(pages).client.get(source).status_code == 404
    for number in ("", "x", "99999999999999999999", "-1", "%00", "٣"):
        assert ann.client.get(f"/account/verification.png?challenge={number}").status_code == 404
