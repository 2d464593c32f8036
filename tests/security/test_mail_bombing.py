"""S5: no mailbox is flooded, however many ask from wherever and however they spell it, and nobody is locked out."""

import re
from datetime import timedelta

import pytest

from core import limits, links, recovery, resolution, rules, ticket_actions, tickets, verification
from core.context import Desk
from core.database import Database
from core.office_days import STATE_OFFICES
from core.refusals import LinkRefused
from core.tables import Owed, Ticket
from core.verification import Proof
from tests.asking import MAIL_A_CODE, PERSON, RECOVER, RESET
from tests.chats import CoreChat
from tests.security.figures import Measured
from tests.world import Characters, Chat, Press, World, converse

SPELLINGS = (
    "dana@example.org",
    "DANA@EXAMPLE.ORG",
    "Dana@Example.org",
    " dana@example.org ",
    "ｄａｎａ@example.org",
    "da\u200bna@example.org",
    "dana@EXAMPLE。org",
    "danalee1",
    "DANALEE1",
    "ＤＡＮＡＬＥＥ１",
)


def letters(database: Database) -> list[Owed]:
    """Return the letters that were owed so far."""
    with database.transaction() as session:
        return list(session.query(Owed).where(Owed.kind == "letter").order_by(Owed.id))


def ask(chat: CoreChat, kind: str, identifier: str) -> None:
    """Let a chat ask once, by a picture's characters or for a code, and the worker resolve it."""
    if kind == "code":
        chat.does(verification.issue, "code", recovery.RECOVER_USERNAME, identifier)
    else:
        challenge = chat.does(verification.issue, "characters", recovery.RESET_PASSWORD, identifier)
        assert chat.does(verification.answer, challenge, verification.shown(chat.keys, "characters", challenge))
        chat.does(recovery.start_reset, identifier, Proof(challenge, "characters", "proof"))
    with chat.database.transaction() as session:
        for each in resolution.waiting(session, chat.now):
            resolution.resolve(session, chat.keys, each.id, chat.now)


@pytest.mark.parametrize("requests", [120, pytest.param(1000, marks=pytest.mark.prove)])
def test_s5_a_thousand_requests_from_a_hundred_chats_bring_three_letters_an_hour_and_five_a_day(
    world: World, measured: Measured, requests: int
) -> None:
    database = world.database()
    day = timedelta(days=1)
    for number in range(requests):
        now = world.now + number * day / requests
        chat = CoreChat(database, world.keys, now, str(number % 100))
        ask(chat, ("code", "characters")[number % 2], SPELLINGS[number % len(SPELLINGS)])
    sent = [each.created_at for each in letters(database)]
    assert {each.payload["to"] for each in letters(database)} == {"dana@example.org"}
    hour = max(sum(first <= at < first + timedelta(hours=1) for at in sent) for first in sent)
    measured(
        "mail bombing",
        f"{requests} requests, {len(SPELLINGS)} spellings: {hour} letters in an hour, {len(sent)} in a day",
    )
    assert hour <= rules.MAILBOX_LETTERS_AN_HOUR
    assert len(sent) <= rules.MAILBOX_LETTERS_A_DAY


@pytest.mark.parametrize("requests", [20, pytest.param(1000, marks=pytest.mark.prove)])
def test_s5_within_one_hour_too(world: World, requests: int) -> None:
    database = world.database()
    for number in range(requests):
        chat = CoreChat(database, world.keys, world.now + timedelta(seconds=3 * number), str(number % 100))
        ask(chat, ("code", "characters")[number % 2], SPELLINGS[number % len(SPELLINGS)])
    assert len(letters(database)) == rules.MAILBOX_LETTERS_AN_HOUR


async def test_s5_the_asker_is_not_told_and_the_owners_proved_request_still_goes_out(world: World, chat: Chat) -> None:
    await converse(chat, [*RECOVER, (MAIL_A_CODE, "8 digits")])
    answers = set()
    for number in range(5):
        stranger = Chat(world, chat=str(number), channel=("test", "telegram")[number % 2])
        await converse(stranger, [RECOVER[0], (SPELLINGS[number % 3], "<characters>")])
        answers.add(re.sub(r"CERS-\w{4}", "<reference>", await stranger.says(Characters())))
    assert len(answers) == 1
    before = len(world.letterbox.letters)
    assert before == rules.MAILBOX_LETTERS_AN_HOUR
    code = next(mail for mail in world.letterbox.letters if mail.subject == "Your code")
    digits = next(line for line in code.body.splitlines() if line.isdigit())
    await converse(chat, [(digits, "is on its way")])
    assert [mail.subject for mail in world.letterbox.letters[before:]] == ["Your username"]


async def test_s5_with_every_limit_spent_the_earlier_link_and_the_help_desk_still_work(
    world: World, chat: Chat, measured: Measured
) -> None:
    await converse(chat, [*RESET, (Characters(), "is on its way")])
    token = re.findall(r"/reset/(\S+)", world.letterbox.letters[-1].body)[0]
    database = world.database()
    for number in range(8):
        ask(CoreChat(database, world.keys, world.now, f"stranger {number}"), "characters", "danalee1")
    with database.transaction() as session:
        for _ in range(rules.CHAT_REQUESTS_AN_HOUR - 1):
            limits.spend(session, world.keys, limits.CHAT_REQUESTS, 1, world.now)
    await converse(chat, [*RESET, (Characters(), ("too often", "Talk to a person"))])
    await converse(chat, [("how long is the activation link valid?", "30 days")])
    await converse(chat, [*PERSON, (Press("Send it"), "A person answers by")])
    assert len(world.rows(Ticket)) == 1
    with database.transaction() as session:
        assert links.use_to_reset(session, world.keys, token, "a hash", world.now).changed
    with pytest.raises(LinkRefused), database.transaction() as session:
        links.look(session, world.keys, "reset", token, world.now)
    before = len(world.letterbox.letters)
    with database.transaction() as session:
        desk = Desk(session, world.now, world.keys, None, STATE_OFFICES)
        ticket_actions.start(desk, world.rows(Ticket)[0].id, "reset_password", "danalee1")
    await world.work()
    measured("locking a victim out", "all limits spent: the earlier link, a ticket and what staff start still work")
    assert "Set a new password" in [mail.subject for mail in world.letterbox.letters[before:]]
    world.later(60)
    await converse(chat, [*RESET, (Characters(), "is on its way")])


def test_s5_what_staff_start_has_a_budget_too(world: World) -> None:
    database = world.database()
    with database.transaction() as session:
        ticket = tickets.open_for_service(session, "no", None, "en", world.now, STATE_OFFICES)
        for _ in range(rules.ACCOUNT_STAFF_LETTERS_A_DAY + 3):
            desk = Desk(session, world.now, world.keys, None, STATE_OFFICES)
            ticket_actions.start(desk, ticket, "reset_password", "danalee1")
    with database.transaction() as session:
        outcomes = [
            resolution.resolve(session, world.keys, each.id, world.now)
            for each in resolution.waiting(session, world.now)
        ]
    assert outcomes == ["password_reset"] * rules.ACCOUNT_STAFF_LETTERS_A_DAY + ["withheld"] * 3
