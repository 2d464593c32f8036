"""The table of lost mailboxes: each case with its evidence, who took which step, and how it ended."""

from datetime import datetime

from sqlalchemy import CheckConstraint, ForeignKey, Index, text
from sqlalchemy.orm import Mapped, mapped_column

from core.tables.base import IDS_NEVER_COME_BACK, Base

_LIVE = text("ended_at IS NULL")


class LostMailbox(Base):
    """Somebody no longer has the mailbox on file: what two members of staff, the owner and the worker made of it."""

    __tablename__ = "lost_mailboxes"
    __table_args__ = (
        CheckConstraint("approved_by <> opened_by", name="ck_lost_mailboxes_two_people"),
        Index("lost_mailboxes_live", "account_id", unique=True, sqlite_where=_LIVE, postgresql_where=_LIVE),
        Index("lost_mailboxes_due", "due_at", sqlite_where=_LIVE, postgresql_where=_LIVE),
        IDS_NEVER_COME_BACK,
    )

    id: Mapped[int] = mapped_column(primary_key=True)
    ticket_id: Mapped[int] = mapped_column(ForeignKey("tickets.id", ondelete="CASCADE"), index=True)
    account_id: Mapped[int] = mapped_column(ForeignKey("accounts.id", ondelete="CASCADE"), index=True)
    old_email: Mapped[str]
    new_email: Mapped[str]
    reason: Mapped[str]
    evidence: Mapped[list[str]]
    checked: Mapped[str]
    state: Mapped[str]
    opened_by: Mapped[int] = mapped_column(ForeignKey("staff.id"))
    opened_at: Mapped[datetime]
    opened_hands: Mapped[list[int]]  # of staff: who could have opened it under this name, see `core.staff`
    approved_by: Mapped[int | None] = mapped_column(ForeignKey("staff.id"))
    approved_at: Mapped[datetime | None]
    due_at: Mapped[datetime | None]
    notice_id: Mapped[int | None]  # of the outbox: the letter to the old address
    noticed_at: Mapped[datetime | None]
    proof_id: Mapped[int | None]  # of the outbox: the letter to the new address
    proof_sent_at: Mapped[datetime | None]
    proved_at: Mapped[datetime | None]  # when the new mailbox answered
    ended_by: Mapped[int | None] = mapped_column(ForeignKey("staff.id"))
    ended_at: Mapped[datetime | None]
    ended_why: Mapped[str]
    contested_at: Mapped[datetime | None]  # when the owner said, after the change, that it was not theirs
    contested_ticket: Mapped[int | None] = mapped_column(ForeignKey("tickets.id", ondelete="SET NULL"))
