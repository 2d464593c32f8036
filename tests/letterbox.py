"""A mail server of the tests: it keeps what it takes, and refuses what it is told to refuse."""

from email.message import EmailMessage

from bot.delivery.post import KeptLetter, MailRefused, kept_letter


class Letterbox:
    """Takes mails like a mail server; `refusal` makes it refuse them."""

    def __init__(self) -> None:
        self.mails: list[EmailMessage] = []
        self.refusal: MailRefused | None = None

    async def hand_in(self, mail: EmailMessage) -> None:
        """Keep the mail, or refuse it."""
        if self.refusal is not None:
            raise self.refusal
        self.mails.append(mail)

    @property
    def letters(self) -> list[KeptLetter]:
        """What arrived, oldest first."""
        return [kept_letter(number, mail) for number, mail in enumerate(self.mails)]
