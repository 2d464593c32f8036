"""A Telegram for tests: a Bot API server over HTTP on loopback, and the people who talk to the bot through it.

    async with TelegramServer() as telegram:
        ...                                         # start the bot with telegram.token and telegram.base_url
        await telegram.say(1, "I forgot my username")
        [reply] = await telegram.heard(1)
        assert "e-mail" in reply.text and reply.labels == ["Back", "Cancel"]
        await telegram.press(1, "Cancel")

A chat is a number: positive ones are private and begin when somebody speaks, negative ones are groups. What Telegram
would refuse (bad HTML, long texts, wrong buttons, unknown chats) is refused here too, and kept in `refused`. With
`chats.deliveries = 2` every update comes twice. What the bot says in one turn counts as over when it has been quiet for
a moment; with `telegram.working = lambda: channel.waiting > 0` that is certain however slow the machine is.
"""

import asyncio
import json
import time
from collections.abc import Callable
from dataclasses import dataclass
from types import TracebackType
from typing import Any, Literal, Self

from aiohttp import web

from tests.telegram_chats import BOT_ID, CONTENTS, Chats, Message
from tests.telegram_http import dropped, read_call, response
from tests.telegram_methods import METHODS, ApiError, Request

TOKEN = "7000:example-token-of-the-tests"


@dataclass
class Fault:
    """Something that goes wrong with the next `times` calls of a method, in one chat or in all."""

    method: str
    kind: Literal["refuse", "drop_before", "drop_after", "delay"]
    chat: int | None = None
    times: int = 1
    status: int = 500
    description: str = "Internal Server Error"
    retry_after: int = 0
    seconds: float = 0.0
    after: int = 0  # so many calls go well before


class TelegramServer:
    """The server, and a person's hands and ears; everything happens in the event loop of the test."""

    def __init__(self, *, quiet: float = 0.15) -> None:
        """Prepare a server; a turn of the bot counts as over when nothing has happened for `quiet` seconds."""
        self.token = TOKEN
        self.chats = Chats()
        self.calls: list[Request] = []  # everything that the bot called, except getUpdates
        self.refused: list[str] = []
        self.faults: list[Fault] = []
        self.working: Callable[[], bool] = lambda: False  # the bot's own word for it, where a test knows it
        self.polls = 0
        self.port = 0
        self._quiet = quiet
        self._busy = 0
        self._last_call = time.monotonic()
        self._news = asyncio.Event()
        self._poll: asyncio.Event | None = None
        self._poll_ended = asyncio.Event()
        self._runner: web.AppRunner | None = None

    @property
    def base_url(self) -> str:
        """What `CERSBOT_TELEGRAM_BASE_URL` has to be."""
        return f"http://127.0.0.1:{self.port}/bot"

    async def start(self, port: int = 0) -> None:
        """Listen on loopback, on a free port unless one is given."""
        application = web.Application(client_max_size=50 * 2**20)
        application.router.add_route("*", "/bot{token}/{method}", self._answer)
        self._runner = web.AppRunner(application, access_log=None, shutdown_timeout=0.1)
        await self._runner.setup()
        site = web.TCPSite(self._runner, "127.0.0.1", port)
        await site.start()
        self.port = int(self._runner.addresses[0][1])

    async def stop(self) -> None:
        """Stop listening; chats and updates stay, so that `start(port)` is the end of an outage."""
        runner, self._runner = self._runner, None
        if self._poll:
            self._poll.set()
        if runner:
            await runner.cleanup()

    async def __aenter__(self) -> Self:
        """Start."""
        await self.start()
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Stop."""
        await self.stop()

    async def say(self, chat: int, text: str, *, person: int = 0, reply_to: int = 0, topic: int = 0) -> int:
        """Type `text` in a chat, in a group as `person`, perhaps in a topic or in reply to a message; return its id."""
        replied = self.chats.open(chat).messages.get(reply_to)
        extra = _thread(topic)
        if replied:
            author = BOT_ID if replied.by_bot else 1
            extra["reply_to_message"] = self.chats.as_json(reply_to, self.chats.open(chat), author, text=replied.text)
        return self._said(chat, person, text=text, **extra)

    async def send(self, chat: int, content: str, caption: str = "", *, person: int = 0, topic: int = 0) -> int:
        """Send a sticker, photo, voice message, location, … (see `CONTENTS`); return the message's id."""
        under = {"caption": caption} if caption else {}
        return self._said(chat, person, **{content: CONTENTS[content]}, **under, **_thread(topic))

    async def send_sticker(self, chat: int) -> int:
        """Send a sticker; return the message's id."""
        return await self.send(chat, "sticker")

    def deliver(self, chat: int, **content: Any) -> int:
        """Send what no kind of message is named for; return the message's id."""
        return self._said(chat, 0, **content)

    async def edit(self, chat: int, message: int, text: str, *, person: int = 0) -> None:
        """Edit an earlier message of the person."""
        own = self.chats.open(chat)
        own.messages[message].text = text
        topic = own.messages[message].topic
        told = self.chats.as_json(message, own, person or abs(chat), text=text, **_thread(topic))
        edited = told | {"edit_date": int(time.time())}
        self._deliver("edited_message", edited)

    async def press(self, chat: int, label: str, *, person: int = 0) -> None:
        """Press the newest button with this label, in a group as `person`; AssertionError when there is none."""
        for message in reversed(self._visible(chat)):
            for button in (button for row in message.rows for button in row if button.label == label):
                self.press_data(chat, message.id, button.data, person=person)
                return
        raise AssertionError(f"no button {label!r} in chat {chat}; there are {self.buttons(chat)}")

    def press_data(self, chat: int, message: int, data: str | None, *, accessible: bool = True, person: int = 0) -> str:
        """Press a button that may be gone or never was, as an old or forged client can; return the query's id."""
        query = f"query-{len(self.chats.queries) + 1}"
        self.chats.queries[query] = False
        own = self.chats.open(chat)
        text = own.messages[message].text if message in own.messages else "gone"
        told = self.chats.as_json(message, own, BOT_ID, text=text)
        if not accessible:
            told = {"message_id": message, "chat": own.as_json(), "date": 0}
        by = {"id": person or abs(chat), "is_bot": False, "first_name": "Pat", "language_code": "en-US"}
        content: dict[str, Any] = {"id": query, "from": by, "chat_instance": "1", "message": told}
        self._deliver("callback_query", content | ({"game_short_name": "g"} if data is None else {"data": data}))
        return query

    async def heard(self, chat: int, *, wait: float = 10.0) -> list[Message]:
        """Return what the bot said in the chat since the last time, once it is quiet; AssertionError after silence."""
        if not await self.until(lambda: self._is_quiet() and bool(self.fresh(chat)), wait):
            raise AssertionError(f"nothing heard in chat {chat} within {wait} s; refused: {self.refused}")
        fresh = self.fresh(chat)
        self.chats.open(chat).heard_up_to = max(message.id for message in fresh)
        return fresh

    async def settled(self, *, wait: float = 10.0) -> None:
        """Wait until every update was taken and nothing happens any more, whether or not the bot said anything."""
        if not await self.until(self._is_quiet, wait):
            raise AssertionError(f"not quiet within {wait} s; waiting: {len(self.chats.waiting)}")

    async def silent(self, chat: int) -> None:
        """Check that the bot has nothing to say in the chat."""
        await self.settled()
        fresh = self.fresh(chat)
        assert not fresh, f"heard {[message.text for message in fresh]}"

    def buttons(self, chat: int) -> list[str]:
        """Return the labels of every button that a person could press in the chat."""
        return [label for message in self._visible(chat) for label in message.labels]

    def again(self) -> None:
        """Deliver the last update once more, as after a lost confirmation."""
        self.chats.repeat_last()
        self._last_call = time.monotonic()
        self._news.set()

    def end_poll(self) -> None:
        """Answer the getUpdates that waits, with nothing, as Telegram does when its time is over."""
        self._poll_ended.set()
        self._news.set()

    def called(self, method: str) -> list[Request]:
        """Return the bot's calls of a method, oldest first."""
        return [call for call in self.calls if call.method == method]

    def _said(self, chat: int, person: int, **content: Any) -> int:
        told = self.chats.by_person(chat, person or abs(chat), **content)
        self._deliver("message", told)
        return int(told["message_id"])

    def _deliver(self, kind: str, content: dict[str, Any]) -> None:
        self.chats.deliver(kind, content)
        self._last_call = time.monotonic()
        self._news.set()

    def _visible(self, chat: int) -> list[Message]:
        return [message for message in self.chats.open(chat).messages.values() if not message.deleted]

    def fresh(self, chat: int) -> list[Message]:
        """Return what the bot has said so far in the chat and `heard` has not returned, without waiting."""
        own = self.chats.open(chat)
        return [message for message in own.messages.values() if message.by_bot and message.id > own.heard_up_to]

    def _is_quiet(self) -> bool:
        calm = time.monotonic() - self._last_call > self._quiet
        return calm and not self._busy and not self.chats.waiting and not self.working()

    async def until(self, condition: Callable[[], bool], wait: float) -> bool:
        """Return whether the condition came true within `wait` seconds."""
        end = time.monotonic() + wait
        while not condition():
            if time.monotonic() > end:
                return False
            await asyncio.sleep(0.01)
        return True

    async def _answer(self, http: web.Request) -> web.StreamResponse:
        if http.match_info["token"] != self.token:
            return response(401, {"ok": False, "error_code": 401, "description": "Unauthorized"})
        request = await read_call(http)
        if request.method == "getUpdates":
            return await self._get_updates(request)
        self.calls.append(request)
        request.at = time.monotonic()
        self._busy += 1
        try:
            return await self._done(http, request)
        finally:
            self._busy -= 1
            self._last_call = time.monotonic()

    async def _done(self, http: web.Request, request: Request) -> web.StreamResponse:
        fault = self._fault(request)
        if fault and fault.kind == "delay":
            await asyncio.sleep(fault.seconds)
        try:
            if fault and fault.kind == "refuse":
                raise ApiError(
                    fault.status, fault.description, **({"retry_after": fault.retry_after} if fault.retry_after else {})
                )
            if fault and fault.kind == "drop_before":
                return dropped(http)
            if request.method not in METHODS:
                raise ApiError(404, "Not Found: method not found")
            result = METHODS[request.method](self.chats, request)
        except ApiError as error:
            self.refused.append(f"{request.method}: {error}")
            answer = {"ok": False, "error_code": error.status, "description": str(error)}
            return response(error.status, answer | ({"parameters": error.parameters} if error.parameters else {}))
        return dropped(http) if fault and fault.kind == "drop_after" else response(200, {"ok": True, "result": result})

    def _fault(self, request: Request) -> Fault | None:
        for fault in self.faults:
            if fault.times > 0 and fault.method == request.method and fault.chat in (None, request.chat):
                if fault.after:
                    fault.after -= 1
                    continue
                fault.times -= 1
                return fault
        return None

    async def _get_updates(self, request: Request) -> web.StreamResponse:
        self.polls += 1
        if self._poll:
            self._poll.set()
        own = self._poll = asyncio.Event()
        self.chats.confirm(int(request.fields.get("offset", 0)))
        wanted = json.loads(request.fields.get("allowed_updates", "null"))
        end = time.monotonic() + float(request.fields.get("timeout", 0))
        while not (batch := self.chats.batch(wanted, int(request.fields.get("limit", 100)))):
            self._news.clear()
            left = end - time.monotonic()
            if left <= 0 or own.is_set() or self._poll_ended.is_set():
                self._poll_ended.clear()
                break
            await _first(self._news.wait(), own.wait(), left)
        if own.is_set() and self._runner:
            description = "Conflict: terminated by other getUpdates request; make sure that only one bot is running"
            return response(409, {"ok": False, "error_code": 409, "description": description})
        return response(200, {"ok": True, "result": batch})


def _thread(topic: int) -> dict[str, Any]:
    """Return what a message in a topic says of it."""
    return {"message_thread_id": topic, "is_topic_message": True} if topic else {}


async def _first(one: Any, other: Any, seconds: float) -> None:
    tasks = [asyncio.ensure_future(one), asyncio.ensure_future(other)]
    await asyncio.wait(tasks, timeout=seconds, return_when=asyncio.FIRST_COMPLETED)
    for task in tasks:
        task.cancel()
