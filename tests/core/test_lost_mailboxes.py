"""A lost mailbox in the hands of staff: the evidence that it takes, the two people, and how either ends it."""

from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest
from sqlalchemy import select, update
from sqlalchemy.exc import IntegrityError

from core import accounts, lost_mailboxes, staff, tickets
from core.lost_mailboxes import EVIDENCE, INDEPENDENT
from core.office_days import STATE_OFFICES
from core.tables import LostMailbox, Ticket
from tests.core.desks import CLAIM, DAY, Desks
from tests.people import register


def test_two_people_a_notice_and_a_day_change_the_address(desks: Desks) -> None:
    assert desks.opens() == ""
    assert desks.letters == []
    assert desks.approves() == ""
    assert desks.letters == [
        ("lost_mailbox_notice", "anngause@example.org"),
        ("lost_mailbox_proof", "ann@new.example.org"),
    ]
    desks.delivers()
    assert desks.proves()
    desks.now += DAY - timedelta(seconds=1)
    assert desks.works() == []
    assert desks.email == "anngause@example.org"
    desks.now += timedelta(seconds=1)
    assert desks.works() == ["done"]
    assert desks.works() == []
    assert desks.email == "ann@new.example.org"
    assert desks.letters == [
        ("mailbox_changed", "anngause@example.org"),
        ("mailbox_is_yours", "ann@new.example.org"),
    ]
    assert desks.audited == [
        "mailbox.opened",
        "mailbox.approved",
        "mailbox.noticed",
        "mailbox.proved",
        "account.email_changed",
        "mailbox.done",
    ]
    with desks.database.reading() as session:
        found = accounts.find(session, "ANN@new.example.org")
        assert found is not None
        assert found.id == desks.account.id


@pytest.mark.parametrize(
    ("change", "phrase"),
    [
        ({"reason": " "}, "mailbox_reason_missing"),
        ({"checked": ""}, "mailbox_checked_missing"),
        ({"checked": "x" * 2001}, "mailbox_text_too_long"),
        ({"evidence": ["called_back"]}, "mailbox_evidence_thin"),
        ({"evidence": ["called_back", "called_back", "a smile"]}, "mailbox_evidence_thin"),
        ({"evidence": ["letterhead", "cers_id"]}, "mailbox_evidence_thin"),
        ({"identifier": "nobody7"}, "mailbox_no_account"),
        ({"identifier": ""}, "mailbox_no_account"),
        ({"email": "no address", "email_again": "no address"}, "mailbox_address_wrong"),
        ({"email_again": "anne@new.example.org"}, "mailbox_addresses_differ"),
        ({"email": "AnnGause@example.org", "email_again": "AnnGause@example.org"}, "mailbox_address_same"),
        ({"email": "taken77@example.org", "email_again": "taken77@example.org"}, "mailbox_address_taken"),
    ],
)
def test_a_case_that_will_not_do_is_refused_and_leaves_no_trace(
    desks: Desks, change: dict[str, Any], phrase: str
) -> None:
    register(desks.database, desks.now, "taken77", active=True)
    assert desks.opens(claim=replace(CLAIM, **change)) == phrase
    assert desks.audited == []
    with desks.database.reading() as session:
        assert session.scalars(select(LostMailbox)).all() == []


@pytest.mark.parametrize("independent", INDEPENDENT)
def test_somebody_whom_we_found_ourselves_has_to_be_among_the_evidence(desks: Desks, independent: str) -> None:
    assert desks.opens(claim=replace(CLAIM, evidence=[independent, "cers_id"])) == ""
    assert desks.case.evidence == [independent, "cers_id"]
    assert independent in EVIDENCE


def test_nobody_approves_a_case_of_their_own_whatever_their_role(desks: Desks) -> None:
    assert desks.opens("Ana") == ""
    assert desks.approves("Ana") == "mailbox_own_case"
    with desks.database.transaction() as session:
        assert staff.by_id(session, desks.members["Ana"]) is not None
        with pytest.raises(IntegrityError), session.begin_nested():
            session.execute(update(LostMailbox).values(approved_by=desks.members["Ana"]))


@pytest.mark.parametrize(
    ("links", "opener", "approver", "phrase"),
    [
        ([("Ben", "Ana")], "Ana", "Ben", "mailbox_same_hands"),
        ([("Ben", "Ana")], "Ben", "Ana", "mailbox_same_hands"),
        ([("Ben", "Ana"), ("Cem", "Ana")], "Ben", "Cem", "mailbox_same_hands"),
        ([("Ben", "Ana"), ("Cem", "Ben")], "Ana", "Cem", "mailbox_same_hands"),
        ([("Ben", "Ana")], "Ben", "Cem", ""),
        ([("Ben", "Ana")], "Ana", "Cem", ""),
        ([("Ben", "Ana"), ("Ben", "")], "Ana", "Ben", ""),
    ],
)
def test_who_could_have_set_anothers_password_counts_as_one_with_them(
    desks: Desks, links: list[tuple[str, str]], opener: str, approver: str, phrase: str
) -> None:
    for name, by in links:
        desks.gives_link(name, by, at=desks.now - DAY)
    assert desks.opens(opener) == ""
    assert desks.approves(approver) == phrase


def test_a_link_that_is_given_back_after_the_opening_does_not_part_the_two(desks: Desks) -> None:
    desks.gives_link("Ben", "Ana", at=desks.now - DAY)
    assert desks.opens("Ben") == ""
    desks.gives_link("Ben", "", at=desks.now)
    assert desks.approves("Ana") == "mailbox_same_hands"


def test_it_takes_people_who_were_here_with_their_password_a_day_before_the_case(desks: Desks) -> None:
    desks.hire("Dora", at=desks.now - DAY + timedelta(seconds=1))
    assert desks.opens("Dora") == "mailbox_too_new"
    assert desks.opens("Ana") == ""
    desks.now += 10 * DAY
    assert desks.approves("Dora") == "mailbox_too_new"
    desks.gives_link("Ben", at=desks.now - 5 * DAY)
    assert desks.approves("Ben") == "mailbox_too_new"
    assert desks.approves("Cem") == ""


def test_somebody_disabled_or_without_a_password_does_nothing(desks: Desks) -> None:
    assert desks.opens("Ana") == ""
    with desks.database.transaction() as session:
        staff.disable(session, desks.now, "Ben")
        desks.members["Eve"] = staff.add(session, desks.now - 5 * DAY, "Eve").id
    assert desks.approves("Ben") == "not_your_duty"
    assert desks.approves("Eve") == "mailbox_too_new"
    assert desks.refuses("Ben") == "not_your_duty"


def test_either_can_end_a_case_before_and_after_it_is_approved(desks: Desks) -> None:
    assert desks.opens() == ""
    assert desks.refuses("Ana") == "mailbox_own_case"
    assert desks.refuses("Ben", " ") == "mailbox_why_missing"
    assert desks.withdraws("Ben") == "mailbox_not_own_case"
    assert desks.refuses("Ben") == ""
    assert desks.approves("Cem") == "mailbox_case_over"
    assert desks.opens() == ""
    assert desks.approves() == ""
    assert desks.withdraws("Ana") == ""
    assert desks.withdraws("Ana") == "mailbox_case_over"
    desks.delivers()
    desks.now += 10 * DAY
    assert desks.works() == []
    assert desks.email == "anngause@example.org"
    assert desks.case.state == "withdrawn"


def test_an_account_has_one_case_at_a_time(desks: Desks) -> None:
    assert desks.opens() == ""
    assert desks.opens("Ben") == "mailbox_case_open"
    assert desks.withdraws() == ""
    assert desks.opens("Ben") == ""


def test_a_case_belongs_to_its_ticket(desks: Desks) -> None:
    assert desks.opens() == ""
    with desks.database.transaction() as session:
        other = tickets.open_for_service(session, "Another", None, "en", desks.now, STATE_OFFICES)
    case = desks.case.id
    assert desks.does("Ben", lambda desk: lost_mailboxes.approve(desk, other, case)) == "mailbox_case_unknown"
    assert desks.approves(case=case + 1) == "mailbox_case_unknown"


def test_a_resolved_ticket_opens_and_approves_no_case(desks: Desks) -> None:
    assert desks.opens() == ""
    with desks.database.transaction() as session:
        session.execute(update(Ticket).values(state="resolved"))
    assert desks.approves() == "ticket_resolved"
    assert desks.withdraws() == ""
    assert desks.opens() == "ticket_resolved"
