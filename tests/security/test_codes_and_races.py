"""G4 under attack: however many guess or redeem at once, few codes are compared and one verification is one action."""

from collections import Counter
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from pathlib import Path

import pytest
from sqlalchemy import select

from bot.dialogue.messages import Incoming
from core import links, recovery, resolution, rules, verification
from core.database import Database
from core.keys import Keys
from core.recovery import RECOVER_USERNAME
from core.refusals import LinkRefused, ProofRefused
from core.tables import AccountRequest, Base, Challenge
from core.verification import Kind, Proof
from tests.asking import RECOVER, on_its_way
from tests.chats import CoreChat
from tests.people import mailed_link, register
from tests.postgres import PostgreSQL
from tests.security.figures import Measured
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


ROUNDS = pytest.mark.parametrize(("threads", "rounds"), [(8, 5), pytest.param(64, 200, marks=pytest.mark.prove)])


@ROUNDS
@pytest.mark.parametrize("kind", ["characters", "spoken", "code"])
def test_g4_of_many_right_answers_at_once_one_passes(
    owner: CoreChat, measured: Measured, kind: Kind, threads: int, rounds: int
) -> None:
    for number_of_round in range(rounds):
        later = owner.now + timedelta(minutes=3 * number_of_round)
        owner = CoreChat(owner.database, owner.keys, later, str(number_of_round))
        number, right = challenge(owner, kind)

        def answers(_: int, chat: CoreChat = owner, number: str = number, right: str = right) -> bool:
            return chat.does(verification.answer, number, right)

        assert at_once(threads, answers) == 1
    database = owner.database.url.get_backend_name()
    measured("races", f"{kind}, {database}: {threads} right answers at once, {rounds} rounds: 1 success each")


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
    owner: CoreChat, measured: Measured, monkeypatch: pytest.MonkeyPatch
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
    measured("races", f"{owner.database.url.get_backend_name()}: of 64 wrong codes at once {len(compared)} compared")


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


@ROUNDS
def test_g4_of_many_who_use_a_link_at_once_one_sets_the_password(
    owner: CoreChat, measured: Measured, threads: int, rounds: int
) -> None:
    database, keys = owner.database, owner.keys
    account = register(database, owner.now, active=True)
    for _ in range(rounds):
        token = mailed_link(database, keys, account, "reset", owner.now)

        def uses(number: int, token: str = token) -> bool:
            try:
                with database.transaction() as session:
                    return links.use_to_reset(session, keys, token, f"hash {number}", owner.now).changed
            except LinkRefused:
                return False

        assert at_once(threads, uses) == 1
    measured("races", f"{database.url.get_backend_name()}: {threads} uses of a link, {rounds} rounds: 1 success each")


@pytest.mark.parametrize(("guesses", "connections"), [(200, 8), pytest.param(10_000, 50, marks=pytest.mark.prove)])
def test_g4_of_ten_thousand_guesses_a_day_25_are_compared_with_a_live_code(
    owner: CoreChat, measured: Measured, monkeypatch: pytest.MonkeyPatch, guesses: int, connections: int
) -> None:
    processes = [owner.database]
    if owner.database.url.get_backend_name() == "postgresql":  # as many as share the connections of so many processes
        processes += [Database(owner.database.url.render_as_string()) for _ in range(connections // 17)]
    register(owner.database, owner.now, "danalee1", "dana@example.org", active=True)
    compared: Counter[str] = Counter()
    derive = verification.shown

    def shown(keys: Keys, kind: str, reference: str) -> str:
        compared[reference] += 1
        return derive(keys, kind, reference)

    monkeypatch.setattr(verification, "shown", shown)
    tries = rules.CODE_TRIES + 1

    def guess(number: int) -> int:
        """Ask for a code from a chat of one's own, have it mailed within budget, and guess until it is used up."""
        at = owner.now + timedelta(days=1) * number * tries / guesses
        database = processes[number % len(processes)]
        chat = CoreChat(database, owner.keys, at, f"guesser {number}")
        with chat.turn() as context:
            reference = verification.issue(context, "code", RECOVER_USERNAME, "dana@example.org")
            row = verification.row_of(reference)
            request = context.session.scalars(select(AccountRequest.id).where(AccountRequest.challenge_id == row)).one()
        with database.transaction() as session:
            if resolution.resolve(session, owner.keys, request, at) == "verification_code":
                verification.arm(session, row, at)
        return sum(chat.does(verification.answer, reference, f"{each:08}") for each in range(tries))

    with ThreadPoolExecutor(connections) as pool:
        passed = sum(pool.map(guess, range(guesses // tries)))
    with owner.database.transaction() as session:
        live = {
            verification.reference(row)
            for row in session.scalars(select(Challenge).where(Challenge.armed_at.is_not(None)))
        }
    for each in processes[1:]:
        each.close()
    against_live = sum(compared[each] for each in live)
    chance = against_live / 10**rules.CODE_DIGITS
    measured(
        "guessing codes",
        f"{owner.database.url.get_backend_name()}: {guesses} guesses on {connections} connections: at most"
        f" {max(compared.values())} compared for a code, {against_live} with a live one, chance {chance:.1e} a day",
    )
    assert passed == 0
    assert max(compared.values()) <= rules.CODE_TRIES
    assert 0 < against_live <= 25
    assert chance <= 2.5e-7
