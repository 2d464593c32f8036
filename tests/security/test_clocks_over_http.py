"""S1 by time, over HTTP on loopback: forms of the account pages and the chat take as long, whoever the account is."""

import asyncio
import http.client
import itertools
import re
import time
from collections.abc import Callable, Mapping
from urllib.parse import urlencode, urlsplit

import pytest
from sqlalchemy import delete, update

from core import verification
from core.tables import Account, Budget, Challenge
from tests.pages.test_accounts_and_strangers import hashed
from tests.security.clocks import FULL_MS, Difference, paired
from tests.security.figures import Measured
from tests.security.payloads import NEW_ACCOUNT
from tests.security.site import Site, serving
from tests.security.test_scripts_everywhere import served
from tests.world import World

MANY = 1000
_networks = itertools.count(1)


class Client:
    """A browser of its own on a network of its own, over one connection."""

    def __init__(self, site: Site, address: str) -> None:
        self.site = site
        host = urlsplit(address)
        self.connection = http.client.HTTPConnection(host.hostname or "", host.port)
        number = next(_networks)
        self.headers = {"X-Forwarded-For": f"10.{number >> 16 & 255}.{number >> 8 & 255}.{number & 255}"}
        self.text = ""
        self.status = 0

    def asks(self, method: str, path: str, fields: Mapping[str, str] | None = None) -> float:
        """Send a request; return the seconds until its answer was there."""
        body = urlencode(fields) if fields is not None else None
        kind = {"Content-Type": "application/x-www-form-urlencoded"} if body else {}
        began = time.perf_counter()
        self.connection.request(method, path, body, {**self.headers, **kind})
        answer = self.connection.getresponse()
        self.text, self.status = answer.read().decode(), answer.status
        taken = time.perf_counter() - began
        given = [each.partition(";")[0] for each in answer.headers.get_all("set-cookie", [])]
        kept = [each for each in (self.headers.get("Cookie", ""), *given) if each]
        if kept:
            self.headers["Cookie"] = "; ".join(dict.fromkeys(kept))
        return taken

    def form(self, **fields: str) -> dict[str, str]:
        """Return a form of the last page, with the characters that it shows."""
        hidden = dict(re.findall(r'name="(csrf|key)" value="([^"]+)"', self.text))
        shown = re.findall(r"challenge=(\d+)", self.text)
        if shown:
            with self.site.database.reading() as session:
                row = session.get_one(Challenge, int(shown[-1]))
                hidden["characters"] = verification.shown(self.site.world.keys, row.kind, verification.reference(row))
        return {**hidden, **fields}


async def compared(world: World, act: Callable[[Client, str], float], pairs: int) -> Difference:
    """Return what the clock tells of an act about `danalee1` and about a username of the same length of nobody."""
    with serving(world) as site:
        with site.database.transaction() as session:
            session.execute(update(Account).values(password_hash=hashed()))
        async with served(site) as address:

            def once(who: str) -> float:
                client = Client(site, address)
                taken = act(client, who)
                client.connection.close()
                return taken

            def measure() -> Difference:
                for who in ("danalee1", "danalex1") * 3:
                    once(who)
                return paired(lambda: once("danalee1"), lambda: once("danalex1"), pairs)

            return await asyncio.to_thread(measure)


def recovery(client: Client, who: str) -> float:
    """Ask for a reset."""
    client.asks("GET", "/account/recover/password")
    taken = client.asks("POST", "/account/recover/password", client.form(identifier=who))
    assert client.status == 303
    return taken


def first_step(client: Client, who: str) -> float:
    """Type a username to sign in with."""
    client.asks("GET", "/account/sign-in")
    taken = client.asks("POST", "/account/sign-in", client.form(username=who))
    assert client.status == 303
    taken += client.asks("GET", "/account/sign-in/password")
    assert client.status == 200
    return taken


def chat(client: Client, who: str) -> float:
    """Name the account in the chat."""
    client.asks("GET", "/")
    client.asks("POST", "/", client.form(text="reset my password"))
    client.asks("GET", "/")
    taken = client.asks("POST", "/", client.form(text=who))
    assert client.status == 303
    return taken


def registration(client: Client, who: str) -> float:
    """Ask for a new account with the address of an account, or of none."""
    email = "dana@example.org" if who == "danalee1" else "dona@example.org"
    client.asks("GET", "/account/create")
    form = client.form(**NEW_ACCOUNT | {"email": email, "email_again": email})
    taken = client.asks("POST", "/account/create", form)
    assert client.status == 303
    return taken


def second_step(client: Client, who: str) -> float:
    """Type a wrong password."""
    with client.site.database.transaction() as session:
        session.execute(delete(Budget))
    client.asks("GET", "/account/sign-in")
    taken = client.asks("POST", "/account/sign-in/password", client.form(username=who, password="Wrong1heron"))
    assert client.status == 403
    return taken


@pytest.mark.prove
@pytest.mark.parametrize(("act", "pairs"), [(recovery, MANY), (first_step, MANY), (chat, MANY)])
async def test_s1_over_http_a_form_takes_as_long_whoever_the_account_is(
    world: World, measured: Measured, act: Callable[[Client, str], float], pairs: int
) -> None:
    difference = await compared(world, act, pairs)
    measured("enumeration by time", f"{act.__name__.replace('_', ' ')} over HTTP: {difference}")
    difference.check()


@pytest.mark.prove
@pytest.mark.parametrize(("act", "pairs", "most"), [(registration, 300, FULL_MS), (second_step, 200, 10.0)])
async def test_s1_over_http_what_takes_a_password_hash_takes_as_long_whoever_the_account_is(
    world: World, measured: Measured, act: Callable[[Client, str], float], pairs: int, most: float
) -> None:
    difference = await compared(world, act, pairs)
    measured("enumeration by time", f"{act.__name__.replace('_', ' ')} over HTTP: {difference}")
    difference.check(most)
