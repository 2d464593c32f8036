"""Verification: characters in a picture say that a person asks, a mailed code says that the mailbox's owner asks (G4).

    issue              answer: right       consume: one action
    ──────► waiting ───────────────► passed ─────────────► consumed
             │   ▲
             └───┘ answer: wrong (counted first)

A challenge ends unanswered when its tries or its time are over, or when a newer one of the same chat and purpose
replaces it. A code waits unarmed until SMTP has taken its letter; unarmed, unknown, wrong and late are refused alike.
"""

import hmac
import unicodedata
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Literal, cast

from sqlalchemy import select, update
from sqlalchemy.orm import Session

from core import limits, rules, tracing
from core.context import Context
from core.keys import Keys
from core.refusals import ProofRefused
from core.tables import AccountRequest, Challenge

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)

Kind = Literal["characters", "spoken", "code", "continuation"]
SEND_CODE = "send_code"  # what the worker is asked for with a code


@dataclass(frozen=True, slots=True)
class Proof:
    """A challenge that was passed in this chat, good for one action on one identifier; `key` is its journal key."""

    challenge: str
    kind: Kind
    key: str


@dataclass(frozen=True, slots=True)
class Standing:
    """The challenge of a chat and purpose that a form asks for, or that was passed and is still to be used."""

    challenge: str
    kind: Kind
    is_passed: bool


def standing(context: Context, purpose: str) -> Standing | None:
    """Return where the verification of this chat and purpose stands; None: a new challenge is to be issued.

    A mailed code is asked for CODE_SHOWN_MINUTES, be it alive, over or never mailed: which it is, is not for a stranger
    (S1).
    """
    row = context.session.scalars(
        select(Challenge)
        .where(
            Challenge.conversation_id == context.conversation,
            Challenge.purpose == purpose,
            Challenge.superseded_at.is_(None),
            Challenge.consumed_at.is_(None),
        )
        .order_by(Challenge.id.desc())
        .limit(1)
    ).one_or_none()
    if row is None:
        return None
    if row.passed_at is not None:
        is_good = row.passed_at > context.now - timedelta(minutes=rules.PROOF_MINUTES)
        return Standing(reference(row), cast(Kind, row.kind), is_passed=True) if is_good else None
    if row.kind == "code":
        is_over = row.created_at <= context.now - timedelta(minutes=rules.CODE_SHOWN_MINUTES)
    else:
        is_over = row.expires_at is None or row.expires_at <= context.now
    is_open = row.tries_left > 0 and not is_over
    return Standing(reference(row), cast(Kind, row.kind), is_passed=False) if is_open else None


def bind(context: Context, challenge: str, purpose: str, identifier: str) -> None:
    """Let characters that were shown before anything was typed prove for this identifier, and for no other again.

    A form has both in it. A mailed code is bound to its mailbox from the beginning, and stays so.
    """
    context.session.execute(
        update(Challenge)
        .where(
            Challenge.id == row_of(challenge),
            Challenge.kind != "code",
            Challenge.conversation_id == context.conversation,
            Challenge.purpose == purpose,
            Challenge.identifier_mac.in_([_identifier_mac(each, "") for each in context.keys.live]),
            Challenge.consumed_at.is_(None),
        )
        .values(identifier_mac=_identifier_mac(context.keys, identifier))
    )


def issue(context: Context, kind: Kind, purpose: str, identifier: str) -> str:
    """Make a challenge that replaces the older ones of this chat and purpose; return its reference.

    A code is only requested here: the worker, which alone looks accounts up, mails it (S1).
    BudgetSpent when this chat has had too many.
    """
    session, now = context.session, context.now
    limits.spend(session, context.keys, limits.CHAT_CHALLENGES, context.conversation, now)
    session.execute(
        update(Challenge)
        .where(
            Challenge.conversation_id == context.conversation,
            Challenge.purpose == purpose,
            Challenge.superseded_at.is_(None),
        )
        .values(superseded_at=now)
    )
    mailed = kind == "code"
    minutes = rules.CONTINUE_MINUTES if kind == "continuation" else rules.CHARACTERS_MINUTES
    challenge = Challenge(
        kind=kind,
        purpose=purpose,
        conversation_id=context.conversation,
        identifier_mac=_identifier_mac(context.keys, identifier),
        key_mark=context.keys.mark,
        created_at=now,
        armed_at=None if mailed else now,
        expires_at=None if mailed else now + timedelta(minutes=minutes),
        tries_left=rules.CODE_TRIES if mailed else rules.CHARACTERS_TRIES,
    )
    session.add(challenge)
    session.flush()
    if mailed:
        session.add(
            AccountRequest(
                kind=SEND_CODE,
                identifier=identifier,
                proved_by="nothing",
                conversation_id=context.conversation,
                challenge_id=challenge.id,
                created_at=now,
                trace=tracing.current(),
            )
        )
    return reference(challenge)


def arm(session: Session, row: int, now: datetime) -> None:
    """Start the time of a code: SMTP has taken its letter. A repeated letter does not start it anew."""
    session.execute(
        update(Challenge)
        .where(Challenge.id == row, Challenge.armed_at.is_(None))
        .values(armed_at=now, expires_at=now + timedelta(minutes=rules.CODE_MINUTES))
    )


def answer(context: Context, challenge: str, typed: str) -> bool:
    """Return whether `typed` is right: counted first, then compared, then marked as passed."""
    session, now = context.session, context.now
    row = session.execute(
        update(Challenge)
        .where(
            Challenge.id == row_of(challenge),
            Challenge.conversation_id == context.conversation,
            Challenge.superseded_at.is_(None),
            Challenge.passed_at.is_(None),
            Challenge.tries_left > 0,
        )
        .values(tries_left=Challenge.tries_left - 1)
        .returning(Challenge)
        .execution_options(synchronize_session=False, populate_existing=True)
    ).scalar_one_or_none()
    if row is None:
        return False
    right = hmac.compare_digest(shown(context.keys, row.kind, reference(row)).encode(), plain(typed).encode())
    if not (right and row.armed_at is not None and row.expires_at is not None):
        return False
    if not row.armed_at - timedelta(seconds=rules.CLOCK_SLACK_SECONDS) <= now < row.expires_at:
        return False
    session.execute(update(Challenge).where(Challenge.id == row.id).values(passed_at=now))
    return True


def consume(context: Context, proof: Proof, purpose: str, identifier: str) -> None:
    """Use the proof up, for this action on this identifier in this chat; ProofRefused when it is not good for that."""
    used = context.session.scalars(
        update(Challenge)
        .where(
            Challenge.id == row_of(proof.challenge),
            Challenge.kind == proof.kind,
            Challenge.conversation_id == context.conversation,
            Challenge.purpose == purpose,
            Challenge.identifier_mac.in_([_identifier_mac(each, identifier) for each in context.keys.live]),
            Challenge.passed_at > context.now - timedelta(minutes=rules.PROOF_MINUTES),
            Challenge.passed_at <= context.now + timedelta(seconds=rules.CLOCK_SLACK_SECONDS),
            Challenge.consumed_at.is_(None),
        )
        .values(consumed_at=context.now)
        .returning(Challenge.id)
    ).all()
    if not used:
        raise ProofRefused


def reference(challenge: Challenge) -> str:
    """Return what the secret of a challenge is derived from: its row, its moment and the mark of its key.

    The moment is part of it, so that a number that is given out again (a restored backup) brings nothing back; the key,
    so that a challenge outlives the day on which a new key comes into use.
    """
    return f"{challenge.id}.{(challenge.created_at - _EPOCH) // timedelta(microseconds=1)}.{challenge.key_mark}"


def row_of(challenge: str) -> int:
    """Return the row id in a challenge's reference."""
    return int(challenge.partition(".")[0])


def shown(keys: Keys, kind: str, challenge: str) -> str:
    """Return what has to be typed for a challenge, by its reference: shown in the picture, spoken, or mailed."""
    keys = keys.of(challenge.rpartition(".")[2])
    if kind == "characters":
        return keys.characters("characters", challenge, rules.CHARACTERS_LENGTH)
    if kind == "continuation":  # it says itself which challenge it is for, because it is typed in another chat
        characters = keys.characters(kind, challenge, rules.CONTINUE_LENGTH)
        return f"{row_of(challenge)}-{characters[:5]}-{characters[5:]}"
    return keys.digits(kind, challenge, rules.CODE_DIGITS if kind == "code" else rules.CHARACTERS_LENGTH)


def to_draw(context: Context, number: int) -> tuple[Kind, str] | None:
    """Return the kind and characters of a picture or sound that this chat may be given, by its row; None for others."""
    row = context.session.get(Challenge, number)
    if row is None or row.conversation_id != context.conversation or row.superseded_at or row.passed_at:
        return None
    return None if row.kind == "code" else (cast(Kind, row.kind), shown(context.keys, row.kind, reference(row)))


def plain(typed: str) -> str:
    """Return typed characters as they are compared: capitals and digits alone, full-width forms made plain."""
    return "".join(each for each in unicodedata.normalize("NFKC", typed).upper() if each.isalnum())


def _identifier_mac(keys: Keys, identifier: str) -> str:
    return keys.hidden("identifier", identifier.casefold())
