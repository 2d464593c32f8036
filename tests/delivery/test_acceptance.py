"""Codes and links: they live from the moment SMTP took their letter, however often it went out (G4)."""

import re

import pytest

from core import links, verification
from core.refusals import LinkRefused
from core.tables import Link, Owed
from tests.asking import MAIL_A_CODE, RECOVER, RESET
from tests.databases import ON_BOTH
from tests.delivery.stand_ins import BUSY, LEASE_MINUTES, Attempts, Killed
from tests.world import MONDAY, Characters, Chat, MailedCode, Wait, World, converse

pytestmark = ON_BOTH


async def test_g4_a_code_whose_letter_went_out_twice_is_one_code(world: World, chat: Chat, post: Attempts) -> None:
    await converse(chat, [*RECOVER])
    post.kills = "after"
    with pytest.raises(Killed):
        await chat.says(MAIL_A_CODE)
    post.kills = ""
    await converse(chat, [(Wait(LEASE_MINUTES), ""), (MailedCode(), "is on its way")])
    assert [letter.subject for letter in post.letters] == ["Your code", "Your code", "Your username"]
    assert len(set(post.ids)) == 2


def code_of(world: World) -> str:
    """Return the code that was asked for last, whether or not it was mailed."""
    (request,) = [row for row in world.rows(Owed) if row.payload.get("key") == "verification_code"]
    return verification.shown(world.keys, "code", str(request.payload["secret"]["reference"]))


@pytest.mark.parametrize(("minutes", "heard"), [(9.99, "is on its way"), (10, "did not match")])
async def test_g4_a_codes_ten_minutes_count_from_acceptance_and_nothing_lives_before(
    world: World, chat: Chat, post: Attempts, minutes: float, heard: str
) -> None:
    post.refusal = BUSY
    await converse(chat, [*RECOVER, (MAIL_A_CODE, "8 digits")])
    code = code_of(world)
    await converse(chat, [(Wait(20), ""), (code, "did not match")])
    post.refusal = None
    await converse(chat, [(Wait(5), ""), (Wait(minutes), ""), (code, heard)])
    assert post.letters[0].at == MONDAY


async def test_g4_a_reset_links_sixty_minutes_count_from_acceptance_and_nothing_lives_before(
    world: World, chat: Chat, post: Attempts
) -> None:
    post.refusal = BUSY
    await converse(chat, [*RESET, (Characters(), "is on its way")])
    (link,) = world.rows(Link)
    token = links.token(world.keys, link)
    assert not opens(world, token)
    await converse(chat, [(Wait(20), "come")])
    assert not opens(world, token)
    post.refusal = None
    world.later(5)
    await world.work()
    assert re.findall(r"/reset/(\S+)", post.letters[0].body) == [token]
    for minutes, is_open in ((0, True), (59.99, True), (0.01, False)):
        world.later(minutes)
        assert opens(world, token) is is_open


def opens(world: World, token: str) -> bool:
    """Return whether the reset link works now."""
    database = world.database()
    try:
        with database.transaction() as session:
            links.look(session, world.keys, links.RESET, token, world.now)
    except LinkRefused:
        return False
    finally:
        database.close()
    return True
