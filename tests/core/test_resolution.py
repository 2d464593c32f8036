"""Resolution: the letter that fits the account's true state, within the mailbox's budget, once (S1, S5)."""

from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from datetime import datetime, timedelta
from pathlib import Path

import pytest
from sqlalchemy import select

from core import conversations, recovery, resolution, rules, tracing, verification
from core.database import Database
from core.keys import Keys
from core.letters import Letter, Secret
from core.recovery import RECOVER_USERNAME, RESEND_ACTIVATION, RESET_PASSWORD
from core.tables import AccountRequest, AuditEvent, Link, Owed
from core.verification import SEND_CODE
from tests.chats import CoreChat
from tests.people import register

DAY = timedelta(days=1)


class Desk(CoreChat):
    """A chat that asks, and a worker that resolves."""

    def asks(self, kind: str, identifier: str, proved_by: str = "characters", challenge: int | None = None) -> int:
        """Return the row of a new request."""
        with self.turn() as context:
            row = AccountRequest(
                kind=kind,
                identifier=identifier,
                proved_by=proved_by,
                conversation_id=context.conversation,
                challenge_id=challenge,
                created_at=context.now,
            )
            context.session.add(row)
            context.session.flush()
            return row.id

    def resolves(self, request: int, after: timedelta = timedelta()) -> str:
        """Return the outcome."""
        with self.database.transaction() as session:
            return resolution.resolve(session, self.keys, request, self.now + after)

    def outcome(self, kind: str, identifier: str, proved_by: str = "characters", after: timedelta = timedelta()) -> str:
        """Ask, and return what came of it."""
        return self.resolves(self.asks(kind, identifier, proved_by), after)

    def waiting(self, limit: int = 50) -> list[int]:
        """Return the requests that are due."""
        with self.database.transaction() as session:
            return [each.id for each in resolution.waiting(session, self.now, limit)]

    def letters(self) -> list[Letter]:
        """Return what is owed, oldest first."""
        with self.database.transaction() as session:
            return [Letter.from_payload(each) for each in session.scalars(select(Owed.payload).order_by(Owed.id))]

    def request(self, number: int) -> AccountRequest:
        """Return the row of a request."""
        with self.database.transaction() as session:
            return session.get_one(AccountRequest, number)


@pytest.fixture
def desk(database: Database, keys: Keys, now: datetime) -> Desk:
    """Return a chat in a world with one account in each state."""
    register(database, now - 60 * DAY, "danalee1", "Dana@example.org", active=True)
    register(database, now - 2 * DAY, "omarwash", "omar@example.org")
    register(database, now - 40 * DAY, "luciafarm", "lucia@example.org")
    return Desk(database, keys, now)


@pytest.mark.parametrize(
    ("kind", "who", "key", "link"),
    [
        (RECOVER_USERNAME, "dana", "username_reminder", None),
        (RECOVER_USERNAME, "omar", "username_reminder_and_activation", "activate"),
        (RECOVER_USERNAME, "lucia", "activation_lapsed", None),
        (RECOVER_USERNAME, "nobody", "no_account", None),
        (RESET_PASSWORD, "dana", "password_reset", "reset"),
        (RESET_PASSWORD, "omar", "reset_needs_activation", "activate"),
        (RESET_PASSWORD, "lucia", "activation_lapsed", None),
        (RESET_PASSWORD, "nobody", "no_account", None),
        (RESEND_ACTIVATION, "dana", "already_active", None),
        (RESEND_ACTIVATION, "omar", "activation", "activate"),
        (RESEND_ACTIVATION, "lucia", "activation_lapsed", None),
        (RESEND_ACTIVATION, "nobody", "no_account", None),
    ],
)
def test_each_request_and_state_has_its_letter(desk: Desk, kind: str, who: str, key: str, link: str | None) -> None:
    assert desk.outcome(kind, f"{who}@example.org") == key
    (letter,) = desk.letters()
    assert (letter.key, letter.to.casefold(), letter.language) == (key, f"{who}@example.org", "en")
    assert (letter.secret and letter.secret.kind) == link
    with desk.database.transaction() as session:
        assert [(each.purpose, each.armed_at) for each in session.scalars(select(Link))] == (
            [(link, None)] if link else []
        )


@pytest.mark.parametrize("typed", ["danalee1", "DANALEE1", "dana@example.org", "DANA@EXAMPLE.ORG"])
def test_the_letter_goes_to_the_address_on_file_however_the_account_was_named(desk: Desk, typed: str) -> None:
    desk.outcome(RESET_PASSWORD, typed)
    (letter,) = desk.letters()
    assert letter.to == "Dana@example.org"
    assert (letter.fields["first_name"], letter.fields["username"]) == ("Ann", "danalee1")


@pytest.mark.parametrize(
    "typed", ["nosuchname1", "not an address@", "a@b@c", "@", "dana@example.org, x@example.org", ""]
)
def test_where_there_is_nowhere_to_write_to_nobody_is_written_to(desk: Desk, typed: str) -> None:
    request = desk.asks(RESET_PASSWORD, typed)
    assert desk.resolves(request) == "nobody"
    assert (desk.letters(), desk.request(request).identifier) == ([], None)


def test_a_code_is_mailed_to_the_account_and_bound_to_its_challenge(desk: Desk) -> None:
    challenge = desk.does(verification.issue, "code", RESET_PASSWORD, "danalee1")
    (request,) = desk.waiting()
    assert desk.resolves(request) == "verification_code"
    (letter,) = desk.letters()
    assert (letter.to, letter.secret) == ("Dana@example.org", Secret("code", verification.row_of(challenge), challenge))
    code = verification.shown(desk.keys, "code", challenge)
    assert code not in str(letter)


@pytest.mark.parametrize(("who", "key"), [("lucia", "verification_code"), ("nobody", "no_account")])
def test_a_code_for_other_accounts(desk: Desk, who: str, key: str) -> None:
    challenge = desk.does(verification.issue, "code", RESET_PASSWORD, f"{who}@example.org")
    assert desk.resolves(desk.asks(SEND_CODE, f"{who}@example.org", "nothing", verification.row_of(challenge))) == key


def test_s5_a_mailbox_has_its_budget_however_and_from_wherever_it_is_asked(desk: Desk) -> None:
    ways = ["danalee1", "dana@example.org", "DANA@EXAMPLE.ORG", "Dana@Example.Org"]
    chats = [replace(desk, chat=str(number)) for number in range(10)]
    kinds = [RECOVER_USERNAME, RESET_PASSWORD, RESEND_ACTIVATION]
    outcomes = [each.outcome(kinds[place % 3], ways[place % 4]) for place, each in enumerate(chats)]
    assert outcomes[3:] == ["withheld"] * 7
    assert len(desk.letters()) == rules.MAILBOX_LETTERS_AN_HOUR


def test_s5_a_mailbox_gets_five_letters_a_day(desk: Desk) -> None:
    outcomes = [desk.outcome(RECOVER_USERNAME, "danalee1", after=timedelta(hours=hour)) for hour in range(25)]
    assert [outcome == "withheld" for outcome in outcomes] == [False] * 5 + [True] * 19 + [False]


def test_s5_a_strangers_mailbox_has_the_same_budget(desk: Desk) -> None:
    outcomes = [desk.outcome(RECOVER_USERNAME, "nobody@example.org") for _ in range(5)]
    assert outcomes == ["no_account"] * 3 + ["withheld"] * 2


def test_s5_a_result_proved_by_a_mailed_code_is_always_sent_and_not_counted(desk: Desk) -> None:
    assert {desk.outcome(RECOVER_USERNAME, "danalee1", "code") for _ in range(8)} == {"username_reminder"}
    assert [desk.outcome(RECOVER_USERNAME, "danalee1") for _ in range(4)] == ["username_reminder"] * 3 + ["withheld"]
    assert desk.outcome(RECOVER_USERNAME, "danalee1", "code") == "username_reminder"


def test_a_request_is_resolved_once(desk: Desk) -> None:
    request = desk.asks(RECOVER_USERNAME, "danalee1")
    assert [desk.resolves(request), desk.resolves(request), desk.resolves(999)] == [
        "username_reminder",
        "taken",
        "taken",
    ]


def test_of_eight_workers_at_once_one_resolves(desk: Desk) -> None:
    requests = [desk.asks(RECOVER_USERNAME, f"n{number}@example.org") for number in range(4)]
    with ThreadPoolExecutor(8) as threads:
        outcomes = list(threads.map(desk.resolves, requests * 8))
    assert outcomes.count("taken") == 28
    assert len(desk.letters()) == 4


def test_requests_wait_in_order_until_they_are_resolved(desk: Desk) -> None:
    later = Desk(desk.database, desk.keys, desk.now + timedelta(minutes=1))
    second, first = later.asks(RECOVER_USERNAME, "danalee1"), desk.asks(RECOVER_USERNAME, "omarwash")
    for waiting in ([first, second], [second], []):
        assert later.waiting() == waiting
        assert later.waiting(limit=1) == waiting[:1]
        if waiting:
            desk.resolves(waiting[0])


def test_the_letter_bears_the_trace_of_the_message_that_asked(desk: Desk) -> None:
    with tracing.following("telegram:4711"):
        desk.does(verification.issue, "code", RESET_PASSWORD, "danalee1")
    (request,) = desk.waiting()
    desk.resolves(request)
    assert [letter.trace for letter in desk.letters()] == ["telegram:4711"]


def test_what_was_typed_is_blanked_and_the_audit_names_nobody(desk: Desk, tmp_path: Path) -> None:
    request = desk.asks(RECOVER_USERNAME, "nobody@example.org")
    desk.resolves(request)
    row = desk.request(request)
    assert (row.identifier, row.outcome, row.resolved_at) == (None, "no_account", desk.now)
    with desk.database.transaction() as session:
        (event,) = session.scalars(select(AuditEvent).where(AuditEvent.event == "request.resolved"))
    assert event.detail == {"request": RECOVER_USERNAME, "proved_by": "characters", "outcome": "no_account"}
    assert event.account_id is None


def test_a_letter_speaks_the_language_of_the_chat_that_asked(desk: Desk) -> None:
    spanish = Desk(desk.database, desk.keys, desk.now, chat="18", language="es")
    spanish.outcome(RECOVER_USERNAME, "danalee1")
    assert [letter.language for letter in desk.letters()] == ["es"]


def test_g3_what_a_forgotten_chat_was_promised_is_mailed_and_a_code_for_it_is_not(desk: Desk) -> None:
    request = desk.asks(RECOVER_USERNAME, "danalee1")
    code = desk.asks(SEND_CODE, "danalee1")
    desk.does(conversations.forget)
    assert (desk.resolves(request), desk.resolves(code)) == ("username_reminder", "taken")
    assert len(desk.letters()) == 1


def test_s1_asking_writes_the_same_whoever_is_asked_about(desk: Desk) -> None:
    shapes = set()
    for who in ("dana@example.org", "omar@example.org", "lucia@example.org", "nobody@example.org"):
        challenge = desk.does(verification.issue, "characters", RECOVER_USERNAME, who)
        assert desk.does(verification.answer, challenge, verification.shown(desk.keys, "characters", challenge))
        row = desk.request(
            desk.does(recovery.remind_username, who, verification.Proof(challenge, "characters", "proof"))
        )
        shapes.add((row.kind, row.proved_by, row.challenge_id, row.resolved_at, row.outcome))
        assert row.identifier == who
    assert len(shapes) == 1
    assert desk.letters() == []
