"""Staff at the desk's pages, over HTTP as a browser without scripts speaks it."""

import re
from html import unescape

from argon2 import PasswordHasher
from httpx2 import Response
from starlette.testclient import TestClient

from core import staff
from core.staff import Member
from tests.desk.office import Office
from tests.world import ADDRESS

PASSWORD = "nine green bottles on a wall"
# A hash that is quick to make and to compare: nearly every test of the desk signs in, and a real one takes 64 MiB.
HASH = PasswordHasher(time_cost=1, memory_cost=8, parallelism=1).hash(PASSWORD)


def give_password(office: Office, member: Member) -> None:
    """Let somebody of staff have the password of these tests."""
    with office.database.transaction() as session:
        token = staff.password_link(session, office.world.keys, office.world.now, member.name)
        staff.set_password(session, office.world.keys, token, HASH, office.world.now)


class Visitor:
    """Somebody with a browser on a network of their own; forms are sent as the last page had them."""

    def __init__(self, office: Office, network: str = "203.0.113.7", address: str = ADDRESS) -> None:
        self.client = TestClient(office.app(address), address, client=(network, 50000), follow_redirects=False)
        self.page = ""
        self.status = 0
        self.where = ""

    def opens(self, path: str) -> str:
        """Open a page, following where it leads; return its text."""
        return self._took(self.client.get(path), path)

    def sends(self, path: str, **fields: str) -> str:
        """Send a form of the last page, with its hidden fields; return the text of the page that follows."""
        hidden = self._hidden(path)
        return self._took(self.client.post(path, data={**hidden, **fields}), path)

    def finds(self, ticket: str, words: str, **fields: str) -> str:
        """Look for an answer by the reply's form, with what is typed in it so far; return the text of the page."""
        hidden = self._hidden(f"{ticket}/reply")
        return self._took(self.client.post(f"{ticket}/find", data={**hidden, "find": words, **fields}), ticket)

    def box(self, name: str) -> str:
        """Return what stands in a text box of the page."""
        found = re.search(rf'<textarea id="{name}"[^>]*>(.*?)</textarea>', self.page, re.DOTALL)
        assert found is not None, f"there is no box {name}"
        return unescape(found[1])

    def signs_in(self, name: str, password: str = PASSWORD) -> str:
        """Sign in."""
        self.opens("/desk/sign-in")
        return self.sends("/desk/sign-in", name=name, password=password)

    @property
    def cookie(self) -> str:
        """The session's token."""
        return self.client.cookies.get("desk") or ""

    def _hidden(self, path: str) -> dict[str, str]:
        for form in re.findall(r"<form[^>]*method=\"post\".*?</form>", self.page, re.DOTALL):
            action = re.search(r'action="([^"]*)"', form)
            if action is None or action[1] == path:
                found = re.findall(r'<input type="hidden" name="(\w+)" value="([^"]*)"', form)
                return {name: unescape(value) for name, value in found}
        return {}

    def _took(self, response: Response, path: str) -> str:
        self.where = path
        while response.status_code in {302, 303}:
            self.where = response.headers["location"]
            response = self.client.get(self.where)
        self.page, self.status = response.text, response.status_code
        return read(self.page)


def read(html: str) -> str:
    """Return what a person reads on a page."""
    text = re.sub(r"<(script|style|head).*?</\1>", " ", html, flags=re.DOTALL)
    return " ".join(unescape(re.sub(r"<[^>]+>", " ", text)).split())
