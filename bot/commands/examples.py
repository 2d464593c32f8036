"""The example accounts of `cersbot chat`: one in each state, plainly examples."""

from datetime import timedelta

from sqlalchemy import func, select

from bot.app import Core
from core import accounts
from core.passwords import hashed
from core.rules import ACTIVATION_EXPIRES_DAYS
from core.tables import Account

# username, first name, last name, e-mail, days since registration, activated
EXAMPLES = (
    ("danalee1", "Dana", "Lee", "dana@example.org", 90, True),
    ("omarwash", "Omar", "Haddad", "omar@example.org", 2, False),
    ("luciafarm", "Lucia", "Reyes", "lucia@example.org", ACTIVATION_EXPIRES_DAYS + 10, False),
)


def seed_accounts(core: Core) -> None:
    """Make the example accounts where there is no account yet. Their password is nobody's: a reset sets one."""
    now = core.clock()
    with core.database.transaction() as session:
        if session.scalar(select(func.count(Account.id))):
            return
    unknown = hashed(core.keys.hidden("example", "password"))
    with core.database.transaction() as session:
        for username, first_name, last_name, email, days, activated in EXAMPLES:
            registered = now - timedelta(days=days)
            account = accounts.register(
                session,
                registered,
                username=username,
                first_name=first_name,
                last_name=last_name,
                email=email,
                password_hash=unknown,
                protection_phrase="a plain example",
            )
            if activated:
                accounts.activate(session, account, registered)
