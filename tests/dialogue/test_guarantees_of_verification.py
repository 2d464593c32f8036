"""The guarantee G4 under attack: whoever tries at once, one verification is one action, and no secret lies about."""

from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from pathlib import Path

import pytest
from sqlalchemy import func, select

from bot.dialogue.messages import Incoming
from core import letters, links, recovery, rules, verification
from core.database import Database
from core.letters import Letter, Secret
from core.recovery import RECOVER_USERNAME
from core.refusals import ProofRefused
from core.tables import Account, AccountRequest, Base, Challenge, Link
from core.verification import Kind, Proof
from tests.asking import RECOVER, on_its_way
from tests.chats import CoreChat
from tests.postgres import PostgreSQL
from tests.stored import stored
from tests.world import Characters, Chat, World, converse


@pytest.fixture(params=["sqlite", "postgresql"])
def url(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[str]:
    """Yield the address of a database with all tables, whichever it is."""
    if request.param == "sqlite":
        url = f"sqlite:///{tmp_path}/guarantees.db"
        database = Database(url)
        Base.metadata.create_all(database.engine)
        database.close()
        yield url
        return
    server: PostgreSQL = request.getfixturevalue("postgresql")
    with server.database() as url:
        yield url


@pytest.fixture
def owner(url: str, world: World) -> Iterator[CoreChat]:
    """Yield somebody's chat on it."""
    database = Database(url)
    yield CoreChat(database, world.keys, world.now)
    database.close()


def challenge(chat: CoreChat, kind: Kind = "code") -> tuple[str, str]:
    """Return a live challenge and what is to be typed."""
    with chat.turn() as context:
        number = verification.issue(context, kind, RECOVER_USERNAME, "dana@example.org")
        verification.arm(context.session, verification.row_of(number), context.now)
    return number, verification.shown(chat.keys, kind, number)


def at_once(threads: int, action: Callable[[int], bool]) -> int:
    """Return how many of so many threads at once succeed."""
    with ThreadPoolExecutor(threads) as pool:
        return sum(pool.map(action, range(threads)))


def asks_once(chat: CoreChat, proof: Proof) -> bool:
    """Return whether the proof is accepted for a request."""
    try:
        chat.does(recovery.remind_username, "dana@example.org", proof)
    except ProofRefused:
        return False
    return True


def rows(chat: CoreChat, table: type[Base]) -> int:
    """Return how many rows there are."""
    with chat.database.transaction() as session:
        return session.scalar(select(func.count()).select_from(table)) or 0


@pytest.mark.parametrize("kind", ["characters", "spoken", "code"])
def test_g4_of_eight_right_answers_at_once_one_passes(owner: CoreChat, kind: Kind) -> None:
    for _ in range(5):
        number, right = challenge(owner, kind)

        def answers(_: int, number: str = number, right: str = right) -> bool:
            return owner.does(verification.answer, number, right)

        assert at_once(8, answers) == 1


def test_g4_of_eight_actions_on_one_proof_at_once_one_is_done(owner: CoreChat) -> None:
    for done in range(1, 6):
        number, right = challenge(owner)
        assert owner.does(verification.answer, number, right)
        proof = Proof(number, "code", "proof")

        def asks(_: int, proof: Proof = proof) -> bool:
            return asks_once(owner, proof)

        assert at_once(8, asks) == 1
        with owner.database.transaction() as session:
            made = session.scalars(select(AccountRequest).where(AccountRequest.kind == RECOVER_USERNAME)).all()
        assert len(made) == done


def test_g4_of_64_wrong_codes_at_once_no_more_than_five_are_compared(
    owner: CoreChat, monkeypatch: pytest.MonkeyPatch
) -> None:
    number, right = challenge(owner)
    compared: list[str] = []
    derive = verification.shown

    def shown(*given: object) -> str:
        compared.append(number)
        return derive(owner.keys, "code", number)

    monkeypatch.setattr(verification, "shown", shown)
    assert at_once(64, lambda _: owner.does(verification.answer, number, "00000000")) == 0
    assert len(compared) <= rules.CODE_TRIES
    assert not owner.does(verification.answer, number, right)


async def test_g4_of_eight_messages_with_the_right_characters_at_once_one_acts(world: World, chat: Chat) -> None:
    await converse(chat, RECOVER)
    text = chat._incoming(Characters()).text
    database = world.database()
    conversations = world.conversations(database)

    def types(number: int) -> bool:
        return on_its_way(conversations.receive(Incoming("test", "17", f"at once {number}", text)))

    assert at_once(8, types) == 1
    database.close()
    assert len(world.rows(AccountRequest)) == 1


def test_g4_no_secret_that_lives_lies_in_the_database(owner: CoreChat) -> None:
    secrets = []
    with owner.database.transaction() as session:
        account = Account(
            username="danalee1",
            username_key="danalee1",
            first_name="Dana",
            last_name="Example",
            email="dana@example.org",
            email_key="dana@example.org",
            state="active",
            registered_at=owner.now,
        )
        session.add(account)
        session.flush()
        for number in range(100):
            link = links.issue(session, account.id, "reset", owner.now)
            links.arm(session, link.id, owner.now)
            secrets.append(links.token(owner.keys, link).partition("-")[2])
            letter = Letter("password_reset", "dana@example.org", "en", {}, Secret("reset", link.id), account.id)
            letters.owe(session, letter, owner.now + timedelta(seconds=number))
    for number in range(100):
        secrets.append(challenge(CoreChat(owner.database, owner.keys, owner.now, str(number)), "code")[1])
    assert (rows(owner, Link), rows(owner, Challenge), len(set(secrets))) == (100, 100, 200)
    held = stored(owner.database)
    assert b"password_reset" in held
    assert not [secret for secret in secrets if secret.encode() in held]
