"""Flow: an action of the bot, made of a script; a new action is one file in `bot/flows/`."""

from collections.abc import Callable
from dataclasses import dataclass

from bot.dialogue.talk import Talk


@dataclass(frozen=True, slots=True)
class Flow:
    """An action of the bot: its script, and where it stands in the menu (0: not there).

    What is not `recorded` stays out of the transcript; what `lapses` is over as soon as something else is talked about.
    """

    name: str
    script: Callable[[Talk], None]
    version: int
    menu: int
    recorded: bool
    lapses: bool


def flow(
    name: str, *, version: int = 1, menu: int = 0, recorded: bool = True, lapses: bool = False
) -> Callable[[Callable[[Talk], None]], Flow]:
    """Make a flow of a script; raise `version` when journals of the older script no longer fit the new one."""

    def made(script: Callable[[Talk], None]) -> Flow:
        return Flow(name, script, version, menu, recorded, lapses)

    return made
