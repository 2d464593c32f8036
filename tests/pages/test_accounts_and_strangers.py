"""What the account pages tell strangers, which is nothing, and what their forms and links stand up to."""

import sqlite3
import statistics
import time
from contextlib import closing
from datetime import timedelta

import pytest
from sqlalchemy import event, select, update

from core import accounts, links, passwords, rules, verification
from core.references import reference
from core.tables import Account, AuditEvent, Challenge, Conversation, Link
from tests.pages.conftest import Page, Pages
from tests.pages.test_account_forms import NEW, PASSWORD, Visitor, requests

_hashes: list[str] = []


def hashed() -> str:
    """Return the hash of everybody's password, made once."""
    if not _hashes:
        _hashes.append(passwords.hashed(PASSWORD))
    return _hashes[0]


def active(pages: Pages, username: str = "anngause") -> Account:
    """Return an active account that has the password."""
    account = pages.register(username, active=True)
    with pages.database.transaction() as session:
        session.execute(update(Account).where(Account.id == account.id).values(password_hash=hashed()))
    return account


def signs_in(visitor: Visitor, username: str, password: str = PASSWORD) -> Page:
    """Sign in, in both steps."""
    visitor.opens("/account/sign-in")
    visitor.sends("/account/sign-in", {"username": username})
    return visitor.sends("/account/sign-in/password", {"username": username, "password": password})


def told(visitor: Visitor, path: str, fields: dict[str, str]) -> tuple[int, str]:
    """Return what a form is answered, without what was typed and what differs at every request."""
    visitor.opens(path)
    page = visitor.sends(path, fields)
    return visitor.status, page.texts["main"].replace(fields.get("identifier", "-"), "<typed>")


def test_s1_recovery_answers_alike_whoever_the_account_is(pages: Pages) -> None:
    active(pages)
    pages.register("waiting1")
    for what, typed in (
        ("username", [f"{who}@example.org" for who in ("anngause", "waiting1", "anyone11")]),
        ("password", ["anngause", "waiting1", "anyone11"]),
        ("activation", ["anngause", "waiting1", "anyone11"]),
    ):
        answers = []
        for each in typed:
            status, text = told(Visitor(pages), f"/account/recover/{what}", {"identifier": each})
            shown = text.replace("an****se", "<masked>").replace("wa****g1", "<masked>").replace("an****11", "<masked>")
            answers.append((status, " ".join(word for word in shown.split() if not word.startswith("CERS-"))))
        assert len(set(answers)) == 1, set(answers)


@pytest.mark.parametrize("minutes", [1, rules.CODE_MINUTES + 1, rules.CODE_SHOWN_MINUTES - 1, rules.CODE_SHOWN_MINUTES])
def test_s1_a_form_asks_for_a_code_as_long_whether_or_not_one_was_mailed(pages: Pages, minutes: int) -> None:
    shown = []
    for mailed in (True, False):
        visitor = Visitor(pages)
        visitor.opens("/account/recover/password")
        visitor.sends("/account/recover/password", {"identifier": "anngause", "other": "code"}, characters=False)
        if mailed:
            with pages.database.transaction() as session:
                challenge = session.scalars(select(Challenge).where(Challenge.kind == "code")).one()
                verification.arm(session, challenge.id, pages.now)
        before, pages.now = pages.now, pages.now + timedelta(minutes=minutes)
        shown.append("is being mailed" in visitor.opens("/account/recover/password").texts["main"])
        pages.now = before
    assert shown == 2 * [minutes < rules.CODE_SHOWN_MINUTES]


def test_s1_a_registration_answers_alike_whether_or_not_the_address_is_in_use(pages: Pages) -> None:
    active(pages)
    answers = []
    for email in ("anngause@example.org", "unknown1@example.org"):
        visitor = Visitor(pages)
        visitor.opens("/account/create")
        page = visitor.sends("/account/create", NEW | {"email": email, "email_again": email})
        text = page.texts["main"].replace("an****se", "<masked>").replace("un****n1", "<masked>")
        answers.append((visitor.status, " ".join(word for word in text.split() if not word.startswith("CERS-"))))
    assert answers[0] == answers[1]
    assert requests(pages) == ["register"] * 2


def test_s1_an_unknown_username_has_a_phrase_that_stays_and_a_known_one_its_own(pages: Pages) -> None:
    active(pages)
    with pages.database.transaction() as session:
        session.execute(update(Account).values(protection_phrase="blue heron"))

    def phrase(username: str) -> str:
        visitor = Visitor(pages)
        visitor.opens("/account/sign-in")
        visitor.sends("/account/sign-in", {"username": username})
        return visitor.text.partition('class="phrase">')[2].partition("<")[0]

    assert phrase("AnnGause") == "blue heron"
    assert phrase("nobody11") == phrase(" NOBODY11 ") != phrase("nobody12")
    assert all(phrase(f"nobody{number}") for number in range(20, 25))


def test_s1_a_wrong_password_and_an_unknown_username_are_told_alike_and_take_equally_long(pages: Pages) -> None:
    active(pages)
    times: dict[str, list[float]] = {"anngause": [], "nobody11": []}
    said = set()
    for _ in range(6):
        for username, spent in times.items():
            visitor = Visitor(pages)
            visitor.opens("/account/sign-in")
            visitor.sends("/account/sign-in", {"username": username})
            began = time.perf_counter()
            page = visitor.sends("/account/sign-in/password", {"username": username, "password": "Wrong1heron"})
            spent.append(time.perf_counter() - began)
            said.add((visitor.status, page.description("password")))
    assert len(said) == 1
    assert next(iter(said))[0] == 403
    known, unknown = (statistics.median(each) for each in times.values())
    assert max(known, unknown) < 3 * min(known, unknown), "one of them makes no hash"


def test_nobody_is_locked_out_and_many_tries_take_verification_characters(pages: Pages) -> None:
    active(pages)
    visitor = Visitor(pages)
    for _ in range(rules.USERNAME_SIGN_INS_AN_HOUR):
        signs_in(visitor, "anngause", "Wrong1heron")
        assert visitor.status == 403
    owner = Visitor(pages, network="203.0.113.99")
    page = signs_in(owner, "anngause")
    assert owner.status == 422
    assert "nobody is locked out" in page.texts["mistakes"]
    assert "characters" in page.inputs
    owner.sends("/account/sign-in/password", {"username": "anngause", "password": PASSWORD})
    assert owner.status == 303
    assert "Ann Example" in owner.text


def test_the_password_step_without_a_username_begins_at_the_username(pages: Pages) -> None:
    visitor = Visitor(pages)
    assert visitor.opens("/account/sign-in/password").texts["h1"] == "Sign in"
    page = visitor.sends("/account/sign-in/password", {"password": PASSWORD})
    assert (visitor.status, page.texts["h1"]) == (422, "Sign in")
    assert "Type your username" in page.description("username")


def test_s2_the_password_step_can_be_opened_again_until_it_is_done_and_keeps_no_readable_name(pages: Pages) -> None:
    active(pages)
    visitor = Visitor(pages)
    visitor.opens("/account/sign-in")
    visitor.sends("/account/sign-in", {"username": "anngause"})
    assert visitor.status == 303
    page = visitor.opens("/account/sign-in/password")
    assert (page.texts["h1"], page.inputs["username"]["value"]) == ("Type your password", "anngause")
    with pages.database.reading() as session:
        assert not [each for each in session.scalars(select(Conversation.state)) if "anngause" in str(each)]
    begun = pages.now
    pages.later(minutes=15)
    assert visitor.opens("/account/sign-in/password").texts["h1"] == "Sign in"
    pages.now = begun
    signs_in(visitor, "anngause")
    visitor.sends("/account/sign-out", {})
    assert visitor.opens("/account/sign-in/password").texts["h1"] == "Sign in"


def test_who_is_not_signed_in_changes_nothing(pages: Pages) -> None:
    visitor = Visitor(pages)
    visitor.opens("/account/sign-in")
    for path in ("/account", "/account/profile", "/account/email", "/account/password"):
        assert visitor.opens(path).texts["h1"] == "Sign in"
    for path in ("/account/profile", "/account/email", "/account/password", "/account/sign-out-everywhere"):
        page = visitor.sends(path, {"first_name": "Eve"})
        assert visitor.status == 401
        assert "nothing was changed" in page.texts["mistakes"]


def test_an_address_that_another_account_got_meanwhile_is_refused_by_its_link(pages: Pages) -> None:
    account = active(pages)
    with pages.database.transaction() as session:
        link = links.issue(session, account.id, links.EMAIL, pages.now, email="wanted@example.org")
        links.arm(session, link.id, pages.now)
        path = f"/email/{links.token(pages.keys, link)}"
    assert "wanted@example.org" in pages.browser().get(path).text
    pages.register("wanted")
    assert pages.browser().post(path).status_code == 404
    assert pages.kept(account).email == "anngause@example.org"


def test_a_letter_to_another_address_ends_the_link_to_the_one_that_was_mistyped(pages: Pages) -> None:
    account = active(pages)
    paths, left = [], []
    for email, is_sent in (
        ("mistyped@example.org", True),
        ("new@example.org", False),
        ("new@example.org", True),
        ("new@example.org", True),
    ):
        with pages.database.transaction() as session:
            link = links.issue(session, account.id, links.EMAIL, pages.now, email=email)
            if is_sent:
                links.arm(session, link.id, pages.now)
                paths.append(f"/email/{links.token(pages.keys, link)}")
        left.append([pages.browser().get(path).status_code for path in paths])
    assert left == [[200], [200], [404, 200], [404, 200, 200]]


def test_links_in_the_old_mailbox_end_with_the_address(pages: Pages) -> None:
    account = active(pages)
    old = pages.mailed(account, links.RESET)
    with pages.database.transaction() as session:
        link = links.issue(session, account.id, links.EMAIL, pages.now, email="new@example.org")
        links.arm(session, link.id, pages.now)
        path = f"/email/{links.token(pages.keys, link)}"
    assert pages.browser().post(path).status_code == 200
    assert pages.browser().get(old).status_code == 404
    assert pages.browser().post(path).status_code == 404
    with pages.database.transaction() as session:
        assert all(session.scalars(select(Link.used_at)))


def test_a_registration_that_waits_or_lapsed_is_told_to_whoever_knows_its_password(pages: Pages) -> None:
    account = pages.register("waiting1")
    with pages.database.transaction() as session:
        session.execute(update(Account).where(Account.id == account.id).values(password_hash=hashed()))
    visitor = Visitor(pages)
    assert signs_in(visitor, "waiting1").texts["h1"] == "Activate your account first"
    assert signs_in(visitor, "waiting1", "Wrong1heron").texts["h1"] == "Type your password"
    pages.later(days=rules.ACTIVATION_EXPIRES_DAYS)
    assert signs_in(visitor, "waiting1").texts["h1"] == "Your registration has expired"
    with pages.database.transaction() as session:
        assert not accounts.is_taken(session, "waiting1", pages.now)


@pytest.mark.parametrize("secret", [PASSWORD, "the heron reads"])
def test_s2_nothing_that_is_secret_lies_readable_in_the_database(pages: Pages, secret: str) -> None:
    visitor = Visitor(pages)
    visitor.opens("/account/create")
    visitor.sends("/account/create", NEW)
    assert visitor.status == 303
    with closing(sqlite3.connect(pages.database.url.database or "")) as connection:
        assert secret not in "\n".join(connection.iterdump())


def test_what_happened_is_audited_without_naming_anybody(pages: Pages) -> None:
    active(pages)
    visitor = Visitor(pages)
    signs_in(visitor, "anngause", "Wrong1heron")
    signs_in(visitor, "nobody11", "Wrong1heron")
    signs_in(visitor, "anngause")
    visitor.sends("/account/sign-out", {})
    with pages.database.transaction() as session:
        events = [each.event for each in session.scalars(select(AuditEvent).order_by(AuditEvent.id))]
        details = str([each.detail for each in session.scalars(select(AuditEvent))])
    assert events[-4:] == [*["account.sign_in_refused"] * 2, "account.signed_in", "account.signed_out"]
    assert "anngause" not in details


@pytest.mark.parametrize(
    ("path", "fields"),
    [
        ("/account/recover/password", {"identifier": "?@example.org"}),
        ("/account/recover/username", {"identifier": "?@example.org"}),
        ("/account/recover/activation", {"identifier": "?"}),
        ("/account/create", NEW | {"email": "?@example.org", "email_again": "?@example.org"}),
    ],
)
def test_s1_a_form_does_the_same_work_whoever_the_account_is(pages: Pages, path: str, fields: dict[str, str]) -> None:
    active(pages)
    statements: list[str] = []
    event.listen(pages.database.engine, "before_cursor_execute", lambda *given: statements.append(given[2]))
    work = []
    for who in ("anngause", "nobody11"):
        visitor = Visitor(pages)
        visitor.opens(path)
        statements.clear()
        visitor.client.post(
            path,
            data={name: value.replace("?", who) for name, value in fields.items()}
            | {"csrf": visitor.csrf, "characters": visitor.characters},
        )
        work.append(list(statements))
    assert work[0] == work[1]
    looked_up = [each for each in work[0] if "FROM accounts" in each]
    assert looked_up == [each for each in looked_up if "username_key" in each and "email_key =" not in each]
    assert bool(looked_up) == (path == "/account/create"), "only a username is looked up, and only for a new account"


def test_the_reference_on_the_page_is_that_of_the_request_and_tells_nothing(pages: Pages) -> None:
    seen = {reference(pages.keys, "request", row) for row in range(1, 200)}
    assert len(seen) > 190
    assert all(len(each) == 9 and each.startswith("CERS-") for each in seen)
    assert reference(pages.keys, "request", 1) != reference(pages.keys, "code", 1)
