"""What the letters say depends on the account's true state; what the chat says never does (S1)."""

import itertools
import re

import pytest

from core import rules
from core.tables import AccountRequest, Message
from tests.databases import ON_BOTH
from tests.stored import stored
from tests.world import Characters, Chat, Heard, MailedCode, Press, Said, Wait, World, converse

RECOVER = ("recover my username", "What is the e-mail address")
RESET = ("reset my password", "What is your username, or the e-mail")
RESEND = ("resend my activation email", "What is your username, or the e-mail")
STATES = {
    "active": "dana@example.org",
    "waiting": "omar@example.org",
    "lapsed": "lucia@example.org",
    "none": "nobody@example.org",
}


@pytest.mark.parametrize(
    ("action", "state", "subject", "says"),
    [
        (RECOVER, "active", "Your username", "danalee1"),
        (RECOVER, "waiting", "Your username, and a link to activate your account", "/activate/"),
        (RECOVER, "lapsed", "Your registration has expired", "luciafarm"),
        (RECOVER, "none", "There is no account with this address", "nobody@example.org"),
        (RESET, "active", "Set a new password", "/reset/"),
        (RESET, "waiting", "Activate your account first", "/activate/"),
        (RESET, "lapsed", "Your registration has expired", "luciafarm"),
        (RESET, "none", "There is no account with this address", "nobody@example.org"),
        (RESEND, "active", "Your account is active already", "danalee1"),
        (RESEND, "waiting", "Activate your account", "/activate/"),
        (RESEND, "lapsed", "Your registration has expired", "luciafarm"),
        (RESEND, "none", "There is no account with this address", "nobody@example.org"),
    ],
)
async def test_the_letter_says_how_the_account_stands(
    world: World, chat: Chat, action: tuple[str, str], state: str, subject: str, says: str
) -> None:
    await converse(chat, [action, (STATES[state], "<characters>"), (Characters(), "is on its way")])
    (letter,) = world.letterbox.letters
    assert letter.to == STATES[state]
    assert letter.subject == subject
    assert says in letter.body


@ON_BOTH
async def test_an_unknown_username_gets_no_letter_and_the_same_words(world: World, chat: Chat) -> None:
    await converse(chat, [RESET, ("danalee1", "<characters>")])
    known = neutral(await chat.says(Characters()))
    await converse(chat, [("it came", "Good"), RESET, ("nosuchname1", "<characters>")])
    assert neutral(await chat.says(Characters())) == known
    assert len(world.letterbox.letters) == 1


def neutral(heard: str) -> str:
    """Return what was heard without what the person typed, and without the reference, which is another each time."""
    masked = re.sub(r"\S+\*\*\*\*\S*@example\.org", "<masked>", heard)
    return re.sub(r"CERS-\w{4}", "<reference>", masked)


@pytest.mark.parametrize("action", [RECOVER, RESET, RESEND], ids=lambda action: action[0])
async def test_s1_a_stranger_hears_the_same_whoever_the_account_is(world: World, action: tuple[str, str]) -> None:
    transcripts = {}
    for number, (state, address) in enumerate(STATES.items()):
        chat = Chat(world, chat=f"stranger {number}")
        heard = [await chat.says(action[0]), await chat.says(address)]
        heard.append(await chat.says(Press("Mail me a code instead")))
        heard += [await chat.says("1234 5678") for _ in range(rules.CODE_TRIES + 1)]
        heard.append(await chat.says(Press("New picture")))
        heard.append(await chat.says(Characters()))
        heard.append(await chat.says(Wait(rules.RECOVERY_MAIL_MINUTES)))
        heard.append(await chat.says(Press("No. Where should I look?")))
        heard.append(await chat.says(Press("Send it again")))
        heard += [await chat.says(Characters()), await chat.says("/status")]
        transcripts[state] = [neutral(each) for each in heard]
    for state, transcript in transcripts.items():
        for known, heard_here in itertools.zip_longest(transcripts["active"], transcript):
            assert known == heard_here, state


@ON_BOTH
async def test_s5_a_mailbox_gets_three_letters_an_hour_and_the_asker_is_not_told(world: World) -> None:
    heard = set()
    for number in range(5):
        chat = Chat(world, chat=f"chat {number}")
        await converse(chat, [RECOVER, ("dana@example.org", "<characters>")])
        heard.add(neutral(await chat.says(Characters())))
    assert len(heard) == 1
    assert len(world.letterbox.letters) == rules.MAILBOX_LETTERS_AN_HOUR
    assert [row.outcome for row in world.rows(AccountRequest)].count("withheld") == 2


async def test_s5_five_letters_a_day(world: World) -> None:
    for number in range(12):
        chat = Chat(world, chat=f"chat {number}")
        await converse(
            chat, [RECOVER, ("dana@example.org", "<characters>"), (Characters(), "is on its way"), (Wait(61), "come")]
        )
    assert len(world.letterbox.letters) == rules.MAILBOX_LETTERS_A_DAY


async def test_s5_a_result_proved_by_a_mailed_code_is_always_sent(world: World, chat: Chat) -> None:
    for number in range(2):
        other = Chat(world, chat=f"other {number}")
        await converse(other, [RECOVER, ("dana@example.org", "<characters>"), (Characters(), "is on its way")])
    await converse(
        chat,
        [
            RECOVER,
            ("dana@example.org", "<characters>"),
            (Press("Mail me a code instead"), "8 digits"),
            (MailedCode(), "is on its way"),
        ],
    )
    assert [letter.subject for letter in world.letterbox.letters] == ["Your username"] * 2 + [
        "Your code",
        "Your username",
    ]


@ON_BOTH
async def test_s5_one_chat_is_told_when_it_asks_too_often(world: World, chat: Chat) -> None:
    for number in range(rules.CHAT_REQUESTS_AN_HOUR):
        await converse(chat, [RECOVER, (f"n{number}@example.org", "<characters>"), (Characters(), "is on its way")])
    await converse(
        chat,
        [
            RECOVER,
            ("one.more@example.org", "<characters>"),
            (Characters(), ("too often", "60 minutes")),
            (Wait(60), "come"),
            ("cancel", "Cancelled"),
        ],
    )
    await converse(chat, [RECOVER, ("one.more@example.org", "<characters>"), (Characters(), "is on its way")])


@ON_BOTH
async def test_the_follow_up_comes_when_it_was_promised_and_helps(world: World, chat: Chat) -> None:
    await converse(
        chat,
        [
            RESEND,
            ("omarwash", "<characters>"),
            (Characters(), "in 5 minutes"),
            (Wait(4), lambda heard: heard == ""),
            (Wait(1), "Did it come?"),
            ("no", ("spam or junk", "cers-support@example.org", "Did you find it?")),
            ("send it again", "<characters>"),
            (Characters(), "is on its way"),
            (Wait(5), "Did it come?"),
            ("yes", "Open the link"),
            (Wait(60), lambda heard: heard == ""),
        ],
    )
    assert len(world.letterbox.letters) == 2


async def test_the_follow_up_waits_while_a_question_is_open(chat: Chat) -> None:
    await converse(
        chat,
        [
            RESEND,
            ("omarwash", "<characters>"),
            (Characters(), "in 5 minutes"),
            ("/person", "What happened?"),
            (Wait(10), lambda heard: heard == ""),
            ("cancel", "Cancelled"),
            (Wait(5), "Did it come?"),
        ],
    )


@pytest.mark.parametrize("word", ["it came", "I got the email", "/forget"])
async def test_a_follow_up_is_cancelled(chat: Chat, word: str) -> None:
    await converse(chat, [RESEND, ("omarwash", "<characters>"), (Characters(), "in 5 minutes"), (word, bool)])
    if word == "/forget":
        await converse(chat, [("yes", "remember nothing")])
    await converse(chat, [(Wait(30), lambda heard: heard == "")])


async def test_a_newer_request_takes_the_place_of_the_older_follow_up(chat: Chat) -> None:
    await converse(
        chat,
        [
            RESEND,
            ("omarwash", "<characters>"),
            (Characters(), "in 5 minutes"),
            RECOVER,
            ("dana@example.org", "<characters>"),
            (Characters(), "15 minutes"),
            (Wait(6), lambda heard: heard == ""),
            (Wait(10), "Did it come?"),
            ("yes", "sign in with that username"),
        ],
    )


@ON_BOTH
async def test_g4_a_code_works_five_times_and_ten_minutes_and_once(world: World, chat: Chat) -> None:
    begin: list[tuple[Said, Heard]] = [
        RECOVER,
        ("dana@example.org", "<characters>"),
        (Press("Mail me a code instead"), "8 digits"),
    ]
    await converse(
        chat,
        [
            *begin,
            *[(MailedCode(wrong=True), "did not match")] * (rules.CODE_TRIES - 1),
            (MailedCode(), "is on its way"),
        ],
    )
    await converse(Chat(world, chat="late"), [*begin, (Wait(rules.CODE_MINUTES), ""), (MailedCode(), "did not match")])
    used_up = Chat(world, chat="used up")
    world.later(60)
    await converse(
        used_up,
        [*begin, *[(MailedCode(wrong=True), "did not match")] * rules.CODE_TRIES, (MailedCode(), "5 characters")],
    )


async def test_g4_a_code_is_bound_to_its_chat(world: World, chat: Chat) -> None:
    begin: list[tuple[Said, Heard]] = [
        RECOVER,
        ("dana@example.org", "<characters>"),
        (Press("Mail me a code instead"), "8 digits"),
    ]
    thief = Chat(world, chat="thief")
    await converse(thief, begin)
    await converse(chat, begin)
    await converse(thief, [(MailedCode(), "did not match")])
    await converse(chat, [(MailedCode(), "is on its way")])


async def test_g4_a_newer_code_ends_the_older_one(world: World, chat: Chat) -> None:
    await converse(chat, [RECOVER, ("dana@example.org", "<characters>"), (Press("Mail me a code instead"), "8 digits")])
    older = next(line for line in world.letterbox.letters[-1].body.splitlines() if line.isdigit())
    await converse(
        chat, [(Press("Send a new code"), "8 digits"), (older, "did not match"), (MailedCode(), "is on its way")]
    )


async def test_g4_a_proof_that_waited_too_long_is_refused_and_asked_anew(world: World, chat: Chat) -> None:
    await converse(chat, [RECOVER, ("dana@example.org", "<characters>")])
    world.later(rules.CHARACTERS_MINUTES)
    await converse(chat, [(Characters(), "did not match"), (Characters(), "is on its way")])


@ON_BOTH
async def test_nothing_live_is_readable_in_the_database(world: World, chat: Chat) -> None:
    await converse(chat, [RESET, ("dana@example.org", "<characters>"), (Press("Mail me a code instead"), "8 digits")])
    code = next(line for line in world.letterbox.letters[-1].body.splitlines() if line.isdigit())
    await converse(chat, [(MailedCode(), "is on its way")])
    token = re.search(r"/reset/(\S+)", world.letterbox.letters[-1].body)
    assert token
    held = stored(world.database())
    for secret in (code, f"{code[:4]} {code[4:]}", token[1], token[1].partition("-")[2]):
        assert secret.encode() not in held
    assert "[verification characters]" in {row.text for row in world.rows(Message)}
