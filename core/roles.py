"""Roles of staff, and the duties that each has: an agent's, an editor's beside them, an admin's beside those."""

from collections.abc import Mapping
from enum import StrEnum
from types import MappingProxyType
from typing import Final, Literal, get_args

Role = Literal["agent", "editor", "admin"]
ROLES: Final[tuple[Role, ...]] = get_args(Role)


class Duty(StrEnum):
    """What somebody of staff may be there for."""

    WORK_TICKETS = "work_tickets"
    RECOVER_MAILBOXES = "recover_mailboxes"  # open a case of a lost mailbox, or be the second who approves it
    EDIT_KNOWLEDGE = "edit_knowledge"  # see and download what tickets propose to the knowledge base
    MANAGE_STAFF = "manage_staff"


_OF_AGENTS: Final = frozenset({Duty.WORK_TICKETS, Duty.RECOVER_MAILBOXES})
_OF_EDITORS: Final = _OF_AGENTS | {Duty.EDIT_KNOWLEDGE}
_DUTIES: Final[Mapping[str, frozenset[Duty]]] = MappingProxyType(
    {"agent": _OF_AGENTS, "editor": _OF_EDITORS, "admin": _OF_EDITORS | {Duty.MANAGE_STAFF}}
)


def has(role: str, duty: Duty) -> bool:
    """Return whether this role has the duty; one that nobody knows has none."""
    return duty in _DUTIES.get(role, frozenset())
