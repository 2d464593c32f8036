"""Every flow's way from its beginning to its end, as pairs of said and heard, for all channels to walk."""

from dataclasses import dataclass

from core.tables import AccountRequest, Base, FollowUp, Ticket
from tests.world import Characters, Heard, MailedCode, Press, Said, Wait


@dataclass(frozen=True)
class Path:
    """A flow's way: name and title, what is said and heard, and how many rows it leaves where at its end."""

    name: str
    title: str
    pairs: tuple[tuple[Said, Heard], ...]
    leaves: tuple[tuple[type[Base], int], ...] = ()
    opening: int = 1  # how many pairs stand before the flow's second question


WAYS = (
    Path(
        "resend_activation",
        "Send my activation mail again",
        (
            ("resend my activation email", "the e-mail address that you registered with"),
            ("my username is omarwash", "<characters>"),
            (Characters(), "to the e-mail address on file"),
        ),
        ((AccountRequest, 1), (FollowUp, 1)),
    ),
    Path(
        "recover_username",
        "Recover my username",
        (
            ("recover my username", "What is the e-mail address of your account?"),
            ("it's Dana@Example.org, thanks", "<characters>"),
            (Characters(), "d****@example.org"),
        ),
        ((AccountRequest, 1), (FollowUp, 1)),
    ),
    Path(
        "reset_password",
        "Reset my password",
        (
            ("reset my password", "What is your username, or the e-mail address"),
            ("dana@example.org", "<characters>"),
            (Press("Mail me a code instead"), "I am mailing a code of 8 digits"),
            (MailedCode(wrong=True), "That did not match, or it has expired"),
            (MailedCode(), ("d****@example.org", "60 minutes")),
        ),
        ((AccountRequest, 2), (FollowUp, 1)),
    ),
    Path(
        "person",
        "Talk to a person",
        (
            ("/person", "What happened?"),
            ("The activation link says it was used already.", "What have you tried so far?"),
            ("I opened it in another browser", "at which telephone number?"),
            ("call me at (916) 555-0100", "When is a good time to call?"),
            (
                "weekdays 9 to 11",
                ("The activation link says", "(916) 555-0100", "weekdays 9 to 11", "Shall I send it?"),
            ),
            (Press("Send it"), ("**1001**", "A person answers by")),
        ),
        ((Ticket, 1),),
    ),
    Path(
        "find_my_regulator",
        "Find my regulator",
        (
            ("find my regulator", "In which county or city"),
            ("it's in Ventura county", ("one of these cities", "[Oxnard]")),
            (Press("Elsewhere in the county"), ("Environmental Health Division", "November 21, 2026")),
        ),
    ),
    Path(
        "mail_not_here",
        "Did the mail come?",
        (
            ("resend my activation email", "the e-mail address that you registered with"),
            ("my username is omarwash", "<characters>"),
            (Characters(), "to the e-mail address on file"),
            (Wait(5), "Did it come?"),
            (Press("No. Where should I look?"), ("spam or junk", "Did you find it?")),
            ("yes", "Open the link in it"),
        ),
        ((AccountRequest, 1), (FollowUp, 1)),
        opening=4,
    ),
)
PATHS = {path.name: path for path in WAYS}
