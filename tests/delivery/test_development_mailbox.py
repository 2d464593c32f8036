"""The development mailbox: what would be mailed is kept once, in order, and readable."""

from pathlib import Path

from bot.delivery.post import DevelopmentMailbox
from tests.delivery.stand_ins import letter


async def test_the_development_mailbox_shows_what_a_recipient_would_see(tmp_path: Path) -> None:
    mailbox = DevelopmentMailbox(tmp_path / "new" / "mailbox")
    await mailbox.hand_in(letter("dana@example.org", "Hello José\n.\n\n", number=1))
    await mailbox.hand_in(letter("omar@example.org", "Hello Omar\n", number=2))
    kept = DevelopmentMailbox(tmp_path / "new" / "mailbox").letters()
    assert [(each.number, each.to, each.subject, each.body) for each in kept] == [
        (2, "omar@example.org", "Your username", "Hello Omar"),
        (1, "dana@example.org", "Your username", "Hello José\n."),
    ]
    assert kept[0].at.isoformat() == "2026-11-16T18:00:00+00:00"


async def test_g2_a_mail_that_comes_again_is_kept_once(tmp_path: Path) -> None:
    mailbox = DevelopmentMailbox(tmp_path)
    for number in (1, 2, 1, 1, 2):
        await mailbox.hand_in(letter(number=number))
    assert [each.number for each in mailbox.letters()] == [2, 1]


async def test_a_mail_that_was_thrown_away_gives_its_place_to_none(tmp_path: Path) -> None:
    mailbox = DevelopmentMailbox(tmp_path)
    for number in (1, 2, 3):
        await mailbox.hand_in(letter(f"n{number}@example.org", number=number))
    (tmp_path / "000001.eml").unlink()
    await mailbox.hand_in(letter("n4@example.org", number=4))
    assert [(each.number, each.to) for each in mailbox.letters()] == [
        (4, "n4@example.org"),
        (3, "n3@example.org"),
        (2, "n2@example.org"),
    ]
