"""An operator who types `cersbot accounts`, and the lines of a file of accounts."""

from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

from click.testing import CliRunner, Result
from sqlalchemy import func, select

from bot.commands.accounts import accounts
from core.database import Database
from core.keys import Keys
from core.settings import Settings
from core.tables import Account

HEADER = "username,first_name,last_name,email,state"
ANN = "anngause,Ann,Gause,ann@example.org,active"
BOB = "bobsmith,Bob,Smith,bob@example.org,awaiting_activation"
NOW = datetime(2026, 11, 16, 18, 0, tzinfo=UTC)


@dataclass
class Operator:
    """Somebody at a terminal, on a service with a database of its own."""

    database: Database
    folder: Path
    keys: Keys
    settings: Settings
    now: datetime = NOW

    def clock(self) -> datetime:
        """The time that the test set."""
        return self.now

    def types(self, *words: str, then: str = "") -> Result:
        """Run the command with these words, and answer its questions with `then`."""
        return CliRunner().invoke(accounts, words, obj=lambda: self, input=then)

    def imports(self, content: str | bytes) -> Result:
        """Import a file with this content."""
        file = self.folder / "accounts.csv"
        file.write_bytes(content.encode() if isinstance(content, str) else content)
        return self.types("import", str(file))

    def count(self) -> int:
        """Return how many accounts there are."""
        with self.database.transaction() as session:
            return session.scalar(select(func.count()).select_from(Account)) or 0


def rows(*lines: str, end: str = "\n") -> str:
    """Return a file of these lines under its header."""
    return end.join([HEADER, *lines, ""])
