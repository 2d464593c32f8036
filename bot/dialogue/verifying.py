"""Verifying a person in a flow: characters in a picture, spoken ones, or a mailed code, all for the same proof."""

from itertools import count
from typing import TYPE_CHECKING, Final

from bot.dialogue.messages import Picture
from bot.dialogue.questions import Typed
from core import rules, verification
from core.references import reference
from core.verification import Kind, Proof

if TYPE_CHECKING:
    from bot.dialogue.talk import Talk

PASSED: Final = "passed"
MISSED: Final = "missed"
WAYS: Final[dict[str, Kind]] = {"characters": "characters", "spoken": "spoken", "code": "code"}
OPTIONS: Final[dict[Kind, tuple[str, ...]]] = {
    "characters": ("fresh_characters", "spoken", "code"),
    "spoken": ("fresh_spoken", "characters", "code"),
    "code": ("fresh_code", "characters"),
}


def verify_person(talk: "Talk", key: str, purpose: str, identifier: str) -> Proof:
    """Return the proof that a person is asking: bound to this chat, `purpose` and `identifier`, good once (G4)."""
    kind: Kind = "characters"
    challenge, misses = "", 0
    for step in count(1):
        if not challenge:
            challenge, misses = talk.prepare(f"{key}.{step}.issue", verification.issue, kind, purpose, identifier), 0
        outcome = _tried(talk, f"{key}.{step}", kind, challenge, f"ask_{kind}_again" if misses else f"ask_{kind}")
        if outcome == PASSED:
            break
        if outcome == MISSED:
            misses += 1
            is_used_up = kind == "code" and misses == rules.CODE_TRIES
            talk.say_phrase(f"{key}.{step}.missed", "code_used_up" if is_used_up else "verification_missed")
        if outcome != MISSED or kind != "code" or misses == rules.CODE_TRIES:
            kind = WAYS.get(outcome, "characters" if outcome == MISSED else kind)
            challenge = ""
    return Proof(challenge, kind, key)


def _tried(talk: "Talk", key: str, kind: Kind, challenge: str, asked: str) -> str:
    length = rules.CODE_DIGITS if kind == "code" else rules.CHARACTERS_LENGTH
    question = Typed(OPTIONS[kind], length=length, digits=kind != "characters", wrong_shape=f"not_{kind}")
    picture = None if kind == "code" else Picture(kind, challenge)

    def right(typed: str) -> bool:
        return verification.answer(talk.context, challenge, typed)

    letter = (
        {"reference": reference(talk.context.keys, "code", verification.row_of(challenge))} if kind == "code" else {}
    )
    return talk.check(key, question, talk.phrase(asked, **letter), right, picture)
