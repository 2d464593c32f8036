"""A small knowledge folder to load, to break, and to mend."""

from datetime import date
from pathlib import Path
from textwrap import dedent

from knowledge.library import KnowledgeError, Library

SERVICE = {"service_sender": "bot@example.org", "service_url": "http://127.0.0.1:8000"}
TODAY = date(2026, 11, 21)

WELL = {
    "facts.yaml": """
        wait_minutes:
          value: 15
          source: ["004"]
          ruling:
            date: 2026-11-20
            reason: only 004 names a time
        support_email:
          value: help_desk*@example.org
          source: ["003"]
        """,
    "sources.yaml": """
        "003":
          title: Questions and answers
          version: version 2
        "004":
          title: Forgotten usernames
          version: undated
          address: https://example.org/004
        """,
    "en/faq/recovery.yaml": """
        - id: forgot_username
          question: I forgot my username. How do I get it back?
          also:
            - what was my login name again
            - lost my user id
          answer: |
            Ask for it here. It comes within {wait_minutes} minutes from {service_sender}.
          offer: [recover_username]
          see: [mail_missing]
          source: ["004"]
          reviewed: 2026-11-21
        - id: mail_missing
          question: The mail has not come.
          also: [no mail, where is my mail]
          answer: Wait {wait_minutes} minutes, then write {{this}} to {support_email}.
          source: ["003", "004"]
          reviewed: 2026-11-20
        """,
    "en/reactions/small_talk.yaml": """
        - id: thanks
          question: Thank you!
          also: [thx]
          answer: You are welcome.
          source: ["003"]
          reviewed: 2026-11-21
        """,
    "en/flows/recover_username.yaml": """
        title: Send my username
        start: [Send my username!]
        ask:
          address: Which address? It takes {wait_minutes} minutes.
        options:
          address:
            again: Again, {wait_minutes} minutes later
        say:
          sent: It goes to {address}.
        """,
    "en/letters/reminder.yaml": """
        subject: Your username, {first_name}
        body: |
          Dear {first_name},
          write to {support_email}.
        not_me: Write to {support_email} if it was not you, {first_name}.
        """,
    "en/phrases.yaml": """
        language_name: English
        echo: "{name}"
        greeting: Hello {name}, write to **{support_email}**.
        """,
    "en/words.yaml": """
        cancel: [Cancel, never mind]
        no: [no, nope]
        """,
    "en/examples.yaml": """
        - text: whats my user name
          entry: forgot_username
        - text: is the moon made of cheese
          entry: unknown
        """,
}


class Shelf:
    """A knowledge folder that is well until a test changes one of its files."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        for name, text in WELL.items():
            self.write(name, text)

    def write(self, name: str, text: str | bytes) -> None:
        """Put a file there: bytes as they are, text without its common indentation."""
        path = self.folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(text if isinstance(text, bytes) else dedent(text).lstrip("\n").encode())

    def change(self, name: str, old: str, new: str) -> None:
        """Replace what stands once in a file."""
        text = (self.folder / name).read_text(encoding="utf-8")
        assert text.count(old) == 1, f"{old!r} stands {text.count(old)} times in {name}"
        self.write(name, text.replace(old, new).encode())

    def load(self, **enforced: object) -> Library:
        """The library in this folder."""
        return Library.load(self.folder, service=SERVICE, enforced=enforced, today=TODAY)

    def problems(self, **enforced: object) -> list[str]:
        """What is wrong with this folder, a line for each."""
        try:
            self.load(**enforced)
        except KnowledgeError as error:
            return str(error).splitlines()
        return []
