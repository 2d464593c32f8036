"""Mailed links: opened as often as one likes, used once, dead when they should be (G4, S5)."""

from concurrent.futures import ThreadPoolExecutor
from datetime import datetime, timedelta

import pytest
from sqlalchemy import delete, select

from core import accounts, links
from core.database import Database
from core.keys import Keys
from core.letters import Letter
from core.links import ACTIVATE, RESET, Purpose
from core.refusals import LinkRefused
from core.tables import Account, AuditEvent, Link, Owed
from tests.people import SECRET, kept, mailed_link, register
from tests.stored import stored

HOUR = timedelta(hours=1)
DAY = timedelta(days=1)


class Post:
    """Somebody with links in the mail, on one database."""

    def __init__(self, database: Database, keys: Keys, now: datetime) -> None:
        self.database = database
        self.keys = keys
        self.now = now
        self.account = register(database, now, active=True)
        self.newcomer = register(database, now, "newcomer")

    def mailed(self, purpose: Purpose) -> str:
        """A link to the newcomer's activation, or to a new password of the active account."""
        account = self.newcomer if purpose == ACTIVATE else self.account
        return mailed_link(self.database, self.keys, account, purpose, self.now)

    def opens(self, purpose: Purpose, token: str, after: timedelta = timedelta()) -> bool:
        with self.database.transaction() as session:
            try:
                links.look(session, self.keys, purpose, token, self.now + after)
            except LinkRefused:
                return False
            return True

    def uses(self, purpose: Purpose, token: str, after: timedelta = timedelta(), password: str = "a hash") -> bool:
        at = self.now + after
        with self.database.transaction() as session:
            try:
                if purpose == ACTIVATE:
                    return links.use_to_activate(session, self.keys, token, at).changed
                return links.use_to_reset(session, self.keys, token, password, at).changed
            except LinkRefused:
                return False

    def letters(self) -> list[Letter]:
        with self.database.transaction() as session:
            return [Letter.from_payload(payload) for payload in session.scalars(select(Owed.payload))]


@pytest.fixture
def post(database: Database, keys: Keys, now: datetime) -> Post:
    """Return a post for two accounts, one active, one new."""
    return Post(database, keys, now)


def test_an_activation_link_activates_and_the_owner_is_told(post: Post) -> None:
    assert post.uses(ACTIVATE, post.mailed(ACTIVATE))
    assert accounts.status(kept(post.database, post.newcomer), post.now) == "active"
    (letter,) = post.letters()
    assert (letter.key, letter.to, letter.account) == ("account_activated", "newcomer@example.org", post.newcomer.id)


def test_a_reset_link_sets_the_password_and_the_owner_is_told(post: Post) -> None:
    assert post.uses(RESET, post.mailed(RESET), password="a new hash")
    assert kept(post.database, post.account).password_hash == "a new hash"
    (letter,) = post.letters()
    assert (letter.key, letter.to, letter.secret) == ("password_changed", "anngause@example.org", None)


@pytest.mark.parametrize("purpose", [ACTIVATE, RESET])
def test_opening_a_link_never_consumes_it(post: Post, purpose: Purpose) -> None:
    token = post.mailed(purpose)
    assert all(post.opens(purpose, token) for _ in range(20))
    assert post.uses(purpose, token)


@pytest.mark.parametrize("purpose", [ACTIVATE, RESET])
def test_g4_a_link_is_used_once(post: Post, purpose: Purpose) -> None:
    token = post.mailed(purpose)
    assert [post.uses(purpose, token, password=password) for password in ("first", "second")] == [True, False]
    assert kept(post.database, post.account).password_hash != "second"
    assert len(post.letters()) == 1


def test_s5_links_live_until_one_of_them_is_used(post: Post) -> None:
    first, second, third = (post.mailed(RESET) for _ in range(3))
    assert all(post.opens(RESET, token) for token in (first, second, third))
    assert post.uses(RESET, second)
    assert not any(post.opens(RESET, token) or post.uses(RESET, token) for token in (first, second, third))


def test_using_a_link_ends_none_of_another_purpose_or_account(post: Post) -> None:
    other = register(post.database, post.now, "somebody", active=True)
    others = mailed_link(post.database, post.keys, other, RESET, post.now)
    activation = post.mailed(ACTIVATE)
    post.uses(RESET, post.mailed(RESET))
    assert post.opens(RESET, others)
    assert post.opens(ACTIVATE, activation)


def test_a_link_asked_for_after_the_last_was_used_is_live(post: Post) -> None:
    post.uses(RESET, post.mailed(RESET))
    assert post.uses(RESET, post.mailed(RESET))


def test_a_reset_link_lives_sixty_minutes_from_the_moment_smtp_took_its_letter(post: Post) -> None:
    with post.database.transaction() as session:
        link = links.issue(session, post.account.id, RESET, post.now)
        token = links.token(post.keys, link)
    assert not post.opens(RESET, token)
    with post.database.transaction() as session:
        links.arm(session, link.id, post.now + 20 * HOUR)
    assert post.opens(RESET, token, 21 * HOUR - timedelta(seconds=1))
    assert not post.opens(RESET, token, 21 * HOUR)
    assert not post.uses(RESET, token, 21 * HOUR)


def test_an_activation_link_lives_until_the_activation_deadline(post: Post) -> None:
    token = post.mailed(ACTIVATE)
    assert post.opens(ACTIVATE, token, 30 * DAY - timedelta(seconds=1))
    assert not post.opens(ACTIVATE, token, 30 * DAY)
    assert not post.uses(ACTIVATE, token, 30 * DAY)
    assert kept(post.database, post.newcomer).state == "awaiting_activation"


def test_no_link_of_a_lapsed_account_works(post: Post) -> None:
    token = mailed_link(post.database, post.keys, post.newcomer, RESET, post.now + 30 * DAY)
    assert not post.opens(RESET, token, 30 * DAY)
    assert not post.uses(RESET, token, 30 * DAY)


def test_a_letter_that_arrives_late_does_not_revive_a_link_that_has_ended(post: Post) -> None:
    with post.database.transaction() as session:
        late = links.issue(session, post.account.id, RESET, post.now)
    post.uses(RESET, post.mailed(RESET))
    with post.database.transaction() as session:
        links.arm(session, late.id, post.now)
    assert not post.opens(RESET, links.token(post.keys, late))


def test_an_activation_link_tells_an_active_owner_that_all_is_well(post: Post) -> None:
    token = post.mailed(ACTIVATE)
    post.uses(ACTIVATE, token)
    with post.database.transaction() as session:
        _, account = links.look(session, post.keys, ACTIVATE, token, post.now + 90 * DAY)
        assert not links.use_to_activate(session, post.keys, token, post.now + 90 * DAY).changed
    assert account.state == "active"


def test_g4_a_link_whose_letter_was_never_sent_is_refused_as_an_unknown_one(post: Post) -> None:
    with post.database.transaction() as session:
        tokens = {
            purpose: links.token(post.keys, links.issue(session, post.account.id, purpose, post.now))
            for purpose in (ACTIVATE, RESET)
        }
    assert not any(post.opens(purpose, token) or post.uses(purpose, token) for purpose, token in tokens.items())


def test_what_was_not_made_here_is_refused(post: Post) -> None:
    right = post.mailed(RESET)
    number, _, rest = right.partition("-")
    wrong = [
        "",
        "-",
        number,
        f"{number}-",
        f"{number}-{rest[:-1]}",
        f"{number}-{rest[:-1]}{'A' if rest[-1] != 'A' else 'B'}",
        f"0{right}",
        f"{int(number) + 1}-{rest}",
        f"{'9' * 40}-{rest}",
        f"²-{rest}",
        f"{right}\n",
        f"{number}-\udc80",
        links.token(
            Keys("another key, as long as the right one would be"),
            Link(id=int(number), purpose=RESET, created_at=post.now),
        ),
    ]
    assert not any(post.opens(RESET, token) or post.uses(RESET, token) for token in wrong)
    assert post.opens(RESET, right)


def test_a_token_is_good_for_its_own_purpose_alone(post: Post) -> None:
    assert not post.opens(ACTIVATE, post.mailed(RESET))
    assert not post.opens(RESET, post.mailed(ACTIVATE))


def test_an_old_letter_does_not_open_a_new_link_of_the_same_number(post: Post) -> None:
    token = post.mailed(RESET)
    number = int(token.partition("-")[0])
    later = post.now + 2 * HOUR
    with post.database.transaction() as session:
        session.execute(delete(Link))
        session.add(Link(id=number, account_id=post.account.id, purpose=RESET, created_at=later))
        session.flush()
        links.arm(session, number, later)
    assert not post.opens(RESET, token, 2 * HOUR)


def test_g4_of_eight_who_use_one_link_at_once_one_succeeds(post: Post) -> None:
    def attempt(token: str, number: int) -> bool:
        return post.uses(RESET, token, password=f"hash {number}")

    for _ in range(5):
        with ThreadPoolExecutor(8) as threads:
            outcomes = list(threads.map(attempt, [post.mailed(RESET)] * 8, range(8)))
        assert sum(outcomes) == 1
        assert kept(post.database, post.account).password_hash == f"hash {outcomes.index(True)}"
    assert len(post.letters()) == 5


def test_g4_of_eight_links_of_one_account_used_at_once_one_succeeds(post: Post) -> None:
    tokens = [post.mailed(RESET) for _ in range(8)]
    with ThreadPoolExecutor(8) as threads:
        assert sum(threads.map(lambda token: post.uses(RESET, token), tokens)) == 1


def test_g4_eight_activations_at_once_activate_once(post: Post) -> None:
    token = post.mailed(ACTIVATE)
    with ThreadPoolExecutor(8) as threads:
        assert sum(threads.map(lambda _: post.uses(ACTIVATE, token), range(8))) == 1
    assert len(post.letters()) == 1


def test_g4_no_token_lies_in_the_database(post: Post) -> None:
    tokens = [post.mailed(RESET) for _ in range(20)]
    post.uses(RESET, tokens[0])
    held = stored(post.database)
    assert b"password_changed" in held
    assert not any(token.partition("-")[2].encode() in held for token in tokens)
    assert SECRET.encode() not in held


def test_each_use_is_audited_beside_what_it_did(post: Post) -> None:
    token = post.mailed(RESET)
    post.uses(RESET, token)
    with post.database.transaction() as session:
        events = session.scalars(
            select(AuditEvent.event).where(AuditEvent.account_id == post.account.id).order_by(AuditEvent.id)
        ).all()
    assert events[-3:] == ["link.issued", "link.used", "account.password_changed"]


def test_a_link_ends_with_its_account(post: Post) -> None:
    token = post.mailed(RESET)
    with post.database.transaction() as session:
        session.execute(delete(Account).where(Account.id == post.account.id))
    assert not post.opens(RESET, token)
