"""A running bot's knowledge: what an editor saves is served within a second; what is torn or broken, never."""

import logging
import random
import threading
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from knowledge.library import KnowledgeError, Library
from knowledge.watching import LOSS_SECONDS, QUIET_SECONDS, Watched
from tests.knowledge.shelf import WELL, Shelf

ANSWERS = "en/faq/recovery.yaml"
OLD, NEW = "Ask for it here.", "Ask for it at the counter."


class Clock:
    """A clock that a test sets forward."""

    def __init__(self) -> None:
        self.now = 0.0

    def __call__(self) -> float:
        return self.now


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def watched(shelf: Shelf, clock: Clock) -> Watched:
    return Watched(shelf.folder, shelf.load, clock=clock)


def answer(library: Library) -> str:
    return library.language("en").entries["forgot_username"].answer


def let_lie(watched: Watched, clock: Clock, seconds: float = QUIET_SECONDS) -> None:
    """Look at the files, and again when they have lain still for so long."""
    watched.look()
    clock.now += 1.01 * seconds
    watched.look()


def soon(fact: Callable[[], bool], seconds: float = 5.0) -> bool:
    """Return whether the fact comes true in that time."""
    until = time.monotonic() + seconds
    while time.monotonic() < until:
        if fact():
            return True
        time.sleep(0.01)
    return fact()


def test_a_saved_edit_is_served_soon(shelf: Shelf) -> None:
    watched = Watched(shelf.folder, shelf.load)
    with watched.following():
        time.sleep(0.2)
        shelf.change(ANSWERS, OLD, NEW)
        assert soon(lambda: NEW in answer(watched()))


def test_a_file_exchanged_by_renaming_is_served_soon(shelf: Shelf) -> None:
    watched = Watched(shelf.folder, shelf.load)
    with watched.following():
        time.sleep(0.2)
        beside = shelf.folder / "en/faq/.recovery.yaml.new"
        beside.write_text((shelf.folder / ANSWERS).read_text().replace(OLD, NEW))
        beside.replace(shelf.folder / ANSWERS)
        assert soon(lambda: NEW in answer(watched()))


def test_whoever_wants_to_know_is_told_of_each_library_that_is_served(shelf: Shelf) -> None:
    watched = Watched(shelf.folder, shelf.load)
    told: list[Library] = []
    with watched.following(told.append):
        time.sleep(0.2)
        shelf.change(ANSWERS, OLD, NEW)
        assert soon(lambda: len(told) == 1)
    assert told == [watched()]


def test_a_folder_exchanged_behind_a_link_is_served(shelf: Shelf, tmp_path: Path) -> None:
    link = tmp_path / "current"
    link.symlink_to(shelf.folder)
    other = Shelf(tmp_path / "other")
    other.change(ANSWERS, OLD, NEW)
    watched = Watched(link, lambda: Library.load(link, service={"service_sender": "bot@example.org"}))
    with watched.following():
        time.sleep(0.2)
        (tmp_path / "next").symlink_to(other.folder)
        (tmp_path / "next").replace(link)
        assert soon(lambda: NEW in answer(watched()))
        other.change(ANSWERS, NEW, "Ask nobody.")
        assert soon(lambda: "Ask nobody." in answer(watched()))


def test_a_folder_that_vanishes_and_comes_back_is_served_again(shelf: Shelf) -> None:
    watched = Watched(shelf.folder, shelf.load)
    away = shelf.folder.with_name("away")
    with watched.following():
        time.sleep(0.2)
        shelf.folder.rename(away)
        time.sleep(1.5)
        assert OLD in answer(watched())
        away.rename(shelf.folder)
        shelf.change(ANSWERS, OLD, NEW)
        assert soon(lambda: NEW in answer(watched()))


def test_what_was_handed_out_does_not_change(shelf: Shelf, watched: Watched, clock: Clock) -> None:
    before = watched()
    shelf.change(ANSWERS, OLD, NEW)
    let_lie(watched, clock)
    assert (OLD in answer(before), NEW in answer(watched())) == (True, True)


def test_a_file_that_is_still_being_written_is_not_read(shelf: Shelf, watched: Watched, clock: Clock) -> None:
    before = watched()
    text = WELL[ANSWERS]
    for end in range(200, len(text), 50):
        shelf.write(ANSWERS, text.replace(OLD, NEW)[:end])
        assert watched.look() == QUIET_SECONDS
        clock.now += 0.9 * QUIET_SECONDS
        watched.look()
        assert watched() is before
    shelf.write(ANSWERS, text.replace(OLD, NEW))
    let_lie(watched, clock)
    assert NEW in answer(watched())


def test_a_broken_file_is_not_served_and_its_problems_are_logged_once(
    shelf: Shelf, watched: Watched, clock: Clock, caplog: pytest.LogCaptureFixture
) -> None:
    before = watched()
    shelf.change("en/words.yaml", "[no, nope]", "no")
    for _ in range(5):
        let_lie(watched, clock)
        (shelf.folder / "en/words.yaml").touch()
    assert watched() is before
    errors = [record.getMessage() for record in caplog.records if record.levelno >= logging.ERROR]
    assert len(errors) == 1
    assert "en/words.yaml:2:5: `no` must be a list" in errors[0]


def test_a_mended_file_is_served_and_the_next_mistake_is_logged_again(
    shelf: Shelf, watched: Watched, clock: Clock, caplog: pytest.LogCaptureFixture
) -> None:
    for _ in range(2):
        shelf.change("en/words.yaml", "[no, nope]", "no")
        let_lie(watched, clock)
        shelf.change("en/words.yaml", "no: no", "no: [no, nope]")
        shelf.change(ANSWERS, OLD if OLD in answer(watched()) else NEW, NEW)
        let_lie(watched, clock)
        assert NEW in answer(watched())
    assert sum(record.levelno >= logging.ERROR for record in caplog.records) == 2


def test_what_vanishes_is_served_on_until_the_files_have_lain_still_for_long(
    shelf: Shelf, watched: Watched, clock: Clock
) -> None:
    shelf.write("en/phrases.yaml", "language_name: English\necho: '{name}'\n")
    let_lie(watched, clock, 0.9 * LOSS_SECONDS)
    assert watched().language("en").phrase("greeting", name="Ann")
    clock.now += 0.2 * LOSS_SECONDS
    watched.look()
    with pytest.raises(KeyError):
        watched().language("en").phrase("greeting", name="Ann")


def test_none_of_a_thousand_torn_writes_is_served(shelf: Shelf, watched: Watched, clock: Clock) -> None:
    rng = random.Random(1)
    whole = {name: (shelf.folder / name).read_bytes() for name in WELL if name != "en/examples.yaml"}
    before = watched()
    for _ in range(1_000):
        name = rng.choice(list(whole))
        shelf.write(name, whole[name][: rng.randrange(len(whole[name]))])
        let_lie(watched, clock)
        same = watched().language("en")
        assert same.entries == before.language("en").entries
        assert same.fields() == before.language("en").fields()
        assert (same.words, watched().facts) == (before.language("en").words, before.facts)
        shelf.write(name, whole[name])


def test_readers_see_whole_libraries_alone_while_an_editor_writes_in_pieces(shelf: Shelf) -> None:
    watched = Watched(shelf.folder, shelf.load)
    text = (shelf.folder / ANSWERS).read_text()
    versions = [f"Ask for it at counter {number}." for number in range(8)]
    entries: set[frozenset[str]] = set()
    answers: set[str] = set()
    over = threading.Event()

    def read() -> None:
        while not over.wait(0.001):
            library = watched()
            entries.add(frozenset(library.language("en").entries))
            answers.add(answer(library).partition(".")[0] + ".")

    reader = threading.Thread(target=read, daemon=True)
    reader.start()
    with watched.following():
        for version in versions:
            written = text.replace(OLD, version)
            with (shelf.folder / ANSWERS).open("w", encoding="utf-8") as file:
                for start in range(0, len(written), 100):
                    file.write(written[start : start + 100])
                    file.flush()
                    time.sleep(0.01)
        served = soon(lambda: versions[-1] in answer(watched()))
    over.set()
    reader.join()
    assert served
    assert entries == {frozenset({"forgot_username", "mail_missing", "thanks"})}
    assert answers <= {OLD, *versions}


def test_a_folder_that_cannot_be_used_at_the_start_is_refused(shelf: Shelf) -> None:
    shelf.change("en/words.yaml", "[no, nope]", "no")
    with pytest.raises(KnowledgeError):
        Watched(shelf.folder, shelf.load)
