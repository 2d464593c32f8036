"""Budgets: how often a chat, a network or a mailbox may have something (S5)."""

from dataclasses import dataclass
from datetime import datetime
from math import ceil

from sqlalchemy import exists, select, update
from sqlalchemy.orm import Session

from core import rules
from core.database import insert
from core.keys import Keys
from core.refusals import BudgetSpent
from core.tables import Budget

HOUR = 3600
DAY = 24 * HOUR


@dataclass(frozen=True, slots=True)
class Limit:
    """At most `times` within any stretch of `seconds`, for each of the pairs."""

    name: str
    allowances: tuple[tuple[int, int], ...]  # (times, seconds)


CHAT_REQUESTS = Limit("chat_requests", ((rules.CHAT_REQUESTS_AN_HOUR, HOUR),))
CHAT_CHALLENGES = Limit("chat_challenges", ((rules.CHAT_CHALLENGES_AN_HOUR, HOUR),))
CHAT_TICKETS = Limit("chat_tickets", ((rules.CHAT_TICKETS_A_DAY, DAY),))
CHAT_CONTINUATIONS = Limit("chat_continuations", ((rules.CHAT_CONTINUATIONS_AN_HOUR, HOUR),))
MAILBOX_LETTERS = Limit("mailbox_letters", ((rules.MAILBOX_LETTERS_AN_HOUR, HOUR), (rules.MAILBOX_LETTERS_A_DAY, DAY)))
ACCOUNT_STAFF_LETTERS = Limit("account_staff_letters", ((rules.ACCOUNT_STAFF_LETTERS_A_DAY, DAY),))
NETWORK_SIGN_INS = Limit("network_sign_ins", ((rules.NETWORK_SIGN_INS_AN_HOUR, HOUR),))
NETWORK_CHATS = Limit("network_chats", ((rules.NETWORK_CHATS_AN_HOUR, HOUR),))
NETWORK_PASSWORDS = Limit("network_passwords", ((rules.NETWORK_PASSWORDS_AN_HOUR, HOUR),))
NETWORK_CHALLENGES = Limit("network_challenges", ((rules.NETWORK_CHALLENGES_AN_HOUR, HOUR),))
NETWORK_REQUESTS = Limit("network_requests", ((rules.NETWORK_REQUESTS_AN_HOUR, HOUR),))
NETWORK_USERNAMES = Limit("network_usernames", ((rules.NETWORK_USERNAMES_AN_HOUR, HOUR),))
NETWORK_ACCOUNT_SIGN_INS = Limit("network_account_sign_ins", ((rules.NETWORK_ACCOUNT_SIGN_INS_AN_HOUR, HOUR),))
USERNAME_SIGN_INS = Limit("username_sign_ins", ((rules.USERNAME_SIGN_INS_AN_HOUR, HOUR),))

# After this nothing that was spent counts any more, whatever it was spent of.
LONGEST_SECONDS = DAY


def spend(session: Session, keys: Keys, limit: Limit, whose: object, now: datetime) -> None:
    """Count one use of `limit` by `whose`; BudgetSpent with the minutes to wait when there is none left.

    The row is locked by the first statement, so that of two spenders at once the second sees what the first spent. What
    was spent under a retired key is spent.
    """
    key, *before = (each.hidden(f"budget {limit.name}", str(whose)) for each in keys.live)
    for each in before:
        is_new = ~exists(select(Budget.key).where(Budget.key == key))
        session.execute(update(Budget).where(Budget.key == each, is_new).values(key=key))
    spent = session.scalars(
        insert(session, Budget)
        .values(key=key, spent=[], updated_at=now)
        .on_conflict_do_update(index_elements=["key"], set_={"updated_at": now})
        .returning(Budget.spent)
    ).one()
    moment = now.timestamp()
    longest = max(seconds for _, seconds in limit.allowances)
    recent = [at for at in spent if at > moment - longest]
    wait = 0.0
    for times, seconds in limit.allowances:
        within = [at for at in recent if at > moment - seconds]
        if len(within) >= times:
            wait = max(wait, within[-times] + seconds - moment)
    if wait:
        raise BudgetSpent(minutes=ceil(wait / 60))
    session.execute(update(Budget).where(Budget.key == key).values(spent=[*recent, moment]))
