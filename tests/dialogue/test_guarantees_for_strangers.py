"""The guarantees S1, a stranger learns nothing, and S5, nobody is flooded and nobody is locked out."""

import re
import shutil
from pathlib import Path

import pytest
from sqlalchemy import event

from bot.delivery.post import MailRefused
from core import links, rules
from core.refusals import LinkRefused
from core.tables import AccountRequest, Ticket
from tests.asking import MAIL_A_CODE, PERSON, RECOVER, RESET
from tests.world import Characters, Chat, Press, Said, Wait, World, converse, heard


class WatchedChat(Chat):
    """A chat whose every statement is noted; those of the worker, who may look accounts up, are not."""

    def __init__(self, world: World) -> None:
        super().__init__(world)
        self.database = world.database()
        self.conversations = world.conversations(self.database)
        self.statements: list[str] = []
        event.listen(self.database.engine, "before_cursor_execute", self._note)

    async def says(self, said: Said) -> str:
        """Say something, once, and return what is heard and how it came about."""
        if isinstance(said, Wait):
            return await super().says(said)
        begun = len(self.statements)
        delivery = self.conversations.receive(self._incoming(said))
        assert delivery is not None
        self._hear(delivery)
        self.conversations.sent(delivery)
        return "\n".join([heard(delivery.replies), *self.statements[begun:]])

    def _note(self, _c: object, _d: object, sql: str, _p: object, _x: object, _m: object) -> None:
        self.statements.append(sql)


STRANGERS = {
    "active": ("dana@example.org", "danalee1"),
    "awaiting activation": ("omar@example.org", "omarwash"),
    "lapsed": ("lucia@example.org", "luciafarm"),
    "bouncing": ("dana@example.org", "danalee1"),
    "nobody": ("anna@example.org", "annalee1"),
}


def neutral(text: str, typed: str) -> str:
    """Return what was heard, without what the person typed."""
    return re.sub(r"\w+\*+\w*@example\.org", "<masked>", text.replace(typed, "<typed>"))


async def talk(chat: WatchedChat, action: str, identifier: str) -> list[str]:
    """Ask for an action in every way there is, and too often; return what is heard and how each turn came about."""
    said: list[Said] = [
        action,
        identifier,
        Characters(wrong=True),
        MAIL_A_CODE,
        *["1234 5678"] * (rules.CODE_TRIES + 1),
    ]
    said += [Press("New picture"), Characters(), "/status", action, identifier, "back", identifier, Characters()]
    said += [Wait(rules.RECOVERY_MAIL_MINUTES), Press("No. Where should I look?"), Press("Send it again")]
    said += [Characters(), "it came"]
    for _ in range(rules.CHAT_REQUESTS_AN_HOUR - 2):  # three were asked for above, and the last is too many
        said += [action, identifier, Characters()]
    return [neutral(await chat.says(each), identifier) for each in said]


@pytest.mark.parametrize(
    ("action", "named_by"),
    [
        ("recover my username", "address"),
        ("reset my password", "address"),
        ("reset my password", "username"),
        ("resend my activation email", "address"),
        ("resend my activation email", "username"),
    ],
)
async def test_s1_words_buttons_counts_limits_and_work_are_the_same_whoever_the_account_is(
    populated: Path, tmp_path: Path, action: str, named_by: str
) -> None:
    talks = {}
    for state, (address, username) in STRANGERS.items():
        folder = tmp_path / state
        folder.mkdir()
        shutil.copy(populated, folder / "world.db")
        chat = WatchedChat(World(folder))
        if state == "bouncing":
            chat.world.letterbox.refusal = MailRefused("SMTP [550]", permanent=True)
        talks[state] = await talk(chat, action, address if named_by == "address" else username)
        chat.database.close()
        assert not re.findall(r"\b(?:accounts|links)\b", "\n".join(chat.statements)), "a turn looked at accounts"
    everybody = list(talks.values())
    assert all("is on its way" in "".join(each) and "too often" in "".join(each) for each in everybody)
    for turns in zip(*everybody, strict=True):
        assert len(set(turns)) == 1, "\n---\n".join(sorted(set(turns)))


async def test_s5_a_mailbox_is_not_flooded_from_many_chats_and_nobody_is_told(world: World) -> None:
    spellings = ["dana@example.org", "DANA@EXAMPLE.ORG", "Dana@Example.org", "<dana@example.org>", "dana@example.org."]
    answers = set()
    for number in range(12):
        chat = Chat(world, chat=str(number), channel=("test", "telegram")[number % 2])
        await converse(chat, [RECOVER[0], (spellings[number % len(spellings)], "<characters>")])
        answer = await chat.says(Characters()) if number % 3 else await chat.says(MAIL_A_CODE)
        answers.add(re.sub(r"CERS-\w{4}", "<reference>", answer))
    assert len(answers) == 2
    assert [letter.to for letter in world.letterbox.letters] == ["dana@example.org"] * rules.MAILBOX_LETTERS_AN_HOUR


async def test_s5_a_strangers_requests_never_kill_the_owners_link_and_lock_nobody_out(world: World, chat: Chat) -> None:
    await converse(chat, [*RESET, (Characters(), "is on its way")])
    token = re.findall(r"/reset/(\S+)", world.letterbox.letters[-1].body)[0]
    for number in range(6):
        stranger = Chat(world, chat=f"stranger {number}")
        await converse(stranger, [*RESET, (Characters(wrong=True), ""), (Characters(), "is on its way")])
    database = world.database()
    with database.transaction() as session:
        assert links.use_to_reset(session, world.keys, token, "a hash", world.now).changed
    with pytest.raises(LinkRefused), database.transaction() as session:
        links.look(session, world.keys, "reset", token, world.now)
    database.close()


async def test_s5_whoever_spent_every_budget_still_gets_answers_and_a_person(world: World, chat: Chat) -> None:
    for _ in range(rules.CHAT_REQUESTS_AN_HOUR):
        await converse(chat, [*RESET, (Characters(), "is on its way")])
    await converse(chat, [*RESET, (Characters(), ("too often", "Talk to a person"))])
    await converse(chat, [("how long is the activation link valid?", "30 days")])
    await converse(chat, [*PERSON, (Press("Send it"), "A person answers by")])
    assert len(world.rows(Ticket)) == 1
    assert len(world.rows(AccountRequest)) == rules.CHAT_REQUESTS_AN_HOUR
    world.later(60)
    await converse(chat, [*RESET, (Characters(), "is on its way")])
