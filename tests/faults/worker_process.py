"""One of several workers, as a process that tests kill: takes messages as a load balancer hands them in, and delivers.

It says `ready` once. A line in is `[key, chat, text]`; a line out is the key, once the message is done and its replies
are sent. What it sends it appends to the file `sent`: a line a reply, with the chat and the row that owed it.
"""

import asyncio
import json
import logging
import os
import socket
import sys
import threading
from collections.abc import Mapping
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime
from email.message import EmailMessage
from pathlib import Path

from bot.delivery.rendering import Renderer
from bot.delivery.worker import Worker
from bot.dialogue.messages import Delivery, Incoming, Sender
from tests.world import ADDRESS, SENDER, World, library

logger = logging.getLogger(__name__)

CHANNEL = "test"
READY = "ready"


class Street:
    """Where replies and letters go: files, which outlive every worker."""

    def __init__(self, world: World) -> None:
        self._world = world
        self._conversations = world.conversations(world.database())
        self._sent = os.open(world.folder / "sent", os.O_APPEND | os.O_CREAT | os.O_WRONLY)
        self._mailed = os.open(world.folder / "mailed", os.O_APPEND | os.O_CREAT | os.O_WRONLY)

    def take(self, key: str, chat: str, text: str) -> None:
        """Handle a message and send its replies."""
        delivery = self._conversations.receive(Incoming(CHANNEL, chat, key, text))
        if delivery is not None:
            self._put(delivery)

    async def send(self, delivery: Delivery) -> None:
        """Send what was left over."""
        await asyncio.to_thread(self._put, delivery)

    async def hand_in(self, mail: EmailMessage) -> None:
        """Take a letter."""
        os.write(self._mailed, f"{mail['Message-ID']}\n".encode())

    def worker(self) -> Worker:
        """Return the worker of this process."""
        world, senders = self._world, {CHANNEL: self}
        renderer = Renderer(library, world.keys, ADDRESS, SENDER)
        typed: Mapping[str, Sender] = senders
        return Worker(world.database(), world.keys, world.clock, self._conversations, renderer, self, typed)

    def _put(self, delivery: Delivery) -> None:
        os.write(self._sent, b"".join(f"{delivery.chat} {delivery.owed}\n".encode() for _ in delivery.replies))
        self._conversations.sent(delivery)


class Now(World):
    """A world in which it is as late as it is."""

    def clock(self) -> datetime:
        """Return the time."""
        return datetime.now(UTC)


def work(folder: Path, url: str, way: socket.socket) -> None:
    """Work until nobody is at the other end of the way."""
    log = os.open(folder / "log", os.O_APPEND | os.O_CREAT | os.O_WRONLY)
    os.dup2(log, sys.stderr.fileno())
    street = Street(Now(folder, url=url))
    threading.Thread(target=lambda: asyncio.run(street.worker().run()), daemon=True).start()
    says = threading.Lock()

    def say(word: str) -> None:
        with says:
            way.sendall(f"{word}\n".encode())

    def handle(line: str) -> None:
        key, chat, text = json.loads(line)
        try:
            street.take(key, chat, text)
        except Exception:
            logger.exception("message %s was not handled", key)
        else:
            say(key)

    say(READY)
    with ThreadPoolExecutor(8) as threads, way.makefile("r") as lines:
        for line in lines:
            threads.submit(handle, line)
