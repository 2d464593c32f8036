"""What a loaded library gives: entries with facts, wording with fields, letters, one matcher for each language."""

import threading
import time
from collections.abc import Callable, Iterable
from dataclasses import FrozenInstanceError
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any

import pytest
from markdown_it import MarkdownIt

import knowledge
from knowledge.library import Language, Library
from knowledge.matcher import Matcher
from tests.knowledge.shelf import SERVICE, Shelf


@pytest.fixture
def english(shelf: Shelf) -> Language:
    return shelf.load().language("en")


def test_an_answer_has_its_facts_and_those_of_the_service_filled_in(english: Language) -> None:
    entry = english.entries["forgot_username"]
    assert entry.answer == "Ask for it here. It comes within 15 minutes from bot@example.org."
    assert (entry.kind, entry.offer, entry.see) == ("faq", ("recover_username",), ("mail_missing",))
    assert (entry.source, entry.reviewed) == (("004",), date(2026, 11, 21))
    assert entry.phrasings[0] == entry.question
    assert len(entry.phrasings) == 3


def test_doubled_braces_become_braces_and_facts_go_in_as_they_are(english: Language) -> None:
    assert english.entries["mail_missing"].answer == "Wait 15 minutes, then write {this} to help_desk*@example.org."


def test_reactions_stand_among_the_entries_and_know_their_kind(english: Language) -> None:
    assert {entry.id: entry.kind for entry in english.entries.values()} == {
        "forgot_username": "faq",
        "mail_missing": "faq",
        "thanks": "reaction",
    }


def test_what_people_say_exactly_is_normalised(english: Language) -> None:
    assert english.words == {"cancel": {"cancel", "never mind"}, "no": {"no", "nope"}}
    assert english.flow("recover_username").start == {"send my username"}


def test_an_unknown_language_falls_back_to_english(shelf: Shelf) -> None:
    library = shelf.load()
    assert library.language("tlh") is library.languages["en"]
    assert library.language("en").name == "English"


def test_fields_show_literally_and_facts_as_they_are(english: Language) -> None:
    said = english.phrase("greeting", name="an****se@gmail.com <b>[x](y)")
    assert said == r"Hello an\*\*\*\*se@gmail.com \<b\>\[x\](y), write to **help_desk*@example.org**."
    assert english.phrase("greeting", name=15).startswith("Hello 15,")


@pytest.mark.parametrize(
    "text",
    [
        "a_b_c *d* `e` ~f~",
        "# heading",
        "- item\n+ item\n1. item\n2) item",
        "> quote",
        "x\n===",
        "x\n---",
        "&amp; \\ ![a](b)",
        "<https://example.org>",
        "a\n\n    code",
        "| a | b |\n|---|---|",
        "{support_email}",
        "10.5 - 3 = 7.5",
    ],
)
def test_no_text_of_a_person_becomes_markup(english: Language, text: str) -> None:
    tokens = MarkdownIt("commonmark").enable("table").parse(english.phrase("echo", name=text))
    pieces = [piece for token in tokens for piece in token.children or []]
    assert {token.type for token in tokens} <= {"paragraph_open", "inline", "paragraph_close"}
    assert {piece.type for piece in pieces} <= {"text", "softbreak"}
    assert "".join(piece.content for piece in pieces) == "".join(line.strip() for line in text.split("\n"))


def test_a_letter_takes_fields_as_they_are_and_keeps_its_subject_in_one_line(english: Language) -> None:
    letter = english.letter("reminder", first_name="An*ne\r\nBcc: all@example.org\u2028\x00")
    assert letter.subject == "Your username, An*ne Bcc: all@example.org"
    assert letter.body == "Dear An*ne\r\nBcc: all@example.org\u2028\x00,\nwrite to help_desk*@example.org."


def test_a_flow_asks_says_and_labels_its_options(english: Language) -> None:
    flow = english.flow("recover_username")
    assert flow.title == "Send my username"
    assert flow.ask("address") == "Which address? It takes 15 minutes."
    assert flow.say("sent", address="a_b@example.org") == r"It goes to a\_b@example.org."
    assert flow.option("address", "again") == "Again, 15 minutes later"
    assert (flow.has_ask("address"), flow.has_ask("sent")) == (True, False)
    assert (flow.has_option("address", "again"), flow.has_option("sent", "again")) == (True, False)


def test_missing_wording_names_the_text_its_file_and_the_fields(english: Language) -> None:
    flow = english.flow("recover_username")
    file = "en/flows/recover_username.yaml"
    calls: list[tuple[Callable[[], object], str]] = [
        (
            lambda: english.phrase("greetin", name="x"),
            "`greetin` is missing in en/phrases.yaml (fields given: name); did you mean `greeting`?",
        ),
        (
            lambda: english.phrase("lost"),
            "`lost` is missing in en/phrases.yaml (fields given: none); write `lost: …` there",
        ),
        (
            lambda: english.phrase("greeting"),
            "`greeting` in en/phrases.yaml needs {name}, which is no fact (fields given: none)",
        ),
        (
            lambda: flow.say("sent", adress="x"),
            f"`sent` in `say` of {file} needs {{address}}, which is no fact (fields given: adress)",
        ),
        (
            lambda: flow.ask("code"),
            f"`code` is missing in `ask` of {file} (fields given: none); write `code: …` there",
        ),
        (
            lambda: flow.option("code", "yes"),
            f"`code` is missing in `options` of {file}; write `yes: …` below it",
        ),
        (
            lambda: flow.option("address", "yes"),
            f"`yes` is missing in `options` `address` of {file} (fields given: none); write `yes: …` there",
        ),
        (
            lambda: english.flow("recover_user"),
            "there is no en/flows/recover_user.yaml; did you mean `recover_username`?",
        ),
        (
            lambda: english.letter("code"),
            "there is no en/letters/code.yaml; write that file",
        ),
    ]
    for call, text in calls:
        with pytest.raises(KeyError) as caught:
            call()
        assert str(caught.value) == text


def test_wording_tells_which_fields_it_needs(english: Language) -> None:
    assert english.fields() == {
        "phrases language_name": set(),
        "phrases echo": {"name"},
        "phrases greeting": {"name"},
        "flows/recover_username ask address": set(),
        "flows/recover_username say sent": {"address"},
        "flows/recover_username options address again": set(),
        "letters/reminder subject": {"first_name"},
        "letters/reminder button": set(),
        "letters/reminder not_me": {"first_name"},
        "letters/reminder body": {"first_name"},
    }


def test_a_library_cannot_be_changed(shelf: Shelf) -> None:
    library = shelf.load()
    english = library.language("en")
    entry, flow = english.entries["thanks"], english.flow("recover_username")
    for thing, name in ((library, "facts"), (english, "entries"), (entry, "answer"), (flow, "title")):
        with pytest.raises(FrozenInstanceError):
            setattr(thing, name, None)
    for mapping in (library.languages, library.facts, library.sources, english.entries, english.words, english.flows):
        assert not hasattr(mapping, "__setitem__")


def test_facts_and_sources_can_be_looked_up(shelf: Shelf) -> None:
    library = shelf.load()
    assert library.facts["wait_minutes"] == "15"
    assert library.facts["service_sender"] == SERVICE["service_sender"]
    assert library.sources["004"].address == "https://example.org/004"
    assert [example.entry for example in library.language("en").examples] == ["forgot_username", "unknown"]


def test_dates_are_compared_only_when_today_is_told(shelf: Shelf) -> None:
    shelf.change("en/reactions/small_talk.yaml", "2026-11-21", "2999-01-01")
    assert Library.load(shelf.folder, service=SERVICE).language("en").entries["thanks"].reviewed.year == 2999
    assert len(shelf.problems()) == 1


def test_the_matcher_is_built_once_whoever_asks(english: Language, monkeypatch: pytest.MonkeyPatch) -> None:
    fit = Matcher.fit
    fitted: list[Matcher] = []

    def slow_fit(pairs: Iterable[tuple[str, str]], **how: Any) -> Matcher:
        time.sleep(0.05)
        fitted.append(fit(pairs, **how))
        return fitted[-1]

    monkeypatch.setattr(Matcher, "fit", slow_fit)
    together = threading.Barrier(8)
    got: list[Matcher] = []

    def ask() -> None:
        together.wait()
        got.append(english.matcher)

    threads = [threading.Thread(target=ask) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(fitted) == 1
    assert got == fitted * 8


def test_the_matcher_knows_every_phrasing_of_entries_and_reactions(english: Language) -> None:
    ranked = english.matcher.rank("thx")
    assert ranked[0][0] == "thanks"
    assert {entry for entry, _ in ranked} == set(english.entries)


def many(entries: int, phrasings: int, prefix: str = "a") -> str:
    """So many entries with so many phrasings each, as one file; the prefix sets them apart from another file's."""
    return "\n".join(
        f"- id: {prefix}_{number}\n  question: How do I do number {number} of {prefix}?\n  also:\n"
        + "".join(f"    - phrasing {other} of number {number} of {prefix}, in a hurry\n" for other in range(phrasings))
        + "  answer: |\n    It takes {wait_minutes} minutes.\n\n    - first\n    - then\n"
        + "  source: ['004']\n  reviewed: 2026-11-21\n"
        for number in range(entries)
    )


def test_fifty_entries_load_in_a_quarter_of_a_second(shelf: Shelf) -> None:
    shelf.write("en/faq/many.yaml", many(50, 35))
    took = []
    for _ in range(3):
        began = time.perf_counter()
        shelf.load()
        took.append(time.perf_counter() - began)
    assert min(took) < 0.25, took


def test_two_thousand_entries_load_in_a_few_seconds(shelf: Shelf) -> None:
    for prefix in ("a", "b", "c", "d"):
        shelf.write(f"en/faq/many_{prefix}.yaml", many(500, 20, prefix))
    began = time.perf_counter()
    library = shelf.load()
    took = time.perf_counter() - began
    assert len(library.language("en").entries) == 2_003
    assert took < 5, took


def test_the_knowledge_of_this_package_has_no_problems() -> None:
    library = Library.load(service=SERVICE, today=datetime.now(UTC).date())
    entries = library.language("en").entries.values()
    assert sum(entry.kind == "faq" for entry in entries) == 35
    assert all(len(entry.also) >= 30 for entry in entries if entry.kind == "faq")


def test_what_the_editors_readme_shows_can_be_loaded(shelf: Shelf) -> None:
    readme = (Path(knowledge.__file__).parent / "README.md").read_text(encoding="utf-8")
    entry, fact, regulators, flow = (block.partition("```")[0] for block in readme.split("```yaml\n")[1:])
    shelf.write(
        "en/faq/umbrella.yaml", entry.replace("[person]", "[umbrella]").replace("[contact_support]", "[thanks]")
    )
    shelf.write("facts.yaml", (shelf.folder / "facts.yaml").read_bytes() + fact.encode())
    shelf.write("places.yaml", "counties: {Umbra: {cities: [Rainville]}}")
    shelf.write("regulators.yaml", regulators)
    shelf.write("en/flows/umbrella.yaml", flow)
    english = shelf.load().language("en")
    assert "help_desk*@example.org" in english.entries["lost_umbrella"].answer
    assert english.flow("umbrella").say("found", name="Ann") == "We found it, Ann."
    (county,) = english.places_meant("Umbra")
    assert [each.name for each in english.directory.apart(county.name)] == ["Rainville"]
