"""Races on the pages and between chats: of many who do the same thing at once, one has done it, on both databases."""

import dataclasses
import json
import re

import pytest
from sqlalchemy import func, select
from starlette.testclient import TestClient

from bot.dialogue.messages import Incoming
from core import continuing, links, mailbox_stops, registration, resolution, verification
from core.database import Database
from core.refusals import LinkRefused
from core.registration import Registration
from core.tables import Account, AccountRequest, Challenge
from tests.core.desks import DAY, Desks
from tests.databases import ON_BOTH
from tests.desk.office import Office
from tests.people import register
from tests.security.figures import Measured
from tests.security.test_codes_and_races import at_once
from tests.world import ADDRESS, World, heard

ROUNDS = pytest.mark.parametrize(("threads", "rounds"), [(8, 2), pytest.param(64, 50, marks=pytest.mark.prove)])


def told(measured: Measured, database: Database, what: str, threads: int, rounds: int) -> None:
    """Note a figure."""
    kind = database.url.get_backend_name()
    measured("races", f"{kind}: {threads} {what} at once, {rounds} rounds: 1 success each")


@ON_BOTH
@ROUNDS
def test_of_many_who_register_one_username_or_one_address_at_once_one_has_an_account(
    world: World, measured: Measured, threads: int, rounds: int
) -> None:
    database = world.database()
    for number in range(rounds):
        same_name = number % 2 == 0
        waiting = []
        with database.transaction() as session:
            for each in range(threads):
                name = f"same{number}" if same_name else f"other{number}x{each}"
                email = f"mail{number}x{each}@example.org" if same_name else f"Same{number}@example.org"
                asked = Registration(f"{name:x<6}", "Ann", "Lee", email, "a hash", "a phrase")
                payload = world.keys.seal(json.dumps(dataclasses.asdict(asked)).encode())
                row = AccountRequest(
                    kind=registration.REGISTER,
                    identifier=email,
                    proved_by="characters",
                    payload=payload,
                    created_at=world.now,
                )
                session.add(row)
                session.flush()
                waiting.append(row.id)
            before = session.scalar(select(func.count()).select_from(Account)) or 0

        def resolves(each: int, waiting: list[int] = waiting) -> bool:
            with database.transaction() as session:
                return resolution.resolve(session, world.keys, waiting[each], world.now) == "activation"

        assert at_once(threads, resolves) == 1
        with database.reading() as session:
            assert session.scalar(select(func.count()).select_from(Account)) == before + 1
    told(measured, database, "registrations of one username or address", threads, rounds)


@ON_BOTH
@ROUNDS
def test_g4_of_many_who_send_a_form_with_the_right_characters_at_once_one_asks(
    world: World, measured: Measured, threads: int, rounds: int
) -> None:
    app, database = Office(world).app(ADDRESS), world.database()
    rounds = min(rounds, 10)
    for number in range(rounds):
        first = TestClient(app, ADDRESS, follow_redirects=False)
        page = first.get("/account/recover/password").text
        (token,) = {*re.findall(r'name="csrf" value="(\w+)"', page)}
        (row,) = re.findall(r"challenge=(\d+)", page)
        with database.reading() as session:
            challenge = session.get_one(Challenge, int(row))
            right = verification.shown(world.keys, challenge.kind, verification.reference(challenge))
        form = {"csrf": token, "identifier": "danalee1", "characters": right}
        browsers = [
            TestClient(app, ADDRESS, cookies=dict(first.cookies), follow_redirects=False) for _ in range(threads)
        ]

        def asks(each: int, browsers: list[TestClient] = browsers, form: dict[str, str] = form) -> bool:
            return browsers[each].post("/account/recover/password", data=form).status_code == 303

        assert at_once(threads, asks) == 1
        with database.reading() as session:
            assert session.scalar(select(func.count()).select_from(AccountRequest)) == number + 1
        world.later(61)  # a network has so many challenges an hour, and each that comes too late takes one
    told(measured, database, "forms with the right characters", threads, rounds)


@ON_BOTH
@ROUNDS
def test_g4_of_many_who_use_a_link_that_changes_the_address_at_once_one_changes_it(
    world: World, measured: Measured, threads: int, rounds: int
) -> None:
    database = world.database()
    account = register(database, world.now, active=True)
    for number in range(rounds):
        with database.transaction() as session:
            link = links.issue(session, account.id, links.EMAIL, world.now, email=f"new{number}@example.org")
            links.arm(session, link.id, world.now)
            token = links.token(world.keys, link)

        def changes(_: int, token: str = token) -> bool:
            try:
                with database.transaction() as session:
                    return links.use_to_change_email(session, world.keys, token, world.now).changed
            except LinkRefused:
                return False

        assert at_once(threads, changes) == 1
    told(measured, database, "uses of a link that changes the address", threads, rounds)


@ON_BOTH
@ROUNDS
def test_of_many_who_press_the_button_that_stops_a_change_one_stops_it(
    world: World, measured: Measured, threads: int, rounds: int
) -> None:
    database = world.database()
    desks = Desks(database, world.keys, world.now)
    rounds = min(rounds, 5)
    for _ in range(rounds):
        assert (desks.opens(), desks.approves()) == ("", "")
        token = desks.token

        def stops(_: int, token: str = token) -> bool:
            with database.transaction() as session:
                return mailbox_stops.stop(session, world.keys, token, desks.now)[1]

        assert at_once(threads, stops) == 1
        desks.now += 40 * DAY
    told(measured, database, "presses on the link that stops a change", threads, rounds)


@ON_BOTH
@ROUNDS
def test_g4_of_many_chats_that_type_one_code_to_continue_one_has_the_conversation(
    world: World, measured: Measured, threads: int, rounds: int
) -> None:
    database = world.database()
    conversations = world.conversations(database)
    for number in range(rounds):
        owner = f"owner {number}"
        for said in ("reset my password", "danalee1"):
            conversations.receive(Incoming("test", owner, f"{owner}: {said}", said))
        shown = conversations.receive(Incoming("test", owner, f"{owner}: code", "/continue"))
        assert shown is not None
        (picture,) = [
            reply.picture for reply in shown.replies if reply.picture and reply.picture.kind == continuing.KIND
        ]
        code = verification.shown(world.keys, picture.kind, picture.challenge)

        def takes(each: int, code: str = code, owner: str = owner) -> bool:
            delivery = conversations.receive(Incoming("test", f"{owner}, {each}", f"{owner} {each}", code))
            return delivery is not None and "goes on here" in heard(delivery.replies)

        assert at_once(threads, takes) == 1
        world.later(2)
    told(measured, database, "chats with one code to continue", threads, rounds)
