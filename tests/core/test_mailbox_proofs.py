"""The new mailbox's word on a lost one: without it nothing changes, and after two weeks without it the case lapses."""

from datetime import timedelta

import pytest

from core import mailbox_links, mailbox_proofs, ticket_history
from core.refusals import LinkRefused
from core.rules import MAILBOX_PROOF_DAYS
from core.tables import Owed
from tests.core.desks import DAY, Desks
from tests.stored import stored


def test_no_address_changes_before_its_mailbox_has_answered(desks: Desks) -> None:
    assert (desks.opens(), desks.approves()) == ("", "")
    desks.delivers()
    desks.now += 2 * DAY
    assert desks.works() == []
    with desks.database.transaction() as session:
        assert mailbox_proofs.lapse(session, desks.case.id, desks.now) == "approved"
    assert desks.email == "anngause@example.org"
    assert desks.proves()
    assert desks.works() == ["done"]
    assert desks.email == "ann@new.example.org"


def test_an_answer_shortens_the_owners_day_by_nothing(desks: Desks) -> None:
    assert (desks.opens(), desks.approves(), desks.proves()) == ("", "", True)
    desks.delivers()
    desks.now += DAY - timedelta(seconds=1)
    assert desks.works() == []
    assert desks.stops() == "stopped"
    desks.now += DAY
    assert desks.works() == []
    assert not desks.proves()
    assert desks.email == "anngause@example.org"


def test_a_case_without_an_answer_lapses_after_two_weeks_and_its_ticket_says_so(desks: Desks) -> None:
    assert (desks.opens(), desks.approves()) == ("", "")
    desks.delivers()
    desks.now += timedelta(days=MAILBOX_PROOF_DAYS) - timedelta(seconds=1)
    assert desks.works() == []
    desks.now += timedelta(seconds=1)
    assert not desks.proves()
    assert desks.works() == ["lapsed"]
    assert desks.works() == []
    assert (desks.email, desks.case.state, desks.case.ended_at) == ("anngause@example.org", "lapsed", desks.now)
    assert desks.audited[-1] == "mailbox.lapsed"
    with desks.database.reading() as session:
        assert ticket_history.history(session, desks.ticket)[-1].kind == "mailbox_lapsed"
    assert desks.opens() == ""


def test_an_answer_counts_once_and_the_two_links_are_not_each_other(desks: Desks) -> None:
    assert (desks.opens(), desks.approves()) == ("", "")
    stop = desks.token
    with desks.database.transaction() as session, pytest.raises(LinkRefused):
        mailbox_proofs.prove(session, desks.keys, stop, desks.now)
    proof = mailbox_links.token(desks.keys, mailbox_links.PROVE, desks.case)
    with pytest.raises(LinkRefused):
        desks.stops(proof)
    assert desks.proves()
    assert not desks.proves()
    assert desks.audited.count("mailbox.proved") == 1
    assert proof.partition("-")[2].encode() not in stored(desks.database)


def test_nothing_can_be_answered_before_a_second_has_approved(desks: Desks) -> None:
    assert desks.opens() == ""
    with pytest.raises(LinkRefused):
        desks.proves()


def test_the_letter_to_an_address_that_may_be_a_strangers_names_nobody(desks: Desks) -> None:
    assert (desks.opens(), desks.approves()) == ("", "")
    with desks.database.reading() as session:
        owed = session.get_one(Owed, desks.case.proof_id)
    assert owed.payload["to"] == "ann@new.example.org"
    assert set(owed.payload["fields"]) == {"asked_on"}
