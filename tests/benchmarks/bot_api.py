"""A Bot API server for benchmarks, as quick as one is in Python, and 300 people who talk to the bot through it.

    python -m tests.benchmarks.bot_api SCRIPT

SCRIPT is a file of JSON: {"texts": [[…], …], "rate": messages a second or 0, "at_once": …, "database": path or "",
"hooks": how many workers take updates by webhook, 0 if one bot asks for them}. Without a rate everybody says the next
thing when the last was answered, or all of it at once. Prints the port, a word when the bot first asks or every hook
is set, and when all was answered what it measured, as JSON. "press" presses one of the last buttons, "?" is what a
picture shows.
"""

import asyncio
import json
import sys
import time
from contextlib import suppress
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs

from aiohttp import ClientError, ClientSession, TCPConnector, web

from bot.channels.telegram.webhook import HEADER
from core.database import Database
from core.keys import Keys
from tests.challenges import newest

TOKEN = "7000:example-token-of-the-benchmark"
SECRET = "a secret key of the benchmark, long enough to be one"
HOOK_SECRET = "a-secret-of-the-webhook"
BOT = {"id": 7000, "is_bot": True, "first_name": "CERS Support", "username": "cers_benchmark_bot"}
PROFILE = {"can_join_groups": True, "can_read_all_group_messages": False, "supports_inline_queries": False}


class People:
    """Everybody's script, and what came back."""

    def __init__(self, script: dict[str, Any]) -> None:
        """Follow a script."""
        self.texts: list[list[str]] = script["texts"]
        self.rate: float = script["rate"]
        self.at_once: bool = script["at_once"]
        self.database = Database(f"sqlite:///{script['database']}") if script["database"] else None
        self.workers: int = script.get("hooks", 0)
        self.hooks: list[str] = []
        self.posting: set[asyncio.Task[None]] = set()
        self.session: ClientSession | None = None
        self.keys = Keys(SECRET)
        self.place = [0] * len(self.texts)
        self.buttons: list[list[str]] = [[] for _ in self.texts]
        self.asked_at: list[list[float]] = [[] for _ in self.texts]
        self.taken: list[float] = []
        self.waiting: list[dict[str, Any]] = []
        self.unconfirmed: list[dict[str, Any]] = []
        self.number = 0
        self.calls = 0
        self.began = 0.0
        self.ended = asyncio.Event()
        self.news = asyncio.Event()

    def begin(self) -> None:
        """Let everybody speak."""
        self.began = time.perf_counter()
        print("begun", flush=True)
        if self.rate:
            self.timer = asyncio.create_task(self._speak_evenly())
            return
        for _ in range(len(self.texts[0]) if self.at_once else 1):
            for chat in range(len(self.texts)):
                self.speak(chat)

    async def _speak_evenly(self) -> None:
        total = sum(map(len, self.texts))
        for number in range(total):
            await asyncio.sleep(max(0.0, self.began + number / self.rate - time.perf_counter()))
            self.speak(number % len(self.texts))

    def speak(self, chat: int) -> None:
        """Say what comes next in a chat."""
        text = self.texts[chat][self.place[chat]]
        self.place[chat] += 1
        self.number += 1
        person = {"id": chat + 1, "is_bot": False, "first_name": "Pat", "language_code": "en"}
        told = {"message_id": self.number, "date": 1_763_600_000, "chat": {"id": chat + 1, "type": "private"}}
        update: dict[str, Any] = {"update_id": self.number}
        if text == "press" and self.buttons[chat]:
            message = {**told, "from": BOT, "text": "."}
            data = self.buttons[chat][self.number % len(self.buttons[chat])]
            update["callback_query"] = {
                "id": str(self.number),
                "from": person,
                "chat_instance": "1",
                "message": message,
                "data": data,
            }
        else:
            said = self._characters(chat) if text == "?" else "never mind" if text == "press" else text
            update["message"] = {**told, "from": person, "text": said}
        self.asked_at[chat].append(time.perf_counter())
        if self.workers:
            posting = asyncio.create_task(self._post(update))
            self.posting.add(posting)
            posting.add_done_callback(self.posting.discard)
            return
        self.waiting.append(update)
        self.news.set()

    def hook(self, url: str) -> None:
        """Take note of a worker; the last one lets everybody speak."""
        self.hooks.append(url)
        if len(self.hooks) == self.workers:
            self.session = ClientSession(connector=TCPConnector(limit=len(self.texts)), headers={HEADER: HOOK_SECRET})
            self.begin()

    async def _post(self, update: dict[str, Any]) -> None:
        """Hand an update to the workers in turn, until one takes it."""
        assert self.session is not None
        while True:
            with suppress(ClientError):
                async with self.session.post(self.hooks[update["update_id"] % self.workers], json=update) as answer:
                    if answer.status == 200:
                        return
            await asyncio.sleep(0.1)

    def hear(self, chat: int, markup: str) -> None:
        """Take in an answer; the first to a message counts."""
        if markup:
            self.buttons[chat] = [
                each["callback_data"] for row in json.loads(markup)["inline_keyboard"] for each in row
            ]
        if not self.asked_at[chat]:
            return
        self.taken.append(time.perf_counter() - self.asked_at[chat].pop(0))
        if self.place[chat] < len(self.texts[chat]) and not self.rate:
            self.speak(chat)
        if len(self.taken) == sum(map(len, self.texts)):
            self.ended.set()

    def _characters(self, chat: int) -> str:
        shown = newest(self.database, self.keys, str(chat + 1)) if self.database else None
        return shown or "never mind"

    def measured(self) -> dict[str, Any]:
        """Return what is printed."""
        seconds = time.perf_counter() - self.began
        taken = sorted(1000 * each for each in self.taken)
        share = {
            name: taken[min(len(taken) - 1, int(part * len(taken)))] for name, part in (("p50", 0.5), ("p99", 0.99))
        }
        return {"updates": len(taken), "a_second": len(taken) / seconds, "calls": self.calls, **share}


async def serve(people: People) -> None:
    """Answer the bot until everybody has heard everything."""

    async def answer(http: web.Request) -> web.Response:
        method = http.match_info["method"]
        people.calls += 1
        if method == "getUpdates":
            return ok(await updates(http))
        if method == "getMe":
            return ok({**BOT, **PROFILE})
        if method == "setWebhook":
            people.hook(str((await http.post())["url"]))
        if method not in {"sendMessage", "sendPhoto", "sendAudio", "editMessageReplyMarkup"}:
            return ok(True)
        if http.content_type == "application/x-www-form-urlencoded":
            fields = {name: values[0] for name, values in parse_qs((await http.read()).decode()).items()}
        else:
            fields = {name: str(value) for name, value in (await http.post()).items()}
        chat = int(fields["chat_id"])
        people.number += 1
        message = {"message_id": people.number, "date": 1_763_600_000, "chat": {"id": chat, "type": "private"}}
        if method != "editMessageReplyMarkup":
            people.hear(chat - 1, fields.get("reply_markup", ""))
        return ok({**message, "from": BOT, "text": fields.get("text", ".")})

    async def updates(http: web.Request) -> list[dict[str, Any]]:
        fields = dict(http.query) | {name: str(value) for name, value in (await http.post()).items()}
        offset = int(fields.get("offset", 0))
        people.unconfirmed = [each for each in people.unconfirmed if each["update_id"] >= offset]
        end = time.perf_counter() + float(fields.get("timeout", 0))
        if not people.began:
            people.begin()
        while not people.unconfirmed:
            people.unconfirmed, people.waiting = people.waiting[:100], people.waiting[100:]
            left = end - time.perf_counter()
            if people.unconfirmed or left <= 0:
                break
            people.news.clear()
            try:
                await asyncio.wait_for(people.news.wait(), left)
            except TimeoutError:
                break
        return people.unconfirmed

    application = web.Application()
    application.router.add_route("*", "/bot{token}/{method}", answer)
    runner = web.AppRunner(application, access_log=None)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0).start()
    print(runner.addresses[0][1], flush=True)
    await people.ended.wait()
    print(json.dumps(people.measured()), flush=True)
    await asyncio.Event().wait()  # the bot goes first


def ok(result: Any) -> web.Response:
    """Return an answer of the Bot API."""
    return web.Response(body=json.dumps({"ok": True, "result": result}).encode(), content_type="application/json")


if __name__ == "__main__":
    asyncio.run(serve(People(json.loads(Path(sys.argv[1]).read_text()))))
