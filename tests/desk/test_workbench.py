"""What pages have made in the background: once for a key, the last while the next is made, again after a fault."""

from threading import Event

import pytest

from bot.desk.workbench import KEPT, WAITING, Workbench


def test_a_thing_is_made_once_for_its_key_and_the_last_is_shown_meanwhile() -> None:
    bench, go_on = Workbench(), Event()
    made: list[str] = []

    def make(name: str) -> str:
        go_on.wait(10)
        made.append(name)
        return name

    assert bench.newest("a", 1, lambda: make("first")) is None
    assert bench.newest("a", 1, lambda: make("never")) is None
    go_on.set()
    assert bench.finish(10)
    assert bench.newest("a", 1, lambda: make("never")) == "first"
    go_on.clear()
    assert bench.newest("a", 2, lambda: make("second")) == "first"
    go_on.set()
    assert bench.finish(10)
    assert bench.newest("a", 2, lambda: make("never")) == "second"
    assert made == ["first", "second"]


def test_what_fails_is_logged_and_made_when_it_is_asked_for_again(caplog: pytest.LogCaptureFixture) -> None:
    bench = Workbench()
    assert bench.newest("a", 1, lambda: 1 // 0) is None
    assert bench.finish(10)
    assert "could not be made" in caplog.text
    assert bench.newest("a", 1, lambda: 7) is None
    assert bench.finish(10)
    assert bench.newest("a", 1, lambda: 8) == 7


def test_few_wait_and_few_are_kept() -> None:
    bench, go_on = Workbench(), Event()
    for number in range(WAITING + 5):
        bench.newest(number, 1, lambda: go_on.wait(10))
    go_on.set()
    assert bench.finish(10)
    made = [bench.newest(number, 1, lambda: 0) is not None for number in range(WAITING + 5)]
    assert WAITING <= sum(made) <= WAITING + 1
    assert bench.finish(10)
    for number in range(KEPT + 5):
        bench.newest(f"later {number}", 1, lambda: 0)
        assert bench.finish(10)
    assert bench.newest(0, 2, lambda: 0) is None
    assert bench.finish(10)
