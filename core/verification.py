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
from datetime import datetime, timedelta
from typing import Literal, cast

from sqlalchemy import select, update
from sqlalchemy.orm import Session

from core import limits, rules, tracing
from core.context import Context
from core.keys import Keys
from core.refusals import ProofRefused
from core.tables import AccountRequest, Challenge

Kind = Literal["characters", "spoken", "code", "continuation"]
SEND_CODE = "send_code"  # what the worker is asked for with a code


@dataclass(frozen=True, slots=True)
class Proof:
    """A challenge that was passed in this chat, good for one action on one identifier; `key` is its journal key."""

    challenge: int
    kind: Kind
    key: str


@dataclass(frozen=True, slots=True)
class Standing:
    """The challenge of a chat and purpose that can be answered, or was passed and is still to be used."""

    challenge: int
    kind: Kind
    is_passed: bool


def standing(context: Context, purpose: str) -> Standing | None:
    """Return where the verification of this chat and purpose stands; None: a new challenge is to be issued."""
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
        return Standing(row.id, cast(Kind, row.kind), is_passed=True) if is_good else None
    is_open = row.tries_left > 0 and (row.expires_at is None or row.expires_at > context.now)
    return Standing(row.id, cast(Kind, row.kind), is_passed=False) if is_open else None


def bind(context: Context, challenge: int, purpose: str, identifier: str) -> None:
    """Let characters that were shown before anything was typed prove for this identifier, and for no other again.

    A form has both in it. A mailed code is bound to its mailbox from the beginning, and stays so.
    """
    context.session.execute(
        update(Challenge)
        .where(
            Challenge.id == challenge,
            Challenge.kind != "code",
            Challenge.conversation_id == context.conversation,
            Challenge.purpose == purpose,
            Challenge.identifier_mac == _identifier_mac(context.keys, ""),
            Challenge.consumed_at.is_(None),
        )
        .values(identifier_mac=_identifier_mac(context.keys, identifier))
    )


def issue(context: Context, kind: Kind, purpose: str, identifier: str) -> int:
    """Make a challenge that replaces the older ones of this chat and purpose; return its row id.

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
    return challenge.id


def arm(session: Session, challenge: int, now: datetime) -> None:
    """Start the time of a code: SMTP has taken its letter. A repeated letter does not start it anew."""
    session.execute(
        update(Challenge)
        .where(Challenge.id == challenge, Challenge.armed_at.is_(None))
        .values(armed_at=now, expires_at=now + timedelta(minutes=rules.CODE_MINUTES))
    )


def answer(context: Context, challenge: int, typed: str) -> bool:
    """Return whether `typed` is right: counted first, then compared, then marked as passed."""
    session, now = context.session, context.now
    row = session.execute(
        update(Challenge)
        .where(
            Challenge.id == challenge,
            Challenge.conversation_id == context.conversation,
            Challenge.superseded_at.is_(None),
            Challenge.passed_at.is_(None),
            Challenge.tries_left > 0,
        )
        .values(tries_left=Challenge.tries_left - 1)
        .returning(Challenge.kind, Challenge.armed_at, Challenge.expires_at)
    ).one_or_none()
    if row is None:
        return False
    right = hmac.compare_digest(shown(context.keys, row.kind, challenge).encode(), plain(typed).encode())
    if not (right and row.armed_at is not None and row.expires_at is not None):
        return False
    if not row.armed_at - timedelta(seconds=rules.CLOCK_SLACK_SECONDS) <= now < row.expires_at:
        return False
    session.execute(update(Challenge).where(Challenge.id == challenge).values(passed_at=now))
    return True


def consume(context: Context, proof: Proof, purpose: str, identifier: str) -> None:
    """Use the proof up, for this action on this identifier in this chat; ProofRefused when it is not good for that."""
    used = context.session.scalars(
        update(Challenge)
        .where(
            Challenge.id == proof.challenge,
            Challenge.kind == proof.kind,
            Challenge.conversation_id == context.conversation,
            Challenge.purpose == purpose,
            Challenge.identifier_mac == _identifier_mac(context.keys, identifier),
            Challenge.passed_at > context.now - timedelta(minutes=rules.PROOF_MINUTES),
            Challenge.passed_at <= context.now + timedelta(seconds=rules.CLOCK_SLACK_SECONDS),
            Challenge.consumed_at.is_(None),
        )
        .values(consumed_at=context.now)
        .returning(Challenge.id)
    ).all()
    if not used:
        raise ProofRefused


def shown(keys: Keys, kind: str, challenge: int) -> str:
    """Return what has to be typed for a challenge: shown in the picture, spoken, or mailed."""
    if kind == "characters":
        return keys.characters("characters", challenge, rules.CHARACTERS_LENGTH)
    if kind == "continuation":  # it says itself which challenge it is for, because it is typed in another chat
        characters = keys.characters(kind, challenge, rules.CONTINUE_LENGTH)
        return f"{challenge}-{characters[:5]}-{characters[5:]}"
    return keys.digits(kind, challenge, rules.CODE_DIGITS if kind == "code" else rules.CHARACTERS_LENGTH)


def to_draw(context: Context, challenge: int) -> tuple[Kind, str] | None:
    """Return the kind and characters of a picture or sound that this chat may be given; None for any other."""
    row = context.session.get(Challenge, challenge)
    if row is None or row.conversation_id != context.conversation or row.superseded_at or row.passed_at:
        return None
    return None if row.kind == "code" else (cast(Kind, row.kind), shown(context.keys, row.kind, challenge))


def plain(typed: str) -> str:
    """Return typed characters as they are compared: capitals and digits alone, full-width forms made plain."""
    return "".join(each for each in unicodedata.normalize("NFKC", typed).upper() if each.isalnum())


def _identifier_mac(keys: Keys, identifier: str) -> str:
    return keys.hidden("identifier", identifier.casefold())
