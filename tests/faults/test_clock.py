"""The clock, an hour forward and back: no code, link or proof lives longer, no budget begins anew, nothing is lost."""

import re
from datetime import timedelta

import pytest

from bot.dialogue.conversation import Conversations
from bot.dialogue.messages import Incoming
from core import links, recovery, rules, verification
from core.links import RESET
from core.recovery import RECOVER_USERNAME
from core.refusals import LinkRefused, ProofRefused
from core.verification import Proof
from tests.asking import MAIL_A_CODE, RECOVER
from tests.asking import RESET as ASK_RESET
from tests.chats import CoreChat
from tests.databases import PROVED_ON_BOTH
from tests.delivery.stand_ins import owe
from tests.world import Characters, Chat, MailedCode, World, converse, library

pytestmark = PROVED_ON_BOTH
HOUR = 60


def opens(world: World, token: str) -> bool:
    """Return whether a reset link works now."""
    try:
        with world.database().transaction() as session:
            links.look(session, world.keys, RESET, token, world.now)
    except LinkRefused:
        return False
    return True


async def test_a_code_that_was_over_while_the_clock_was_ahead_is_no_older_or_younger_afterwards(world: World) -> None:
    chat = Chat(world)
    await converse(chat, [*RECOVER, (MAIL_A_CODE, "8 digits")])
    world.later(HOUR)
    await converse(chat, [(MailedCode(), "did not match")])
    world.later(-HOUR)
    world.later(rules.CODE_MINUTES)
    await converse(chat, [(MailedCode(), "did not match")])


@pytest.mark.parametrize("minutes", [0, rules.CODE_MINUTES, HOUR - 2, HOUR + rules.CODE_MINUTES])
async def test_a_code_that_was_armed_while_the_clock_was_ahead_does_not_live_for_the_rest_of_the_hour(
    world: World, minutes: float
) -> None:
    chat = Chat(world)
    world.later(HOUR)
    await converse(chat, [*RECOVER, (MAIL_A_CODE, "8 digits")])
    world.later(minutes - HOUR)
    await converse(chat, [(MailedCode(), "did not match")])


async def test_a_link_that_was_armed_while_the_clock_was_ahead_does_not_live_for_the_rest_of_the_hour(
    world: World,
) -> None:
    world.later(HOUR)
    await converse(Chat(world), [*ASK_RESET, (Characters(), "is on its way")])
    (token,) = re.findall(r"/reset/(\S+)", world.letterbox.letters[-1].body)
    assert opens(world, token)
    world.later(-HOUR)
    assert not opens(world, token)


async def test_a_proof_that_was_passed_while_the_clock_was_ahead_is_asked_for_anew(world: World) -> None:
    chat = CoreChat(world.database(), world.keys, world.now)
    ahead = chat.later(timedelta(minutes=HOUR))
    number = ahead.does(verification.issue, "characters", RECOVER_USERNAME, "dana@example.org")
    assert ahead.does(verification.answer, number, verification.shown(world.keys, "characters", number))
    with pytest.raises(ProofRefused):
        chat.does(recovery.remind_username, "dana@example.org", Proof(number, "characters", "proof"))
    ahead.does(recovery.remind_username, "dana@example.org", Proof(number, "characters", "proof"))


async def test_a_link_that_was_over_while_the_clock_was_ahead_ends_when_it_said(world: World) -> None:
    chat = Chat(world)
    await converse(chat, [*ASK_RESET, (Characters(), "is on its way")])
    (token,) = re.findall(r"/reset/(\S+)", world.letterbox.letters[-1].body)
    world.later(HOUR)
    assert not opens(world, token)
    world.later(-HOUR)
    assert opens(world, token)
    world.later(rules.RESET_LINK_MINUTES)
    assert not opens(world, token)


@pytest.mark.parametrize("jump", [HOUR, -HOUR])
async def test_s5_a_mailbox_gets_no_more_than_its_day_however_the_clock_jumps(world: World, jump: int) -> None:
    for number in range(12):
        chat = Chat(world, str(number))
        world.later(jump if number % 2 else -jump)
        await converse(chat, [*RECOVER, (Characters(), "is on its way")])
    assert len(world.letterbox.letters) <= rules.MAILBOX_LETTERS_A_DAY


async def test_s5_a_budget_that_is_spent_stays_spent_when_the_clock_goes_back(world: World) -> None:
    for number in range(rules.MAILBOX_LETTERS_AN_HOUR):
        await converse(Chat(world, str(number)), [*RECOVER, (Characters(), "is on its way")])
    world.later(-HOUR)
    await converse(Chat(world, "late"), [*RECOVER, (Characters(), "is on its way")])
    assert len(world.letterbox.letters) == rules.MAILBOX_LETTERS_AN_HOUR


async def test_g5_a_chat_that_spoke_while_the_clock_was_ahead_is_answered_at_once(world: World) -> None:
    talk = Conversations(world.database(), world.keys, library, world.flows, world.clock, lambda: "stamp")
    for number, jump in enumerate((HOUR, -HOUR)):
        world.later(jump)
        delivery = talk.receive(Incoming("telegram", "17", str(number), "hello"))
        assert delivery is not None
        assert not delivery.waits
        talk.sent(delivery)


async def test_g2_a_letter_that_was_owed_while_the_clock_was_ahead_leaves_by_its_deadline(world: World) -> None:
    world.later(HOUR)
    owe(world)
    world.later(-HOUR)
    for _ in range(HOUR + 1):
        await world.work()
        world.later(1)
    assert len(world.letterbox.letters) == 1
