"""The inbox: kept once, readable to nobody else, handled once, set aside when it crashes (G1, S2)."""

import time
from concurrent.futures import ThreadPoolExecutor
from datetime import datetime, timedelta
from pathlib import Path

import pytest
from sqlalchemy import select

from core import inbox, rules
from core.database import Database
from core.inbox import Arrival, Claim
from core.keys import Keys
from core.tables import Received


class Channel:
    """A channel that hands in messages, on one database."""

    def __init__(self, database: Database, keys: Keys, now: datetime) -> None:
        self.database = database
        self.keys = keys
        self.now = now
        self.chat = ""  # the one chat of all messages; else each has a chat of its own

    def accepts(self, *keys: str, payload: bytes = b"my password is Example1", channel: str = "test") -> None:
        with self.database.transaction() as session:
            inbox.accept(
                session, self.keys, [Arrival(channel, key, self.chat or key, payload) for key in keys], self.now
            )

    def claims(self, key: str, channel: str = "test") -> bool:
        with self.database.transaction() as session:
            return inbox.claim_all(session, channel, {key: self.chat or key}, self.now)[key] is Claim.OURS

    def crashes(self, key: str) -> bool:
        with self.database.transaction() as session:
            return inbox.failed(session, "test", key, self.now)

    def unhandled(self, keys: Keys | None = None) -> list[str]:
        with self.database.transaction() as session:
            return [each.key for each in inbox.unhandled(session, keys or self.keys, "test")]

    def rows(self) -> list[Received]:
        with self.database.transaction() as session:
            return list(session.scalars(select(Received).order_by(Received.id)))


@pytest.fixture
def channel(database: Database, keys: Keys, now: datetime) -> Channel:
    """Return a channel that has handed in nothing."""
    return Channel(database, keys, now)


def test_g1_a_message_that_comes_again_changes_nothing(channel: Channel) -> None:
    channel.accepts("1", "2")
    first = [(row.id, row.payload, row.received_at) for row in channel.rows()]
    channel.now += timedelta(hours=1)
    channel.accepts("2", "1", payload=b"something else")
    assert [(row.id, row.payload, row.received_at) for row in channel.rows()] == first


def test_a_batch_may_be_empty_or_hold_a_message_twice(channel: Channel) -> None:
    channel.accepts()
    channel.accepts("1", "1")
    assert channel.unhandled() == ["1"]


def test_the_same_number_on_another_channel_is_another_message(channel: Channel) -> None:
    channel.accepts("1")
    channel.accepts("1", channel="other")
    assert [channel.claims("1"), channel.claims("1", "other"), channel.claims("1"), channel.claims("1", "other")] == [
        True,
        True,
        False,
        False,
    ]


@pytest.mark.parametrize("kept_before", [True, False], ids=["accepted before", "entered by the claim"])
def test_g1_a_message_is_claimed_once(channel: Channel, *, kept_before: bool) -> None:
    if kept_before:
        channel.accepts("1")
    assert [channel.claims("1") for _ in range(3)] == [True, False, False]
    assert [(row.payload, row.handled_at) for row in channel.rows()] == [(None, channel.now)]


@pytest.mark.parametrize("kept_before", [True, False], ids=["accepted before", "entered by the claim"])
def test_g1_of_eight_who_claim_at_once_one_handles_it(channel: Channel, *, kept_before: bool) -> None:
    if kept_before:
        channel.accepts(*map(str, range(10)))
    with ThreadPoolExecutor(8) as threads:
        claimed = list(threads.map(lambda number: channel.claims(str(number % 10)), range(80)))
    assert claimed.count(True) == 10


def test_a_message_is_claimed_that_is_accepted_in_the_same_moment(channel: Channel) -> None:
    with ThreadPoolExecutor(1) as thread:
        with channel.database.transaction() as session:
            inbox.accept(session, channel.keys, [Arrival("test", "1", "1", b"{}")], channel.now)
            claimed = thread.submit(channel.claims, "1")
            time.sleep(0.2)  # it looks, and waits for what is not committed
            assert not claimed.done()
        assert claimed.result()
    assert channel.unhandled() == []


def test_g1_a_claim_that_is_rolled_back_leaves_the_message_to_be_handled(channel: Channel) -> None:
    channel.accepts("1")

    def claims_and_crashes(key: str) -> None:
        with channel.database.transaction() as session:
            assert inbox.claim_all(session, "test", {key: key}, channel.now)[key] is Claim.OURS
            raise ConnectionError

    for key in ("1", "2"):
        with pytest.raises(ConnectionError):
            claims_and_crashes(key)
    assert channel.unhandled() == ["1"]
    assert channel.claims("1")
    assert channel.claims("2")


def test_what_a_crash_left_behind_comes_back_in_order(channel: Channel) -> None:
    channel.accepts("3", "1")
    channel.accepts("2", "4")
    channel.claims("1")
    assert channel.unhandled() == ["3", "2", "4"]


def test_g5_a_message_is_claimed_after_the_earlier_ones_of_its_chat(channel: Channel) -> None:
    channel.chat = "17"
    channel.accepts("3", "1")
    channel.chat = "18"
    channel.accepts("2")
    with channel.database.transaction() as session:
        claims = inbox.claim_all(session, "test", {"1": "17", "2": "18", "never came": "19"}, channel.now)
    assert claims == {"1": Claim.NOT_YET, "2": Claim.OURS, "never came": Claim.OURS}
    channel.chat = "17"
    assert [channel.claims("1"), channel.claims("3"), channel.claims("1")] == [False, True, True]
    with channel.database.transaction() as session:
        assert inbox.claim_all(session, "test", {"1": "17"}, channel.now) == {"1": Claim.HANDLED}


def test_a_message_that_can_never_be_handled_holds_its_chat_up_for_ten_minutes(channel: Channel) -> None:
    channel.chat = "17"
    channel.accepts("1", "2")
    channel.now += timedelta(minutes=rules.INBOX_ORDER_MINUTES) - timedelta(seconds=1)
    assert not channel.claims("2")
    channel.now += timedelta(seconds=1)
    assert channel.claims("2")


def test_the_chats_with_work_left_behind_are_found_and_read_one_by_one(channel: Channel) -> None:
    channel.chat = "17"
    channel.accepts("1", "2", "3")
    before = channel.now
    channel.now += timedelta(seconds=1)
    channel.chat = "18"
    channel.accepts("4")
    with channel.database.transaction() as session:
        assert inbox.waiting_chats(session, "test", before, channel.now) == ["17"]
        assert sorted(inbox.waiting_chats(session, "test", channel.now, channel.now)) == ["17", "18"]
        assert [each.key for each in inbox.unhandled(session, channel.keys, "test", "17", limit=2)] == ["1", "2"]


def test_what_was_accepted_while_the_clock_was_ahead_is_work_left_behind(channel: Channel) -> None:
    channel.accepts("1")
    now = channel.now - timedelta(hours=1)
    with channel.database.transaction() as session:
        assert inbox.waiting_chats(session, "test", now, now) == ["1"]


def test_s2_a_payload_is_sealed_and_blanked_once_it_was_handled(channel: Channel, tmp_path: Path) -> None:
    channel.accepts("1")
    with channel.database.transaction() as session:
        (arrival,) = inbox.unhandled(session, channel.keys, "test")
    assert arrival == Arrival("test", "1", "1", b"my password is Example1")
    (row,) = channel.rows()
    assert row.payload is not None
    assert b"password" not in row.payload
    channel.claims("1")
    assert [row.payload for row in channel.rows()] == [None]
    channel.database.close()
    assert b"Example1" not in b"".join(path.read_bytes() for path in tmp_path.glob("core.db*"))


def test_what_was_sealed_with_an_unknown_key_waits_and_holds_nothing_up(
    channel: Channel, caplog: pytest.LogCaptureFixture
) -> None:
    channel.accepts("1")
    old, channel.keys = channel.keys, Keys("another key of the tests, as long as the first")
    channel.accepts("2")
    assert channel.unhandled() == ["2"]
    assert "message 1 of test cannot be opened" in caplog.text
    assert channel.unhandled(old) == ["1"]


def test_a_message_that_crashes_its_turn_three_times_is_set_aside_and_blanked(channel: Channel) -> None:
    channel.accepts("1", "2")
    assert [channel.crashes("1") for _ in range(rules.INBOX_TRIES + 1)] == [False, False, True, False]
    assert channel.unhandled() == ["2"]
    assert not channel.claims("1")
    assert channel.rows()[0].payload is None


def test_a_message_that_was_handled_does_not_count_as_crashed(channel: Channel) -> None:
    channel.claims("1")
    assert not any(channel.crashes(key) for key in ("1", "never came") for _ in range(5))
