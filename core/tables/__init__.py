"""The database's tables, one class each."""

from core.tables.accounts import Account, AccountRequest, AccountSession, AuditEvent, Budget, Challenge, Link
from core.tables.base import Base, BrowserSession, UtcDateTime
from core.tables.conversations import Conversation, FollowUp, Message
from core.tables.help_desk import DayCount, Staff, StaffSession, Ticket, TicketEvent, TicketWord, TicketWriter, Topic
from core.tables.lost_mailboxes import LostMailbox
from core.tables.queues import Lease, Owed, PaceKept, Received

__all__ = [
    "Account",
    "AccountRequest",
    "AccountSession",
    "AuditEvent",
    "Base",
    "BrowserSession",
    "Budget",
    "Challenge",
    "Conversation",
    "DayCount",
    "FollowUp",
    "Lease",
    "Link",
    "LostMailbox",
    "Message",
    "Owed",
    "PaceKept",
    "Received",
    "Staff",
    "StaffSession",
    "Ticket",
    "TicketEvent",
    "TicketWord",
    "TicketWriter",
    "Topic",
    "UtcDateTime",
]
