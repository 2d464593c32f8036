"""`cersbot chat`: the conversation in this terminal, on example accounts of its own."""

import asyncio
import contextlib
import logging
import os
import shutil
import socket
import sys
import threading
import uuid
from collections.abc import Iterator, Mapping
from email.message import EmailMessage

import click

from bot.app import Service, open_core, open_service, watch_library
from bot.channels.terminal import BOLD, CHANNEL, PIPE, Screen, Terminal
from bot.commands.examples import seed_accounts
from bot.commands.listening import listen_near
from bot.delivery.post import kept_letter
from bot.delivery.worker import Worker
from bot.dialogue.messages import Delivery
from core.settings import VAR, read_settings

logger = logging.getLogger(__name__)

CHAT = "here"
PORT = 8000
NO_UTF8 = (
    "This terminal does not say that it shows UTF-8, so some characters appear as '?'. "
    "To mend that, set a UTF-8 locale, for example: LC_ALL=C.UTF-8 make chat"
)
TICK_SECONDS = 0.3
PROMPT = "> "


class RepliesHere:
    """Shows in the terminal what the bot says of its own accord."""

    def __init__(self, service: Service, terminal: Terminal) -> None:
        """Show it on `terminal`."""
        self._service = service
        self._terminal = terminal

    async def send(self, delivery: Delivery) -> None:
        """Show the replies of a turn and note that they were sent."""
        self._terminal.show(delivery)
        self._service.conversations.sent(delivery)


class LettersHere:
    """Shows letters in the terminal instead of mailing them."""

    def __init__(self, terminal: Terminal) -> None:
        """Show them on `terminal`."""
        self._terminal = terminal

    async def hand_in(self, mail: EmailMessage) -> None:
        """Show the letter."""
        letter = kept_letter(0, mail)
        self._terminal.show_letter(letter.to, str(mail["From"]), letter.subject, letter.body)


@click.command()
def chat() -> None:
    """Talk to the bot in this terminal, on example accounts of its own (var/chat.db)."""
    typed_here = sys.stdin.isatty() and sys.stdout.isatty()
    listening = listen_near("127.0.0.1", PORT)
    own = {"database_url": f"sqlite:///{VAR}/chat.db", "public_url": f"http://127.0.0.1:{listening.getsockname()[1]}"}
    core = open_core(read_settings().model_copy(update=own))
    seed_accounts(core)
    service = open_service(core, watch_library(core.settings))
    tongue = language_of_terminal(os.environ)
    terminal = Terminal(
        _screen(plain=not typed_here), core.keys, lambda: service.library().language(tongue), VAR / "sounds"
    )
    post = LettersHere(terminal)
    if typed_here:
        # No daemon: one that ends inside the encoder aborts the process.
        threading.Thread(target=service.warm_up).start()
        threading.Thread(target=lambda: _serve_pages(service, listening), daemon=True).start()
        with service.following():
            talk_here(service, terminal, service.worker(post, {CHANNEL: RepliesHere(service, terminal)}))
    else:
        talk_to_program(service, terminal, service.worker(post, {}))


def language_of_terminal(environment: Mapping[str, str]) -> str:
    """Return the code of the language that a terminal is set to: "es" of "es_MX.UTF-8"."""
    asked = next((environment[name] for name in ("LC_ALL", "LC_MESSAGES", "LANG") if environment.get(name)), "")
    return asked[:2].casefold()


def talk_here(service: Service, terminal: Terminal, worker: Worker) -> None:
    """Talk to a person until the end of input; letters and follow-ups appear when they are due."""
    say(service, terminal, CHANNEL, CHAT, "/start")
    terminal.tell("chat_examples")
    terminal.tell("chat_hint")
    turn = threading.Lock()
    threading.Thread(target=lambda: asyncio.run(_watch(worker, turn)), daemon=True).start()
    with contextlib.suppress(EOFError, KeyboardInterrupt):
        while True:
            line = input(PROMPT)
            with turn:
                click.echo()
                say(service, terminal, CHANNEL, CHAT, line)
    terminal.tell("chat_goodbye")


def talk_to_program(service: Service, terminal: Terminal, worker: Worker) -> None:
    """Take lines from a pipe until its end, each in a conversation of this run alone."""
    conversation = uuid.uuid4().hex
    say(service, terminal, PIPE, conversation, "/start")
    terminal.tell("chat_examples")
    for line in lines():
        terminal.echo(f"{PROMPT}{line}")
        say(service, terminal, PIPE, conversation, line)
        asyncio.run(work_off(worker))


def say(service: Service, terminal: Terminal, channel: str, conversation: str, line: str) -> None:
    """Hand a line to the conversation and show what it says; a fault is logged, and the person told."""
    try:
        delivery = service.conversations.receive(terminal.typed(channel, conversation, uuid.uuid4().hex, line))
    except Exception:
        logger.exception("a turn failed")
        terminal.tell("apology")
        return
    if delivery is not None:
        terminal.show(delivery)
        service.conversations.sent(delivery)


async def work_off(worker: Worker) -> None:
    """Do whatever is due."""
    while await worker.work():
        pass


def lines() -> Iterator[str]:
    """Yield the lines of standard input; bytes that are no UTF-8 become replacement characters."""
    for raw in sys.stdin.buffer:
        yield raw.decode("utf-8", "replace").rstrip("\r\n")


async def _watch(worker: Worker, turn: threading.Lock) -> None:
    """Do what comes due, between the turns, and show the prompt again after what was shown."""
    while True:
        await asyncio.sleep(TICK_SECONDS)
        with turn:
            if await worker.work():
                await work_off(worker)
                click.echo(PROMPT, nl=False)


def _screen(*, plain: bool) -> Screen:
    unicode = (sys.stdout.encoding or "").replace("-", "").casefold() == "utf8"
    if not unicode:
        click.echo(NO_UTF8, err=True)
    return Screen(sys.stdout, shutil.get_terminal_size().columns, unicode, ("", "") if plain else BOLD)


def _serve_pages(service: Service, listening: socket.socket) -> None:
    from bot.web.server import create_app, server

    app = create_app(
        database=service.core.database,
        keys=service.core.keys,
        address=service.core.settings.address,
        library=service.library,
        clock=service.core.clock,
    )
    asyncio.run(server(app, "127.0.0.1", PORT).serve(sockets=[listening]))
