"""What staff do in their group: a message in a ticket's topic is a reply, `//` begins a note, buttons do the rest."""

from collections.abc import Collection
from dataclasses import replace

from sqlalchemy.orm import Session

from bot.desk import ticket_card
from bot.desk.help_desk import HelpDesk, Written
from bot.dialogue.files import PASSED_ON, marked
from bot.dialogue.messages import Button, Copied, Incoming, NotYet, Reply
from core import inbox, outbox, staff, staff_in_settings, ticket_actions, ticket_pages, ticket_work, topics
from core.inbox import Claim
from core.refusals import TicketRefused
from core.staff import Member
from core.tables import Ticket, Topic
from core.tickets import RESOLVED
from knowledge.library import Language

SAID_HERE = "group:"  # how keys of lines begin that were written in the group
NOTE = "//"
MOST_COLLEAGUES = 40
_SECRET = {"reply_has_secret", "note_has_secret"}


class StaffGroup:
    """The group in which staff work."""

    def __init__(self, desk: HelpDesk, chat: str, named: Collection[int] = frozenset()) -> None:
        """Do on `desk` what is said in `chat` by staff, and by those whose Telegram ids the settings have `named`."""
        self._desk = desk
        self._chat = chat
        self._named = named

    @property
    def chat(self) -> str:
        """The channel's id of the group."""
        return self._chat

    def handle(self, incoming: Incoming) -> None:
        """Do what somebody of staff wants, once, committed with what is to be said of it; others are not heard.

        NotYet when an earlier message of the group comes first.
        """
        now = self._desk.clock()
        with self._desk.database.transaction() as session:
            key = incoming.key
            claim = inbox.claim_all(session, incoming.channel, {key: incoming.chat}, now)[key]
            if claim is Claim.NOT_YET:
                raise NotYet
            if claim is not Claim.OURS or not incoming.person.isdecimal():
                return
            who = int(incoming.person)
            member = staff_in_settings.member(session, now, who, incoming.name, self._named)
            if member is not None:
                _Errand(self._desk.within(session), session, member, incoming).run()


class _Errand:
    """One message or press of a member of staff."""

    def __init__(self, desk: HelpDesk, session: Session, member: Member, incoming: Incoming) -> None:
        self._desk = desk
        self._session = session
        self._member = member
        self._incoming = incoming

    def run(self) -> None:
        verb, _, rest = self._incoming.button.partition(".")
        ticket, _, what = rest.partition(".")
        topic = topics.of_ticket(self._session, int(ticket)) if ticket.isdecimal() else self._topic()
        if topic is None:
            return
        try:
            if verb:
                self._press(topic, verb, what)
            else:
                self._write(topic)
        except TicketRefused as refused:
            self._refuse(topic, refused)

    def _topic(self) -> Topic | None:
        thread = self._incoming.thread
        return topics.by_topic(self._session, int(thread)) if thread.isdecimal() else None

    def _write(self, topic: Topic) -> None:
        text, kind, key = self._incoming.text, self._incoming.attachment, f"{SAID_HERE}{self._incoming.key}"
        if self._incoming.edited:
            raise TicketRefused("edited")
        if text.startswith(NOTE):
            self._desk.note(self._member, topic.ticket_id, marked(kind, text.removeprefix(NOTE).strip()), key)
        elif text.startswith("/"):
            raise TicketRefused("command")
        elif kind:
            self._pass_on(topic, Written(ticket_card.with_lines(text), key, topic.told), kind)
        else:
            self._desk.reply(self._member, topic.ticket_id, Written(ticket_card.with_lines(text), key, topic.told))

    def _pass_on(self, topic: Topic, written: Written, kind: str) -> None:
        """Send what is more than text; where that does not go, the text alone, and say so."""
        said = self._incoming
        if kind not in PASSED_ON:
            raise TicketRefused("not_passed_on")
        if ticket_pages.channel_of(self._session, topic.ticket_id) == said.channel:
            copied = Copied(said.channel, said.chat, said.message)
            self._desk.reply(self._member, topic.ticket_id, replace(written, copied=copied, kind=kind))
        elif not said.text:
            raise TicketRefused("file_stays")
        else:
            self._desk.reply(self._member, topic.ticket_id, written)
            self._say(topic, self._language().desk.markdown("group_text_alone", {"name": self._member.name}))

    def _press(self, topic: Topic, verb: str, what: str) -> None:
        ticket, number = topic.ticket_id, int(what) if what.isdecimal() and len(what) < 10 else None
        match verb:
            case "take":
                self._desk.take(self._member, ticket, number or None)
            case "colleagues":
                self._offer_colleagues(topic)
            case "give":
                with self._desk.work(self._member) as desk:
                    ticket_work.hand_over(desk, ticket, number or None)
            case "resolve":
                self._desk.resolve(self._member, ticket)
            case "reopen":
                with self._desk.work(self._member) as desk:
                    ticket_work.reopen(desk, ticket)
            case "start":
                with self._desk.work(self._member) as desk:
                    ticket_actions.start(desk, ticket, what)

    def _offer_colleagues(self, topic: Topic) -> None:
        language = self._language()
        colleagues = [each for each in staff.members(self._session) if not each.disabled][:MOST_COLLEAGUES]
        buttons = [Button(each.name, f"give.{topic.ticket_id}.{each.id}") for each in colleagues]
        everybody = ticket_card.button(language, "everybody", "give", topic.ticket_id, "0")
        self._say(topic, language.desk.markdown("hand_over_to", {}), *buttons, everybody)

    def _refuse(self, topic: Topic, refused: TicketRefused) -> None:
        """Say in the topic why nothing was done, with a button for what may be wanted now."""
        language, ticket = self._language(), self._session.get_one(Ticket, topic.ticket_id)
        buttons = []
        remove = self._incoming.message if refused.phrase in _SECRET else ""
        if refused.phrase == "taken_meanwhile":
            owner = str(ticket.owner_id or 0)
            buttons = [ticket_card.button(language, "take_from", "take", ticket.id, owner, name=refused.fields["name"])]
        elif ticket.state == RESOLVED:
            buttons = [ticket_card.button(language, "reopen", "reopen", ticket.id)]
        why = ticket_card.refused(language, refused.phrase, **refused.fields)
        who = language.desk.markdown("group_refused", {"name": self._member.name})
        self._say(topic, f"{who}  \n{why}", *buttons, remove=remove)

    def _say(self, topic: Topic, text: str, *buttons: Button, remove: str = "") -> None:
        payload = {"topic": topic.topic, "reply": Reply(text, buttons).to_json(), "remove": remove}
        outbox.owe_notice(self._session, payload, self._desk.clock())

    def _language(self) -> Language:
        return self._desk.library().language("en")
