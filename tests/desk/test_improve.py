"""What to improve: what people asked and what became of it, counted through conversations, on the page."""

import re
import time
from datetime import timedelta

import pytest

from bot.desk.chart import chart
from core import day_report
from core.business_days import CALIFORNIA
from core.day_report import Report
from core.staff import Member
from core.tables import DayCount, Message
from tests.databases import ON_BOTH
from tests.desk.office import Office, Person, ask_for_person
from tests.desk.visitors import Visitor, give_password, read
from tests.dialogue.test_statements import statements
from tests.world import Press, converse

KNOWN = "I forgot my username. How do I get it back?"
OTHER = "I forgot my password. How do I reset it?"
STRANGE = "zxqv blorp wibble"
VAGUE = "email"


@pytest.fixture
def at_desk(office: Office, ana: Member) -> Visitor:
    """Return Ana, signed in."""
    give_password(office, ana)
    visitor = Visitor(office)
    visitor.signs_in("Ana")
    return visitor


def counted(office: Office, days: int = 30) -> Report:
    """Count every day that is due; return the report of the last days."""
    while office.desk.count_day():
        pass
    today = office.world.now.astimezone(CALIFORNIA).date()
    with office.database.reading() as session:
        return day_report.report(session, today - timedelta(days=days - 1), today)


async def offered(person: Person) -> str:
    """Ask something of which the bot is not sure; return the label of the first choice."""
    await person.says(VAGUE)
    return person.replies[-1].buttons[0].label


@ON_BOTH
async def test_questions_are_counted_by_what_became_of_them(office: Office, person: Person) -> None:
    await converse(person, [(KNOWN, "username"), ("thank you", "welcome"), (STRANGE, "do not know")])
    choice = await offered(person)
    await person.says(Press(choice))
    total = counted(office).total
    assert (total.asked, total["answered"], total["offered"], total["chosen"], total["unknown"]) == (3, 1, 1, 1, 1)
    assert total.answers == 2


async def test_an_answer_after_which_the_same_is_asked_within_a_week_or_a_person_next_did_not_help(
    office: Office,
) -> None:
    world = office.world
    again, apart, later, unsure = (Person(world, str(each)) for each in range(4))
    await again.says(KNOWN)
    await again.says(KNOWN)
    await apart.says(KNOWN)
    await apart.says(OTHER)
    await later.says(KNOWN)
    await ask_for_person(unsure)
    assert counted(office).total.deflected == 1 - 1 / 5
    world.later(60 * 24 * 9)
    await later.says(KNOWN)
    await apart.says(OTHER)
    await ask_for_person(apart)
    report = counted(office)
    assert report.total.deflected == 1 - 2 / 7
    assert (report.entries["forgot_username"]["again"], report.entries["forgot_username"]["for_person"]) == (1, 0)
    assert report.entries["forgot_password"]["for_person"] == 1


async def test_who_says_that_it_did_not_help_marks_the_answer_and_is_offered_a_person(
    office: Office, person: Person
) -> None:
    await converse(
        person,
        [
            (KNOWN, "username"),
            ("That didn't help!", ("sorry", "[Talk to a person]")),
            ("not helpful", "sorry"),
        ],
    )
    report = counted(office)
    assert report.total["unhelpful"] == 1
    assert report.entries["forgot_username"]["unhelpful"] == 1
    assert report.total.asked == 1


async def test_the_button_under_an_answer_marks_it_as_words_do(office: Office, person: Person) -> None:
    await converse(person, [(KNOWN, "username"), (Press("That did not help"), "sorry"), (OTHER, "password")])
    report = counted(office)
    assert (report.total["unhelpful"], report.entries["forgot_username"]["unhelpful"]) == (1, 1)
    assert report.entries["forgot_password"]["unhelpful"] == 0


async def test_did_not_help_is_an_answer_while_the_bot_asks_what_was_tried(office: Office, person: Person) -> None:
    await converse(
        person, [("/person", "What happened?"), ("The page is blank", "tried"), ("did not help", "telephone")]
    )
    assert counted(office).total["unhelpful"] == 0


async def test_first_replies_and_promises_are_told_from_tickets(office: Office, ana: Member) -> None:
    numbers = [await ask_for_person(Person(office.world, str(each))) for each in range(4)]
    office.world.later(90)
    office.writes(ana, numbers[0], "Which page?")
    office.world.later(60 * 5)
    office.writes(ana, numbers[1], "Which page?")
    office.desk.resolve(ana, numbers[2] - 1000)
    office.world.later(60 * 24 * 3)
    office.writes(ana, numbers[3], "Sorry for the wait.")
    report = counted(office)
    assert report.total["escalated"] == 4
    assert report.first_replies == {2: 1, 7: 1, 79: 1}
    assert (report.first_reply_within(0.5), report.first_reply_within(0.9)) == (7, 79)
    assert (report.total["kept"], report.total["missed"]) == (3, 1)
    assert report.total.promises_kept == 0.75


async def test_a_day_is_counted_when_it_is_over_and_today_every_few_minutes(office: Office, person: Person) -> None:
    await person.says(KNOWN)
    assert counted(office).total.asked == 1
    assert not office.desk.count_day()
    await person.says(OTHER)
    assert counted(office).total.asked == 1
    office.world.later(6)
    assert counted(office).total.asked == 2
    office.world.later(60 * 24)
    assert counted(office).total.asked == 2
    today = office.world.now.astimezone(CALIFORNIA).date()
    rows = office.world.rows(DayCount)
    assert {each.counted_at for each in rows if each.day == today - timedelta(days=1)} == {office.world.now}
    assert len(rows) < 200


async def test_the_page_has_the_numbers_as_charts_and_as_a_table(
    office: Office, at_desk: Visitor, person: Person
) -> None:
    assert "Nothing has been counted" in at_desk.opens("/desk/improve")
    await converse(person, [(KNOWN, "username"), (STRANGE, "do not know"), ("not helpful", "sorry")])
    counted(office)
    page = at_desk.opens("/desk/improve?days=7")
    assert "2 asked of the bot" in page
    assert "100% of 1 answers" in page
    assert "1 said of an answer" in page
    rows = re.findall(r'<th scope="row">(\w+ \d+)</th>\s*((?:<td>\d+</td>\s*)+)', at_desk.page)
    assert [day for day, _ in rows] == [f"Nov {day}" for day in range(10, 17)]
    assert re.findall(r"\d+", rows[-1][1]) == ["2", "1", "0", "0", "1", "1", "0"]
    assert "Nov 16: Not known 1" in read(at_desk.page)
    assert at_desk.page.count("<svg") == 2
    assert "style=" not in at_desk.page
    assert at_desk.page.count('aria-current="page"') == 1


async def test_the_page_takes_as_many_statements_for_much_as_for_little(office: Office, at_desk: Visitor) -> None:
    taken = []
    for day in range(3):
        for number in range(day + 1):
            person = Person(office.world, f"{day}-{number}")
            await converse(
                person, [(KNOWN, "username"), (STRANGE + " x" * number, "do not know"), ("no help", "sorry")]
            )
        office.world.later(60 * 24)
        at_desk.signs_in("Ana")
        counted(office)
        waited(at_desk, "/desk/improve")
        with statements(office.database) as executed:
            at_desk.opens("/desk/improve")
        taken.append(len(executed))
    assert taken == [taken[0]] * 3


@pytest.mark.parametrize(
    ("days", "rows"), [("7", 7), ("30", 30), ("90", 13), ("365", 53), ("x", 30), ("8", 30), ("", 30)]
)
def test_a_period_is_chosen_and_a_long_one_is_told_by_week(at_desk: Visitor, days: str, rows: int) -> None:
    page = at_desk.opens(f"/desk/improve?days={days}")
    assert len(re.findall(r'<th scope="row">\w+ \d+</th>', at_desk.page)) == rows
    assert ("Week by week" in page) == (rows in {13, 53})


async def test_what_was_asked_in_vain_is_put_together_and_opens_its_messages(office: Office, at_desk: Visitor) -> None:
    person = Person(office.world)
    await person.says(STRANGE)
    for number, said in enumerate(["zxqv blorp", "Tr0ub4dor&3 blorp wibble zxqv", "what is a hooloovoo"]):
        await Person(office.world, str(number)).says(said)
    number = await ask_for_person(person)
    assert "being put together" in at_desk.opens("/desk/improve")
    page = waited(at_desk, "/desk/improve")
    assert "Asked: 3" in page
    link = next(
        found
        for found in re.findall(r'href="(/desk/improve/asked/[^"]+)"', at_desk.page)
        if "zxqv" in at_desk.opens(found)
    )
    behind = at_desk.opens(link)
    assert "[removed] blorp wibble zxqv" in behind
    assert "Tr0ub4dor" not in at_desk.page
    assert f"Ticket {number}" in behind
    assert "hooloovoo" not in behind


async def test_a_chat_that_was_forgotten_is_shown_no_more_at_once(office: Office, at_desk: Visitor) -> None:
    person = Person(office.world)
    await person.says(STRANGE)
    assert STRANGE in waited(at_desk, "/desk/improve")
    await converse(person, [("/forget", "Shall I?"), ("yes", "")])
    assert not [each for each in office.world.rows(Message) if each.text == STRANGE]
    assert STRANGE not in at_desk.opens("/desk/improve")


def test_messages_that_are_not_there_are_told_so(at_desk: Visitor) -> None:
    waited(at_desk, "/desk/improve")
    assert "no longer there" in at_desk.opens("/desk/improve/asked/77")
    assert at_desk.status == 404


def test_a_chart_is_scaled_to_its_largest_bar() -> None:
    made = chart(("a", "b"), ["x", "y"], [(30, 7), (0, 0)])
    assert [number for number, _ in made.lines] == [0, 10, 20, 30, 40]
    first, second = made.bars
    heights = {part.key: part.height for part in first.parts}
    zero, ten = made.lines[0][1], made.lines[1][1]
    assert heights["a"] == pytest.approx(3 * (zero - ten), abs=0.2)
    assert first.parts[1].y == pytest.approx(zero - 3.7 * (zero - ten), abs=0.2)
    assert [part.height for part in second.parts] == [0, 0]
    assert chart(("a",), [], []).lines == ((0, 176), (1, 10))


def waited(visitor: Visitor, path: str) -> str:
    """Open a page until what is made for it in the background is there."""
    until = time.monotonic() + 60
    while "Look again" in (page := visitor.opens(path)):
        assert time.monotonic() < until, page
        time.sleep(0.1)
    return page
