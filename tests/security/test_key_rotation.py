"""A new secret key comes into use: what was mailed under the one before works on, until that is taken away."""

from datetime import timedelta
from pathlib import Path

import pytest

from bot.dialogue.messages import Incoming
from core import limits, mailbox_links, recovery, staff, staff_sessions, verification
from core.database import Database
from core.keys import Keys
from core.links import RESET, look
from core.refusals import BudgetSpent, LinkRefused, ProofRefused, StaffRefused
from core.settings import SettingsError, read_settings
from core.tables import Challenge
from core.verification import Proof
from tests.asking import MAIL_A_CODE, RECOVER
from tests.asking import RESET as ASK_FOR_RESET
from tests.chats import CoreChat
from tests.core.desks import Desks
from tests.people import SECRET, mailed_link, register
from tests.security.site import serving
from tests.world import Characters, Chat, MailedCode, World, converse, typed

NEWER = "a newer key of the tests, long enough to be one"
BOTH = Keys(NEWER, retired=[SECRET])


@pytest.fixture
def database(world: World) -> Database:
    return world.database()


@pytest.mark.parametrize("kind", ["characters", "code"])
async def test_what_is_being_typed_when_the_key_changes_is_right(world: World, chat: Chat, kind: str) -> None:
    await converse(chat, [*RECOVER, *([(MAIL_A_CODE, "8 digits")] if kind == "code" else [])])
    picture = next((reply.picture for reply in chat.replies if reply.picture), None)
    right = typed(world, MailedCode() if kind == "code" else Characters(), picture)
    world.keys = BOTH
    await converse(chat, [(Incoming("", "", "", text=right), "is on its way")])
    assert world.letterbox.letters[-1].subject == "Your username"


async def test_once_the_older_key_is_gone_what_it_made_is_refused_like_a_mistake(world: World, chat: Chat) -> None:
    await converse(chat, RECOVER)
    picture = next(reply.picture for reply in chat.replies if reply.picture)
    right = typed(world, Characters(), picture)
    world.keys = Keys(NEWER)
    await converse(chat, [(Incoming("", "", "", text=right), "<characters>")])
    await converse(chat, [(Characters(), "is on its way")])


def test_a_proof_given_under_the_older_key_is_good_for_its_identifier_alone(world: World, database: Database) -> None:
    before = CoreChat(database, world.keys, world.now)
    challenge = before.does(verification.issue, "characters", "recover_username", "dana@example.org")
    assert before.does(verification.answer, challenge, verification.shown(world.keys, "characters", challenge))
    since = CoreChat(database, BOTH, world.now)
    with pytest.raises(ProofRefused):
        since.does(recovery.remind_username, "omar@example.org", Proof(challenge, "characters", "proof"))
    assert since.does(recovery.remind_username, "dana@example.org", Proof(challenge, "characters", "proof"))


def test_a_mailed_link_and_a_link_of_staff_open_under_both_keys_and_not_under_the_newer_alone(
    world: World, database: Database
) -> None:
    account = register(database, world.now, active=True)
    token = mailed_link(database, world.keys, account, RESET, world.now)
    with database.transaction() as session:
        staff.add(session, world.now, "Ana")
        invitation = staff.password_link(session, world.keys, world.now, "Ana")
        assert look(session, BOTH, RESET, token, world.now)[1].id == account.id
        assert staff.look(session, BOTH, invitation, world.now).name == "Ana"
        with pytest.raises(LinkRefused):
            look(session, Keys(NEWER), RESET, token, world.now)
        with pytest.raises(StaffRefused):
            staff.look(session, Keys(NEWER), invitation, world.now)


def test_a_form_of_the_desk_that_was_open_is_taken(world: World) -> None:
    form = staff_sessions.csrf(world.keys, 7)
    assert staff_sessions.is_own_form(BOTH, 7, form)
    assert not staff_sessions.is_own_form(BOTH, 8, form)
    assert not staff_sessions.is_own_form(Keys(NEWER), 7, form)
    assert not staff_sessions.is_own_form(BOTH, 7, "é")


async def test_what_is_mailed_since_is_made_by_the_newer_key(world: World, chat: Chat) -> None:
    world.keys = BOTH
    await converse(chat, [*ASK_FOR_RESET, (Characters(), "is on its way")])
    token = world.letterbox.letters[-1].body.partition("/reset/")[2].split()[0]
    with world.database().transaction() as session:
        assert look(session, Keys(NEWER), RESET, token, world.now)
        with pytest.raises(LinkRefused):
            look(session, Keys(SECRET), RESET, token, world.now)


def test_a_number_that_a_restored_backup_gives_out_again_has_another_code(world: World, database: Database) -> None:
    shown = set()
    for minutes in range(3):
        chat = CoreChat(database, world.keys, world.now + timedelta(minutes=minutes))
        with chat.turn() as context:
            challenge = verification.issue(context, "code", "reset_password", "dana@example.org")
            shown.add((verification.row_of(challenge), verification.shown(world.keys, "code", challenge)))
            context.session.delete(context.session.get_one(Challenge, verification.row_of(challenge)))
        with database.engine.begin() as connection:
            connection.exec_driver_sql("UPDATE sqlite_sequence SET seq = 0 WHERE name = 'challenges'")
    assert {number for number, _ in shown} == {1}
    assert len(shown) == 3


def test_retired_keys_are_a_setting(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("CERSBOT_SECRET_KEY", NEWER)
    monkeypatch.setenv("CERSBOT_SECRET_KEY_RETIRED", SECRET)
    settings = read_settings()
    assert settings.keys().unseal(Keys(SECRET).seal(b"before")) == b"before"
    assert [each.mark for each in settings.keys().live] == [Keys(each).mark for each in (NEWER, SECRET)]
    monkeypatch.setenv("CERSBOT_SECRET_KEY_RETIRED", "short")
    with pytest.raises(SettingsError, match="too short") as refused:
        read_settings()
    assert str(refused.value).startswith("CERSBOT_SECRET_KEY_RETIRED: is too short")


def test_what_was_spent_of_a_budget_stays_spent(world: World, database: Database) -> None:
    limit = limits.CHAT_TICKETS
    with database.transaction() as session:
        for _ in range(limit.allowances[0][0]):
            limits.spend(session, world.keys, limit, "17", world.now)
    with pytest.raises(BudgetSpent), database.transaction() as session:
        limits.spend(session, BOTH, limit, "17", world.now)
    with database.transaction() as session:
        limits.spend(session, BOTH, limit, "18", world.now)


async def test_a_browser_keeps_its_chat_and_its_open_forms(world: World) -> None:
    with serving(world) as site:
        browser, visitor = site.browser(), site.browser()
        browser.gets("/")
        browser.says("recover my username")
        before = browser.text
        visitor.gets("/account/recover/password")
        right = visitor.characters
    world.keys = BOTH
    with serving(world) as site:
        browser.site = visitor.site = site
        assert "characters" in str(browser.says("dana@example.org").bubbles[-1])
        assert "is on its way" in str(browser.says(Characters()).bubbles)
        form = {"csrf": visitor.csrf, "identifier": "danalee1", "characters": right}
        assert visitor.posts("/account/recover/password", form).headers["location"] == "/account/sent"
        assert visitor.gets("/account/sent").status_code == 200
    world.keys = Keys(NEWER)
    with serving(world) as site:
        browser.site, browser.text = site, before
        browser.says("hello")
        assert browser.status == 403, "a form of a key that is gone is none of ours"
        browser.gets("/")
        assert "is on its way" in browser.text


def test_the_link_that_stops_a_change_works_on(world: World, database: Database) -> None:
    desks = Desks(database, world.keys, world.now)
    assert (desks.opens(), desks.approves()) == ("", "")
    token = desks.token
    with database.transaction() as session, pytest.raises(LinkRefused):
        mailbox_links.look(session, Keys(NEWER), mailbox_links.STOP, token)
    desks.keys = BOTH
    assert desks.stops(token) == "stopped"


async def test_a_code_to_continue_that_was_shown_before_is_taken(world: World, chat: Chat) -> None:
    await converse(chat, [*RECOVER, ("/continue", "<continuation>")])
    newest = world.rows(Challenge)[-1]
    code = verification.shown(world.keys, newest.kind, verification.reference(newest))
    world.keys = BOTH
    await converse(Chat(world, "elsewhere"), [(code, "goes on here")])
