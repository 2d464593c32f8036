"""S1 on the pages, by words: whoever the account is, account pages and web chat answer a stranger alike."""

import re
from pathlib import Path

import pytest
from sqlalchemy import update

from core import passwords, rules
from core.tables import Account
from tests.security.figures import Measured
from tests.security.site import Browser, Site, serving
from tests.security.test_enumeration import ACTIONS, FIRST, MAIL, NEXT, populated_by
from tests.world import Characters, Press, Wait, World

PASSWORD = "Blue4Heron"
WRONG = {"characters": "333333"}
CODE = {"other": "code"}
# What a stranger does on one form of the account pages: right and wrong characters, a code, and once more.
FORM = ({}, WRONG, CODE, *[{"characters": "12345678"}] * rules.CODE_TRIES, {"other": "spoken"}, {"right": "yes"})
RECOVERY = {"username": ("address",), "password": ("address", "username"), "activation": ("address", "username")}
Step = tuple[str, dict[str, str]]
# What differs at every request or browser, and tells nothing: tokens, numbers of rows, stamps, references, phrases.
_OWN = (
    r"CERS-\w{4}",
    r'(?<=name="csrf" value=")\w+',
    r'(?<=name="key" value=")[\w-]+',
    r"(?<=challenge=)\d+",
    r"(?<=/chat/picture/)\d+|(?<=/chat/sound/)\d+",
    r'(?<=data-version=")[^"]*',
    r'(?<=<li id=")(?!greeting)[^"]*',
    r'(?<=name="button" value=")[^"]*',
    r'(?<=class="phrase">)[^<]*',
    r"(?<=before=)\d+",
    r"\w+\*+\w*(?=@example\.org)",
)
OWN = re.compile("|".join(_OWN))


def told(browser: Browser, own: tuple[str, ...]) -> str:
    """Return everything of an answer that a stranger could notice, without what they typed themselves."""
    answer = browser.answer
    assert answer is not None
    headers = sorted(
        (name, value) for name, value in answer.headers.items() if name not in {"set-cookie", "content-length"}
    )
    cookies = sorted((each.name, each.path) for each in browser.cookies.jar)
    text = OWN.sub("…", answer.text)
    for each in own:
        text = text.replace(each, "<typed>")
    return f"{answer.status_code} {headers} {cookies}\n{text}"


class Strangers:
    """Everybody at a browser of their own on one site, doing the same at the same time."""

    def __init__(self, site: Site, people: dict[str, tuple[str, str]]) -> None:
        self.site = site
        self.people = people
        self.browsers = {name: site.browser(f"203.0.113.{place % 250}") for place, name in enumerate(people)}
        self.differing = self.answers = 0
        self.heard = ""
        self.example = ""  # of lines that differ, to be told where the proof fails

    def compare(self, answers: dict[str, str]) -> None:
        """Count the answers that differ from what most were told."""
        common = max(answers.values(), key=list(answers.values()).count)
        for text in answers.values():
            if text != common:
                self.differing += 1
                pairs = zip(common.splitlines(), text.splitlines(), strict=False)
                self.example = next((f"{one}\n{other}" for one, other in pairs if one != other), "of another length")
        self.answers += len(answers)
        self.heard += common

    async def all_do(self, path: str, fields: dict[str, str]) -> None:
        """Let everybody open or send a form, with their own address or username in it, and the worker work."""
        answers = {}
        for name, browser in self.browsers.items():
            address, username = self.people[name]
            number = username.removeprefix("person")
            filled = {
                key: value.format(address=address, username=username, number=number) for key, value in fields.items()
            }
            self.site.statements.clear()
            if fields:
                browser.sends(path, filled, characters=filled.pop("right", "") == "yes")
            else:
                browser.gets(path)
            answers[name] = "\n".join([told(browser, (address, username, f"newbie{number}")), *self.site.statements])
        self.compare(answers)
        await self.site.world.work()

    async def all_say(self, said: object, place: int) -> None:
        """Let everybody say the same in the chat."""
        if isinstance(said, Wait):
            self.site.world.later(said.minutes)
            await self.site.world.work({"web": self.site.channel})
            for browser in self.browsers.values():
                browser.gets("/")
        else:
            assert isinstance(said, str | Press | Characters)
            for name, browser in self.browsers.items():
                browser.says(self.people[name][place] if said == "<identifier>" else said)
        self.compare({name: told(browser, self.people[name]) for name, browser in self.browsers.items()})
        await self.site.world.work()


def steps(often: int) -> list[Step]:
    """Return what everybody does on the account pages, at its end asking so often for the same."""
    done: list[Step] = []
    for what, by in RECOVERY.items():
        for named in by if often else by[-1:]:
            path, first = f"/account/recover/{what}", not done
            identifier = {"identifier": f"{{{named}}}"}
            done.append((path, {}))
            done += [(path, {**identifier, **each}) for each in (FORM[1:] if first else FORM[-1:])]
            done.append(("/account/sent", {"right": "yes"}))
    new = {"username": "newbie{number}", "first_name": "Ann", "last_name": "Lee", "phrase": "the heron reads"}
    asked = {"email": "{address}", "email_again": "{address}", "password": PASSWORD, "password_again": PASSWORD}
    done.append(("/account/create", {}))
    done += [
        ("/account/create", {**new, **asked, "agree": "yes", **each}) for each in (WRONG, CODE, {"other": "fresh"})
    ]
    done.append(("/account/create", {**new, **asked, "agree": "yes", "right": "yes"}))
    for named in ("{username}", "{address}"):
        done.append(("/account/sign-in", {}))
        done.append(("/account/sign-in", {"username": named}))
        done.append(("/account/sign-in/password", {"username": named, "password": "Wrong1heron"}))
    done.append(("/account/recover/password", {}))
    again = {"identifier": "{address}", "right": "yes"}
    done += [step for _ in range(often) for step in ((done[-1][0], {}), (done[-1][0], again))]
    return done


FULL = [pytest.param(67, 67, mail, marks=pytest.mark.prove) for mail in MAIL]


@pytest.mark.parametrize(("number", "nobodies", "mail"), [(3, 1, "up"), *FULL])
async def test_s1_every_form_of_the_account_pages_answers_alike_whoever_the_account_is(
    tmp_path: Path, measured: Measured, number: int, nobodies: int, mail: str
) -> None:
    world = World(tmp_path)
    people = populated_by(world, number, nobodies)
    world.letterbox.refusal = MAIL[mail]
    with world.database().transaction() as session:
        session.execute(update(Account).values(password_hash=passwords.hashed(PASSWORD)))
    with serving(world) as site:
        strangers = Strangers(site, people)
        often = rules.CHAT_REQUESTS_AN_HOUR if nobodies > 1 else 0
        for path, fields in steps(often):
            await strangers.all_do(path, fields)
    world.close()
    measured(
        "enumeration by words",
        f"account pages, mail server {mail}: {strangers.differing} of {strangers.answers} answers differ,"
        f" {number} known and {nobodies} unknown identifiers",
    )
    assert strangers.differing == 0, strangers.example
    assert "<typed>" in strangers.heard
    assert not often or "retry-after" in strangers.heard, "nobody reached a limit"


@pytest.mark.parametrize(("number", "nobodies", "mail"), [(2, 1, "refusing"), *FULL])
async def test_s1_the_web_chat_answers_alike_whoever_the_account_is(
    tmp_path: Path, measured: Measured, number: int, nobodies: int, mail: str
) -> None:
    world = World(tmp_path)
    people = populated_by(world, number, nobodies)
    world.letterbox.refusal = MAIL[mail]
    with serving(world) as site:
        strangers = Strangers(site, people)
        for browser in strangers.browsers.values():
            browser.gets("/")
        begun = False
        for action, named_by in list(ACTIONS.items())[: None if nobodies > 1 else 1]:
            for by in named_by:
                place = ("address", "username").index(by)
                for said in (action, "<identifier>", *(NEXT if begun else FIRST)):
                    await strangers.all_say(said, place)
                begun = True
    world.close()
    measured(
        "enumeration by words",
        f"web chat, mail server {mail}: {strangers.differing} of {strangers.answers} pages differ, {number} known and"
        f" {nobodies} unknown identifiers",
    )
    assert strangers.differing == 0, strangers.example
    assert "is on its way" in strangers.heard
