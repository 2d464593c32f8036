"""People with accounts, and the links that were mailed to them."""

from datetime import datetime

from core import accounts, links
from core.database import Database
from core.keys import Keys
from core.links import Purpose
from core.tables import Account

SECRET = "a secret key of the tests, long enough to be one"


def register(
    database: Database, now: datetime, username: str = "anngause", email: str = "", *, active: bool = False
) -> Account:
    """Return a new account; without another address it is `<username>@example.org`."""
    with database.transaction() as session:
        account = accounts.register(
            session,
            now,
            username=username,
            first_name="Ann",
            last_name="Example",
            email=email or f"{username}@example.org",
            protection_phrase="blue heron",
        )
        if active:
            accounts.activate(session, account, now)
    return account


def mailed_link(database: Database, keys: Keys, account: Account, purpose: Purpose, now: datetime) -> str:
    """Return the token of a link whose letter SMTP has taken."""
    with database.transaction() as session:
        link = links.issue(session, account.id, purpose, now)
        links.arm(session, link.id, now)
        return links.token(keys, link)


def kept(database: Database, account: Account) -> Account:
    """Return the account as it is now."""
    with database.transaction() as session:
        return session.get_one(Account, account.id)
