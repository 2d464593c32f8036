"""G4: who steals the database, a backup or the logs gets nothing that lives; what was used or is over is nothing."""

import logging
from datetime import timedelta
from pathlib import Path

import pytest

from bot.operations.backups import back_up
from core import inbox, letters, links, recovery, rules, staff, staff_sessions, verification
from core.database import Database
from core.inbox import Arrival
from core.keys import Keys
from core.letters import Letter, Secret
from core.recovery import RECOVER_USERNAME, RESET_PASSWORD
from core.refusals import LinkRefused, ProofRefused
from core.verification import Proof
from tests.asking import MAIL_A_CODE
from tests.chats import CoreChat
from tests.databases import ON_BOTH
from tests.people import mailed_link, register
from tests.security.crowd import Crowd
from tests.security.figures import Measured
from tests.stored import stored
from tests.world import World

SECOND = timedelta(seconds=1)


def planted(database: Database, keys: Keys, world: World, number: int) -> list[str]:
    """Make as many live secrets as are asked for, of every kind; return them."""
    account = register(database, world.now, active=True)
    newcomer = register(database, world.now, "newcomer")
    secrets: list[str] = []
    for each in range(number // 5):
        secrets.append(mailed_link(database, keys, account, "reset", world.now).partition("-")[2])
        secrets.append(mailed_link(database, keys, newcomer, "activate", world.now).partition("-")[2])
        chat = CoreChat(database, keys, world.now, f"chat {each}")
        with chat.turn() as context:
            code = verification.issue(context, "code", RESET_PASSWORD, "anngause@example.org")
            row = verification.row_of(code)
            verification.arm(context.session, row, context.now)
            letter = Letter("verification_code", account.email, "en", {}, Secret("code", row, code), account.id)
            letters.owe(context.session, letter, world.now)
        secrets.append(verification.shown(keys, "code", code))
        with database.transaction() as session:
            typed = f"my password is Kept{each:04}word"
            inbox.accept(session, keys, [Arrival("test", str(each), "17", typed.encode())], world.now)
            secrets.append(f"Kept{each:04}word")
            member = staff.add(session, world.now, f"Staff {each}")
            secrets.append(staff_sessions.begin(session, member.id, world.now))
            secrets.append(staff.password_link(session, keys, world.now, member.name).partition("-")[2])
    return secrets


@ON_BOTH
@pytest.mark.parametrize("number", [100, pytest.param(1000, marks=pytest.mark.prove)])
async def test_g4_of_a_thousand_live_secrets_none_is_in_database_log_outbox_backup_or_logs(
    world: World, tmp_path: Path, caplog: pytest.LogCaptureFixture, measured: Measured, number: int
) -> None:
    caplog.set_level(logging.DEBUG)
    caplog.handler.setLevel(logging.DEBUG)
    database = world.database()
    secrets = planted(database, world.keys, world, number)
    places = {}
    if database.file:
        back_up(database, tmp_path / "backup.db")
        places["backup"] = (tmp_path / "backup.db").read_bytes()
        places["write-ahead log"] = (tmp_path / "world.db-wal").read_bytes()
    places["database"] = stored(database)
    await world.work()
    places["database after delivery"] = stored(world.database())
    places["logs"] = caplog.text.encode()
    assert b"verification_code" in places["database"]
    assert world.letterbox.letters
    found = {place: sum(secret.encode() in held for secret in secrets) for place, held in places.items()}
    kind = database.url.get_backend_name()
    total, everywhere = sum(found.values()), ", ".join(found)
    measured("database theft", f"{kind}: {total} of {len(secrets)} live secrets in {everywhere}")
    assert len(set(secrets)) == len(secrets) >= number
    assert not any(found.values()), found


@ON_BOTH
def test_g4_used_expired_superseded_misdirected_and_borrowed_codes_are_refused_alike_and_cost_the_owner_nothing(
    world: World, measured: Measured
) -> None:
    database = world.database()
    owner = CoreChat(database, world.keys, world.now, "owner")
    thief = CoreChat(database, world.keys, world.now, "thief")
    refused = 0

    def code(chat: CoreChat = owner, purpose: str = RESET_PASSWORD) -> tuple[str, str]:
        with chat.turn() as context:
            made = verification.issue(context, "code", purpose, "dana@example.org")
            verification.arm(context.session, verification.row_of(made), context.now)
        return made, verification.shown(world.keys, "code", made)

    def passes(chat: CoreChat, challenge: str, typed: str) -> bool:
        nonlocal refused
        passed = chat.does(verification.answer, challenge, typed)
        refused += not passed
        return passed

    used, typed = code()
    assert passes(owner, used, typed)
    assert not passes(owner, used, typed)
    late, typed = code()
    assert not passes(owner.later(timedelta(minutes=rules.CODE_MINUTES)), late, typed)
    assert passes(owner.later(timedelta(minutes=rules.CODE_MINUTES) - SECOND), late, typed)
    older, typed = code()
    newer, right = code()
    assert not passes(owner, older, typed)
    for _ in range(rules.CODE_TRIES + 1):
        assert not passes(thief, newer, right)
    assert passes(owner, newer, right), "a stranger's tries used up the owner's"
    for purpose, identifier, chat in (
        (RECOVER_USERNAME, "dana@example.org", owner),
        (RESET_PASSWORD, "omar@example.org", owner),
        (RESET_PASSWORD, "dana@example.org", thief),
    ):
        with pytest.raises(ProofRefused):
            chat.does(verification.consume, Proof(newer, "code", "proof"), purpose, identifier)
        refused += 1
    owner.does(recovery.start_reset, "dana@example.org", Proof(newer, "code", "proof"))
    with pytest.raises(ProofRefused):
        owner.does(recovery.start_reset, "dana@example.org", Proof(newer, "code", "proof"))
    measured("replay", f"{database.url.get_backend_name()}: 0 of {refused + 1} replayed codes and proofs accepted")


@ON_BOTH
def test_g4_used_expired_and_misdirected_links_are_refused_alike(world: World, measured: Measured) -> None:
    database, keys = world.database(), world.keys
    account = register(database, world.now, active=True)
    minutes = timedelta(minutes=rules.RESET_LINK_MINUTES)
    first, second, third = (mailed_link(database, keys, account, "reset", world.now) for _ in range(3))

    words: set[tuple[str, str]] = set()

    def uses(token: str, after: timedelta = timedelta()) -> bool:
        with database.transaction() as session:
            try:
                return links.use_to_reset(session, keys, token, "a hash", world.now + after).changed
            except LinkRefused as refusal:
                words.add((refusal.phrase, str(refusal.fields)))
                return False

    activation = mailed_link(database, keys, account, "activate", world.now)
    assert not uses(activation)
    assert not uses(first, minutes)
    assert uses(second, minutes - SECOND)
    attempts = [first, second, third, activation, second[:-1], f"{second}x", second.swapcase(), "", "1-", "-"]
    assert [uses(token) for token in attempts] == [False] * len(attempts)
    assert len(words) == 1
    measured("replay", f"{database.url.get_backend_name()}: 0 of {len(attempts) + 2} replayed links accepted")


async def test_g4_wrong_late_and_unknown_codes_are_answered_in_the_same_words(world: World) -> None:
    crowd = Crowd(world, {"known": "dana@example.org", "unknown": "nobo@example.org"})
    for said in ("recover my username", "<identifier>", MAIL_A_CODE):
        await crowd.says(said)
    code = next(mail for mail in world.letterbox.letters if mail.subject == "Your code")
    digits = next(line for line in code.body.splitlines() if line.isdigit())
    answers = list((await crowd.says("12345678")).values())
    world.later(rules.CODE_MINUTES)
    answers += (await crowd.says(digits)).values()
    crowd.close()
    assert len(set(answers)) == 1, answers
