"""Verification: what passes, for how long, how often, and for whom (G4)."""

from dataclasses import replace
from datetime import datetime, timedelta

import pytest
from sqlalchemy import select

from core import rules, verification
from core.context import Context
from core.database import Database
from core.keys import Keys
from core.refusals import BudgetSpent, ProofRefused
from core.tables import AccountRequest, Challenge
from core.verification import Kind, Proof
from tests.chats import CoreChat

MINUTE = timedelta(minutes=1)
SECOND = timedelta(seconds=1)
PURPOSE = "reset_password"
ADDRESS = "dana@example.org"
KINDS: tuple[Kind, ...] = ("characters", "spoken", "code")


@pytest.fixture
def chat(database: Database, keys: Keys, now: datetime) -> CoreChat:
    """Return a chat with nothing verified."""
    return CoreChat(database, keys, now)


def issued(chat: CoreChat, kind: Kind, purpose: str = PURPOSE, identifier: str = ADDRESS, *, sent: bool = True) -> str:
    """Return a new challenge; a code's letter is accepted at once, where it is sent at all."""
    with chat.turn() as context:
        challenge = verification.issue(context, kind, purpose, identifier)
        if sent:
            verification.arm(context.session, verification.row_of(challenge), context.now)
        return challenge


def right(chat: CoreChat, kind: Kind, challenge: str) -> str:
    """Return what has to be typed."""
    return verification.shown(chat.keys, kind, challenge)


def passes(chat: CoreChat, challenge: str, typed: str) -> bool:
    """Return whether what was typed passes."""
    return chat.does(verification.answer, challenge, typed)


def proof(chat: CoreChat, kind: Kind = "characters") -> Proof:
    """Return the proof of a challenge that was passed."""
    challenge = issued(chat, kind)
    assert passes(chat, challenge, right(chat, kind, challenge))
    return Proof(challenge, kind, "proof")


def is_good(chat: CoreChat, proof: Proof, purpose: str = PURPOSE, identifier: str = ADDRESS) -> bool:
    """Return whether the proof is accepted for one action."""
    try:
        chat.does(verification.consume, proof, purpose, identifier)
    except ProofRefused:
        return False
    return True


@pytest.mark.parametrize("kind", KINDS)
def test_what_is_shown_passes_once_and_is_good_for_one_action(chat: CoreChat, kind: Kind) -> None:
    challenge = issued(chat, kind)
    shown = right(chat, kind, challenge)
    assert passes(chat, challenge, shown)
    assert not passes(chat, challenge, shown)
    assert is_good(chat, Proof(challenge, kind, "proof"))
    assert not is_good(chat, Proof(challenge, kind, "proof"))


@pytest.mark.parametrize(
    "way",
    [
        str.lower,
        " ".join,
        "-".join,
        lambda shown: f"  {shown}.\n",
        lambda shown: "".join(chr(ord(each) + 0xFEE0) for each in shown),
    ],
    ids=["small letters", "spaces", "dashes", "sentence", "full width"],
)
def test_how_it_is_typed_makes_no_difference(chat: CoreChat, way: object) -> None:
    assert callable(way)
    for kind in KINDS:
        challenge = issued(chat, kind)
        assert passes(chat, challenge, way(right(chat, kind, challenge)))


def test_what_is_shown_has_the_length_that_is_asked_for(chat: CoreChat) -> None:
    assert [len(right(chat, kind, "1")) for kind in KINDS] == [
        rules.CHARACTERS_LENGTH,
        rules.CHARACTERS_LENGTH,
        rules.CODE_DIGITS,
    ]
    assert len({right(chat, kind, str(number)) for kind in KINDS for number in range(1, 200)}) > 590


@pytest.mark.parametrize("kind", ["characters", "spoken"])
def test_characters_have_one_try(chat: CoreChat, kind: Kind) -> None:
    challenge = issued(chat, kind)
    assert not passes(chat, challenge, "wrong")
    assert not passes(chat, challenge, right(chat, kind, challenge))


def test_g4_a_code_has_five_tries(chat: CoreChat) -> None:
    fifth, sixth = issued(chat, "code", "a"), issued(chat, "code", "b")
    for challenge, tries in ((fifth, rules.CODE_TRIES - 1), (sixth, rules.CODE_TRIES)):
        assert not any(passes(chat, challenge, "00000000") for _ in range(tries))
    assert passes(chat, fifth, right(chat, "code", fifth))
    assert not passes(chat, sixth, right(chat, "code", sixth))


@pytest.mark.parametrize("kind", ["characters", "spoken"])
def test_characters_live_ten_minutes(chat: CoreChat, kind: Kind) -> None:
    for age, alive in ((10 * MINUTE - SECOND, True), (10 * MINUTE, False)):
        challenge = issued(chat, kind)
        assert passes(chat.later(age), challenge, right(chat, kind, challenge)) is alive


def test_g4_a_code_is_dead_until_smtp_took_its_letter_and_then_lives_ten_minutes(chat: CoreChat) -> None:
    hour = chat.later(timedelta(hours=1))
    for age, alive in ((10 * MINUTE - SECOND, True), (10 * MINUTE, False)):
        challenge = issued(chat, "code", sent=False)
        code = right(chat, "code", challenge)
        assert not passes(chat, challenge, code)
        with hour.turn() as context:
            verification.arm(context.session, verification.row_of(challenge), context.now)
        assert passes(hour.later(age), challenge, code) is alive


def test_a_letter_that_went_out_twice_does_not_make_its_code_live_longer(chat: CoreChat) -> None:
    challenge = issued(chat, "code")
    with chat.turn(9 * MINUTE) as context:
        verification.arm(context.session, verification.row_of(challenge), context.now)
    assert not passes(chat.later(10 * MINUTE), challenge, right(chat, "code", challenge))


@pytest.mark.parametrize("newer", KINDS)
@pytest.mark.parametrize("older", KINDS)
def test_a_newer_challenge_ends_the_older_ones_of_its_chat_and_purpose(
    chat: CoreChat, older: Kind, newer: Kind
) -> None:
    neighbour = replace(chat, chat="18")
    ended, other_purpose, other_chat = issued(chat, older), issued(chat, older, "person"), issued(neighbour, older)
    live = issued(chat, newer)
    assert not passes(chat, ended, right(chat, older, ended))
    assert passes(chat, live, right(chat, newer, live))
    assert passes(chat, other_purpose, right(chat, older, other_purpose))
    assert passes(neighbour, other_chat, right(chat, older, other_chat))


def test_g4_another_chat_cannot_answer_nor_spend_the_owners_tries(chat: CoreChat) -> None:
    thief = replace(chat, chat="thief")
    challenge = issued(chat, "code")
    code = right(chat, "code", challenge)
    assert not any(passes(thief, challenge, typed) for typed in [code, *["00000000"] * rules.CODE_TRIES])
    assert passes(chat, challenge, code)


@pytest.mark.parametrize("challenge", ["0.0.x", "-1.0.x", "999999.0.x"])
def test_a_challenge_that_never_was_is_refused_like_a_wrong_answer(chat: CoreChat, challenge: str) -> None:
    assert not passes(chat, challenge, right(chat, "code", challenge))


def test_g4_a_proof_is_bound_to_its_chat_purpose_identifier_and_kind(chat: CoreChat) -> None:
    given = proof(chat)
    assert not is_good(replace(chat, chat="18"), given)
    assert not is_good(chat, given, purpose="recover_username")
    assert not is_good(chat, given, identifier="omar@example.org")
    assert not is_good(chat, replace(given, kind="code"))
    assert not is_good(chat, replace(given, challenge=f"{verification.row_of(given.challenge) + 1}.0.x"))
    assert is_good(chat, given, identifier=ADDRESS.upper())


def test_nothing_is_proved_before_it_is_answered(chat: CoreChat) -> None:
    challenge = issued(chat, "characters")
    assert not is_good(chat, Proof(challenge, "characters", "proof"))
    assert not passes(chat, challenge, "wrong")
    assert not is_good(chat, Proof(challenge, "characters", "proof"))


def test_a_proof_is_good_for_fifteen_minutes(chat: CoreChat) -> None:
    assert is_good(chat.later(15 * MINUTE - SECOND), proof(chat))
    assert not is_good(chat.later(15 * MINUTE), proof(chat))


def test_a_code_is_asked_for_by_a_request_row_and_characters_are_not(chat: CoreChat) -> None:
    challenges = {kind: issued(chat, kind, sent=False) for kind in KINDS}
    with chat.turn() as context:
        (request,) = context.session.scalars(select(AccountRequest))
        mailed = context.session.get_one(Challenge, verification.row_of(challenges["code"]))
    assert (request.kind, request.identifier, request.proved_by) == ("send_code", ADDRESS, "nothing")
    assert request.challenge_id == verification.row_of(challenges["code"])
    assert (mailed.armed_at, mailed.expires_at) == (None, None)


def test_the_row_of_a_challenge_holds_neither_the_identifier_nor_what_is_to_be_typed(chat: CoreChat) -> None:
    challenge = issued(chat, "code")
    with chat.turn() as context:
        row = context.session.get_one(Challenge, verification.row_of(challenge))
        kept = " ".join(str(getattr(row, column.key)) for column in Challenge.__table__.columns)
    assert ADDRESS not in kept
    assert right(chat, "code", challenge) not in kept


def test_s5_a_chat_gets_thirty_challenges_an_hour(chat: CoreChat) -> None:
    def ask(context: Context) -> str:
        return verification.issue(context, "characters", PURPOSE, ADDRESS)

    for _ in range(rules.CHAT_CHALLENGES_AN_HOUR):
        chat.does(ask)
    with pytest.raises(BudgetSpent) as spent:
        chat.does(ask)
    assert spent.value.fields == {"minutes": 60}
    replace(chat, chat="18").does(ask)
    chat.later(timedelta(hours=1)).does(ask)
