"""Every mistake in a knowledge file is named with its file, line and column, and with what to write instead."""

from pathlib import Path

import pytest

from knowledge.library import KnowledgeError
from tests.knowledge.shelf import Shelf

FAQ = "en/faq/recovery.yaml"
FLOW = "en/flows/recover_username.yaml"

MISTAKES = [
    # what an editor writes in place of what was right, and the line that says so
    (FAQ, "id: mail_missing", "idd: mail_missing", ":12:3: there is no key `idd` here; did you mean `id`?"),
    (FAQ, "id: mail_missing", "id: Mail-Missing", ":12:7: `Mail-Missing` is not a name; use lower-case letters"),
    (FAQ, "id: mail_missing", "id: forgot_username", ":12:7: there is an entry `forgot_username` already, in en/faq"),
    (FAQ, "  question: The mail has not come.\n", "", ":12:3: `question` is missing here; write `question: …`"),
    (FAQ, "The mail has not come.", "''", ":13:13: this text is empty; write something, or remove it"),
    (FAQ, "The mail has not come.", "", ":13:3: `question` has no value; write `question: …`"),
    (FAQ, "The mail has not come.", "{a: b}", ":13:13: `question` must be text; put text in quotes"),
    (FAQ, "The mail has not come.", "Mail: has it: come", ":13:17: no `:` is expected here; put the text in quotes"),
    (FAQ, "The mail has", "The\tmail has", ":13:16: a tab stands here; write spaces instead"),
    (FAQ, "The mail has", "The\u200bmail has", ":13:16: the invisible character U+200B stands here; delete it"),
    (FAQ, "The mail has", "The \x07mail has", ":13:17: the invisible character U+0007 stands here; delete it"),
    (FAQ, "[no mail, where is my mail]", "[]", ":14:9: `also` is empty; write `also:` and below it `- `"),
    (FAQ, "[no mail, where is my mail]", "no mail", ":14:9: `also` must be a list; write `also:`"),
    (FAQ, "[no mail, where is my mail]", "- no mail", ":14:9: a list cannot begin here; begin it in the next line"),
    (FAQ, "[no mail, where is my mail]", "[, no mail]", ":14:10: an item is missing here; write it"),
    (FAQ, "lost my user id", "911", ':5:7: this item must be text; put it in quotes: "911"'),
    (FAQ, "lost my user id", "true", ':5:7: this item must be text; put it in quotes: "true"'),
    (FAQ, "lost my user id", "2026-11-21", ':5:7: this item must be text; put it in quotes: "2026-11-21"'),
    (FAQ, "lost my user id", "WHAT was  my login name again", f":5:7: this phrasing stands in {FAQ} line 4 already"),
    (FAQ, "lost my user id", "no mail", f":14:10: this phrasing stands in {FAQ} line 5 already; keep it in one place"),
    (FAQ, "    - lost", "     - lost", ":5:6: this item runs into the text above it; indent its `-`"),
    (FAQ, "lost my user id", "@you", ":5:7: text cannot begin with this character; put the text in quotes"),
    (FAQ, "lost my user id", "**lost**", ":5:8: text cannot begin with `*` or `&`; put the text in quotes"),
    (FAQ, "lost my user id", "'it's lost'", ":5:11: this is no item of the list above; begin it in the column"),
    (FAQ, "lost my user id", '"lost', ":5:7: the quotation mark that opens here is closed in line 10 only; close it"),
    (FAQ, "lost my user id", '"lost \\q"', ":5:13: `\\` begins nothing known; use single quotes"),
    (FAQ, "lost my user id", "*lost", ":5:7: `*lost` is an alias; write the text out"),
    (FAQ, "lost my user id", "&lost id", ":5:7: `&lost` is an anchor; remove it"),
    (FAQ, "lost my user id", "!lost id", ":5:7: `!lost` is a tag; remove it"),
    (FAQ, "lost my user id", "!!python/object/apply:os.abort []", ":5:7: `!!python/object/apply:os.abort` is a tag"),
    (FAQ, "{{this}}", "{this", ":15:11: a brace stands alone in “then write {this to {sup”; write {name}"),
    (FAQ, "{{this}}", "this}", ":15:11: a brace stands alone in “n write this} to {support”; write {name}"),
    (FAQ, "{support_email}", "{suport_email}", ":15:11: `{suport_email}` is no fact; did you mean `support_email`?"),
    (FAQ, "{support_email}", "{moon}", ":15:11: `{moon}` is no fact; add it to facts.yaml"),
    (FAQ, "{support_email}", "{sun} {moon}", ":15:11: `{moon}`, `{sun}` are no facts; add it to facts.yaml"),
    (FAQ, "{{this}}", "<b>this</b>", ":15:11: the answer has HTML, which not every channel can show; leave it out"),
    (FAQ, "offer: [recover", "offer: [recuver", ":8:11: `recuver_username` is no action (a file in flows/)"),
    (FAQ, "see: [mail_missing]", "see: [mail_mising]", ":9:9: `mail_mising` is no entry; did you mean `mail_missing`?"),
    (FAQ, 'source: ["004"]', "source: [0004]", ":10:12: `0004` is no source in sources.yaml; did you mean `004`?"),
    (FAQ, 'source: ["004"]', "source: []", ":10:11: `source` is empty; write ids of sources in brackets"),
    (FAQ, "reviewed: 2026-11-20", "reviewed: 2026-11-22", ":17:13: 2026-11-22 lies in the future; write the day"),
    (FAQ, "reviewed: 2026-11-20", "reviewed: 2026-02-30", ":17:13: `reviewed` must be a date; write the day"),
    (FAQ, "reviewed: 2026-11-20", "reviewed: 20/11/2026", ":17:13: `reviewed` must be a date; write the day"),
    (FAQ, "reviewed: 2026-11-20", "reviewed: 12:30", ":17:13: `reviewed` must be a date; write the day"),
    (FAQ, "reviewed: 2026-11-20", "reviewed: 2026-11-20\n  id: x", ":18:3: the key `id` was there in line 12 already"),
    ("facts.yaml", "value: 15", "value: true", ":2:10: the value of a fact is text or a whole number; write it"),
    ("facts.yaml", "  value: 15\n", "", ":2:3: `value` is missing here; write the value, as `value: 30`"),
    ("facts.yaml", 'source: ["004"]', "source: [005]", ":3:12: `005` is no source in sources.yaml; did you mean"),
    ("facts.yaml", "    reason: only 004 names a time\n", "", ":5:5: `reason` is missing here; write why this source"),
    ("facts.yaml", "2026-11-20", "2026-12-20", ":5:11: 2026-12-20 lies in the future; write the day"),
    ("facts.yaml", "support_email:", "service_url:", ":8:3: `service_url` comes from the running service; remove it"),
    ("sources.yaml", "title: Forgotten", "titel: Forgotten", ":5:3: there is no key `titel` here; did you mean"),
    (FLOW, "title: Send", "titel: Send", ":1:1: there is no key `titel` here; did you mean `title`?"),
    (FLOW, "  address: Which", "  Address: Which", ":4:3: `Address` is not a name; use lower-case letters"),
    (FLOW, "Again, {wait_minutes}", "Again, {wait_minuts}", ":7:12: `{wait_minuts}` is no fact; did you mean"),
    (FLOW, "[Send my username!]", "['?!']", ":2:9: nothing is left of `?!` once punctuation is taken away"),
    ("en/letters/reminder.yaml", "body:", "boddy:", ":2:1: there is no key `boddy` here; did you mean `body`?"),
    ("en/phrases.yaml", "Hello {name}", "Hello {Name}", ":3:11: a brace stands alone in “Hello {Name}, write”;"),
    ("en/phrases.yaml", "English", "[English]", ":1:16: `language_name` must be text; write keys of phrases"),
    ("en/words.yaml", "[no, nope]", "no", ":2:5: `no` must be a list; write control words"),
    ("en/examples.yaml", "entry: forgot_username", "entry: forgot_user", ":2:10: `forgot_user` is no entry; did you"),
]


@pytest.mark.parametrize(("file", "right", "wrong", "line"), MISTAKES)
def test_a_mistake_is_named_with_its_place_and_its_mend(
    shelf: Shelf, file: str, right: str, wrong: str, line: str
) -> None:
    shelf.change(file, right, wrong)
    problems = shelf.problems()
    assert any(problem.startswith(file + line) for problem in problems), problems


def test_all_mistakes_of_all_files_come_at_once_and_sorted(shelf: Shelf) -> None:
    shelf.change("sources.yaml", "title: Forgotten", "titel: Forgotten")
    shelf.change(FAQ, "lost my user id", "911")
    shelf.change(FAQ, "{support_email}", "{suport_email}")
    shelf.change("en/words.yaml", "[no, nope]", "no")
    with pytest.raises(KnowledgeError) as caught:
        shelf.load()
    assert [(problem.file, problem.line) for problem in caught.value.problems] == [
        (FAQ, 5),
        (FAQ, 15),
        ("en/words.yaml", 2),
        ("sources.yaml", 5),
        ("sources.yaml", 5),
    ]


def test_one_unreadable_file_does_not_make_others_look_wrong(shelf: Shelf) -> None:
    shelf.write("en/reactions/broken.yaml", "- [")
    shelf.change(FAQ, "see: [mail_missing]", "see: [said_in_the_broken_file]")
    shelf.write("sources.yaml", "- [")
    shelf.write("facts.yaml", "- [")
    assert [line.split(":")[0] for line in shelf.problems()] == [
        "en/reactions/broken.yaml",
        "facts.yaml",
        "sources.yaml",
    ]


def test_broken_facts_alone_are_a_problem_of_facts_alone(shelf: Shelf) -> None:
    shelf.write("facts.yaml", "- [")
    assert [line.split(":")[0] for line in shelf.problems()] == ["facts.yaml"]


def test_an_answer_may_have_900_characters_once_facts_are_filled_in(shelf: Shelf) -> None:
    name, filled = "{support_email}", "help_desk*@example.org"
    shelf.change(FAQ, "{{this}} to {support_email}.", "it to " + "x" * (900 - 34 - len(filled)) + name)
    assert len(shelf.load().language("en").entries["mail_missing"].answer) == 900
    shelf.change(FAQ, "it to ", "it to y")
    assert shelf.problems() == [
        f"{FAQ}:15:11: the answer has 901 characters; shorten it to 900, or make two entries of it"
    ]


def test_a_fact_that_the_system_enforces_otherwise_is_refused(shelf: Shelf) -> None:
    assert shelf.problems(wait_minutes=15) == []
    assert shelf.problems(wait_minutes=20) == [
        "facts.yaml:2:10: `wait_minutes` says 15, and the system enforces 20; "
        "write 20; the rule itself stands in core/rules.py"
    ]


def test_one_text_cannot_start_two_flows(shelf: Shelf) -> None:
    shelf.write("en/flows/other.yaml", "title: Other\nstart: [send my USERNAME]\n")
    assert [line.partition(";")[0] for line in shelf.problems()] == [
        "en/flows/recover_username.yaml:1:1: `Send my username!` starts en/flows/other.yaml already"
    ]


def test_another_language_lacks_no_sentence_that_english_has(shelf: Shelf) -> None:
    for file in sorted((shelf.folder / "en").rglob("*.yaml")):
        shelf.write("es" + str(file.relative_to(shelf.folder))[2:], file.read_bytes())
    assert shelf.problems() == []
    shelf.change("es/phrases.yaml", "Hello {name}", "Hola {nombre}")
    shelf.change("es/flows/recover_username.yaml", "sent:", "gone:")
    shelf.change("es/words.yaml", "cancel:", "cancelar:")
    assert [line.partition(";")[0] for line in shelf.problems()] == [
        "es/flows/recover_username.yaml:1:1: `say sent` is missing, which the bot says",
        "es/phrases.yaml:1:1: `greeting` uses {nombre}, which it is not given",
        "es/words.yaml:1:1: `cancel` is missing, which the bot hears",
    ]


def test_missing_files_and_folders_are_named(shelf: Shelf, tmp_path: Path) -> None:
    (shelf.folder / "en/phrases.yaml").unlink()
    (shelf.folder / "facts.yaml").unlink()
    assert shelf.problems() == [
        "en/phrases.yaml:1:1: the file is missing; write it, see README.md",
        "facts.yaml:1:1: the file is missing; write it, see README.md",
    ]
    shelf.folder = tmp_path / "nowhere"
    assert "there is no such folder" in shelf.problems()[0]
