"""Renders an owed letter: wording from the knowledge base, secrets derived at the last moment (G4)."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from email.headerregistry import Address
from email.message import EmailMessage
from email.utils import format_datetime

from sqlalchemy.orm import Session

from bot.delivery import letter_html
from bot.dialogue.dates import written
from core import links, mailbox_links, mailbox_proofs, mailbox_stops, verification
from core.business_days import CALIFORNIA
from core.keys import Keys
from core.letters import Letter
from core.tables import Link, LostMailbox
from knowledge.language import Language
from knowledge.library import Library

MOMENTS = frozenset({"asked_on", "deadline"})


@dataclass(frozen=True, slots=True)
class Renderer:
    """Makes mails of letters; `address` is where people reach the pages, `sender` the service's own mailbox."""

    library: Callable[[], Library]
    keys: Keys
    address: str
    sender: str

    def mail(self, session: Session, letter: Letter, owed: int, since: datetime) -> EmailMessage:
        """Return the mail of the letter that is owed as this row since then. KeyError where its wording is missing.

        A letter always has the same Message-ID (G2), and no other has it, even where a row's number is given out again
        (a purged outbox, a restored backup): a mail server may drop what it believes to have.
        """
        language = self.library().language(letter.language)
        fields: dict[str, object] = {
            name: _date(language, value) if name in MOMENTS else value for name, value in letter.fields.items()
        }
        secret = self._secret(session, letter)
        text = language.letter(letter.key, **fields, **secret)
        name, reference = language.page_text("letter_sender"), letter.fields.get("reference", "")
        frame = {
            "not_me_title": language.page_text("letter_not_me"),
            "not_me": text.not_me,
            "reference": language.page_text("letter_reference", reference=reference) if reference else "",
            "automatic": language.page_text("letter_automatic"),
        }
        identity = self.keys.hidden("message", f"{owed} {since.isoformat()}")
        mail = EmailMessage()
        mail["From"] = Address(display_name=name, addr_spec=self.sender)
        mail["To"] = Address(addr_spec=letter.to)
        mail["Subject"] = text.subject
        mail["Date"] = format_datetime(since)
        mail["Message-ID"] = f"<{identity}@{self.sender.rpartition('@')[2]}>"
        mail["Auto-Submitted"] = "auto-generated"
        note = f"\n\n{language.phrase('letter_by_staff')}" if letter.by_staff else ""
        body = f"{text.body.rstrip()}{note}"
        mail.set_content("\n\n".join(filter(None, (body, *frame.values()))))
        alone = [letter.fields.get("username", ""), *secret.values()]
        html = letter_html.written(
            language.code,
            subject=text.subject,
            sender=name,
            parts=letter_html.parts(body, alone),
            button=text.button or text.subject,
            **frame,
        )
        mail.add_alternative(html, subtype="html")
        mail.set_boundary(f"={identity}=")  # the same letter is the same to the byte, however often it is made
        return mail

    def _secret(self, session: Session, letter: Letter) -> dict[str, str]:
        if letter.secret is None:
            return {}
        kind, row = letter.secret.kind, letter.secret.row
        match kind:
            case "code":
                return {"code": verification.shown(self.keys, "code", letter.secret.reference)}
            case "stop" | "prove":
                token = mailbox_links.token(self.keys, kind, session.get_one(LostMailbox, row))
            case _:
                token = links.token(self.keys, session.get_one(Link, row))
        return {"link": f"{self.address}/{kind}/{token}"}


def arm(session: Session, letter: Letter, now: datetime) -> None:
    """Let the letter's secret live from now on: SMTP has taken it."""
    if letter.secret is None:
        return
    if letter.secret.kind == "code":
        verification.arm(session, letter.secret.row, now)
    elif letter.secret.kind == "stop":
        mailbox_stops.noticed(session, letter.secret.row, now)
    elif letter.secret.kind == "prove":
        mailbox_proofs.asked(session, letter.secret.row, now)
    else:
        links.arm(session, letter.secret.row, now)


def _date(language: Language, moment: str) -> str:
    return written(language, datetime.fromisoformat(moment).astimezone(CALIFORNIA).date())
