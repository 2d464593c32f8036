"""A chat as the core sees it: one conversation on one database, each of its doings a committed transaction."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Concatenate, ParamSpec, TypeVar

from core import conversations
from core.context import Context
from core.database import Database
from core.keys import Keys
from core.office_days import STATE_OFFICES
from core.refusals import Refusal

P = ParamSpec("P")
T = TypeVar("T")


@dataclass(frozen=True)
class CoreChat:
    """Somebody's chat; `now` is when it began, and `after` how much later something happens in it."""

    database: Database
    keys: Keys
    now: datetime
    chat: str = "17"
    language: str = "en"

    @contextmanager
    def turn(self, after: timedelta = timedelta()) -> Iterator[Context]:
        """Yield the context of one turn, committed at its end; a refusal commits what was counted."""
        refused: list[Refusal] = []
        with self.database.transaction() as session:
            held = conversations.hold_all(session, "test", {self.chat: self.language}, self.now)[self.chat]
            try:
                yield Context(session, self.now + after, self.keys, held.id, self.language, STATE_OFFICES)
            except Refusal as refusal:
                refused.append(refusal)
        for each in refused:
            raise each

    def does(
        self,
        action: Callable[Concatenate[Context, P], T],
        *args: P.args,
        **kwargs: P.kwargs,
    ) -> T:
        """Return what an action of the core returns in a turn of this chat."""
        with self.turn() as context:
            return action(context, *args, **kwargs)

    def later(self, after: timedelta) -> "CoreChat":
        """Return this chat, so much later."""
        return CoreChat(self.database, self.keys, self.now + after, self.chat, self.language)
