"""S1, by words: whoever an account belongs to and however it stands, a stranger hears and costs the same."""

import re
import shutil
from pathlib import Path

import pytest

from bot.delivery.post import MailRefused
from core import rules
from tests.asking import MAIL_A_CODE
from tests.channels.chats import TelegramChat, TerminalChat
from tests.security.crowd import Crowd, Line
from tests.security.figures import Measured
from tests.telegram_server import TelegramServer
from tests.world import Characters, Chat, Press, Wait, World

ACTIONS = {
    "recover my username": ("address",),
    "reset my password": ("address", "username"),
    "resend my activation email": ("address", "username"),
}
MAIL = {
    "up": None,
    "down": MailRefused("ConnectionRefusedError", permanent=False),
    "refusing": MailRefused("SMTP [550]", permanent=True),
}
STATES = {"active": 60, "awaiting_activation": 2, "lapsed": 40}
FIRST: list[Line] = [
    Characters(wrong=True),
    MAIL_A_CODE,
    *["1234 5678"] * rules.CODE_TRIES,
    Characters(),
    "/status",
    Wait(rules.RECOVERY_MAIL_MINUTES),
    Press("No. Where should I look?"),
    Press("Send it again"),
    Characters(),
    "it came",
]
NEXT: list[Line] = [Characters(wrong=True), "back", "<identifier>", Characters()]


def neutral(text: str) -> str:
    """Return what was heard without the typed address, which is echoed masked."""
    return re.sub(r"\w+\*+\w*@example\.org", "<masked>", text)


def populated_by(world: World, number: int, nobodies: int) -> dict[str, tuple[str, str]]:
    """Make so many accounts, a third in each state; return chat, address and username of them and of the nobodies.

    The names of both are alike: nothing but the account tells them apart.
    """
    people = {}
    for each in range(number):
        state, days = list(STATES.items())[each % len(STATES)]
        known, unknown = f"person{each:04}k", f"person{each:04}u"
        known_state = "active" if state == "active" else "awaiting_activation"
        world.account(known, f"{known}@example.org", state=known_state, days_ago=days)
        people[f"{each} {state}"] = (f"{known}@example.org", known)
        if each < nobodies:
            people[f"{each} nobody"] = (f"{unknown}@example.org", unknown)
    return people


async def differences(world: World, people: dict[str, tuple[str, str]], mail: str) -> tuple[int, int]:
    """Let everybody ask for every action, and too often; return how many answers differed, of how many."""
    channel = "test" if mail == "up" else "terminal"
    differing = turns = 0
    script: list[tuple[str, int, Line]] = []
    for action, named_by in ACTIONS.items():
        for by in named_by:
            place = ("address", "username").index(by)
            steps = [action, "<identifier>", *(NEXT if script else FIRST)]
            script += [(action, place, step) for step in steps]
    for _ in range(rules.CHAT_REQUESTS_AN_HOUR - 5 if mail == "up" else 0):
        script += [("reset my password", 0, step) for step in ("reset my password", "<identifier>", Characters())]
    crowd = Crowd(world, {name: address for name, (address, _) in people.items()}, channel)
    spent = False
    for _, place, step in script:
        crowd.identifiers = {name: each[place] for name, each in people.items()}
        answers = {name: neutral(text) for name, text in (await crowd.says(step)).items()}
        turns += len(answers)
        common = max(answers.values(), key=list(answers.values()).count)
        differing += sum(text != common for text in answers.values())
        spent = spent or "too often" in common
    crowd.close()
    looked = re.findall(r"\b(?:accounts|links)\b", "\n".join(crowd.statements))
    assert not looked, "a turn looked at accounts"
    assert spent or mail != "up", "nobody reached a limit"
    return differing, turns


FULL = [pytest.param(67, 67, mail, marks=pytest.mark.prove) for mail in MAIL]


@pytest.mark.parametrize(("number", "nobodies", "mail"), [(3, 1, "down"), *FULL])
async def test_s1_words_buttons_counts_order_limits_and_statements_are_the_same_whoever_asks(
    tmp_path: Path, measured: Measured, number: int, nobodies: int, mail: str
) -> None:
    world = World(tmp_path)
    people = populated_by(world, number, nobodies)
    world.letterbox.refusal = MAIL[mail]
    differing, turns = await differences(world, people, mail)
    world.close()
    measured(
        "enumeration by words",
        f"mail server {mail}: {differing} of {turns} answers differ, {number} known and {nobodies} unknown identifiers",
    )
    assert differing == 0


@pytest.mark.prove
@pytest.mark.parametrize("channel", ["terminal", "telegram"])
async def test_s1_what_appears_on_a_screen_is_the_same_whoever_asks(
    populated: Path, tmp_path: Path, measured: Measured, channel: str
) -> None:
    said = ["recover my username", "<identifier>", Characters(wrong=True), MAIL_A_CODE, "1234 5678", "back", "/status"]
    screens = {}
    for name in ("dana", "omar", "lucia", "anna"):
        (tmp_path / name).mkdir()
        shutil.copy(populated, tmp_path / name / "world.db")
        async with TelegramServer(quiet=0.05) as server:
            world = World(tmp_path / name)
            chat: Chat = TelegramChat(world, server) if channel == "telegram" else TerminalChat(world)
            address = f"{name}@example.org"
            screens[name] = [
                neutral(await chat.says(address if each == "<identifier>" else each)).replace(address, "<typed>")
                for each in said
                if isinstance(each, str | Characters | Press)
            ]
            world.close()
    shown = [[re.sub(r"[█▀▄ ]+", " ", text) for text in screen] for screen in screens.values()]
    measured("enumeration by words", f"{channel}: {len(said)} screens of {len(screens)} accounts are the same")
    assert all(screen == shown[0] for screen in shown)
