"""How replies go out: Telegram HTML, pictures, sounds and inline buttons, of which only the newest can be pressed."""

import asyncio
import logging
from collections.abc import Awaitable, Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass, replace
from functools import lru_cache
from math import ceil
from typing import Any

from telegram import Bot, CallbackQuery, InlineKeyboardButton, InlineKeyboardMarkup, LinkPreviewOptions, Message
from telegram.constants import ChatAction, ParseMode
from telegram.error import BadRequest, ChatMigrated, Forbidden, RetryAfter, TelegramError, TimedOut

from bot.channels import pictures
from bot.channels.markup import TELEGRAM_CAPTION, TELEGRAM_TEXT, label, telegram_html
from bot.channels.telegram.transport import Unclear, seconds_to_wait
from bot.dialogue.messages import Button, Copied, Delivery, Picture, Reply, SendFailed
from core import verification
from core.keys import Keys

logger = logging.getLogger(__name__)

MOST_ROWS = 8
SHORT_LABEL = 16  # two such labels stand beside each other on a phone
DATA_BYTES = 64
TYPING_AFTER = 0.3
TYPING_LASTS = 4.5
TIDY_SECONDS = 10.0  # for what is done beside the replies: they are noted as sent while their lease lasts
TYPING_AT_ONCE = 10  # chats that are shown it: where more wait, what it takes is better spent on their answers

_NO_PREVIEW = LinkPreviewOptions(is_disabled=True).to_json()

Call = Callable[[str, Mapping[str, str]], Awaitable[Any]]


@dataclass(frozen=True, slots=True)
class Part:
    """One message of a delivery: a reply that is long, or has a picture, makes several."""

    html: str
    buttons: tuple[Button, ...] = ()
    picture: Picture | None = None
    copied: Copied | None = None


class Sending:
    """Sends what leaves by a bot."""

    def __init__(
        self,
        bot: Bot,
        call: Call,
        keys: Keys,
        pace: Callable[[], Awaitable[None]],
        keep: Callable[[Delivery], Awaitable[bool]],
        address: Callable[[], str] = str,
    ) -> None:
        """Send by `bot`, and what is frequent by `call`, which takes a method of the Bot API and its fields.

        Each message is sent when `pace` returns; `keep` writes down how far a delivery has come.
        Verification characters are derived from `keys` when they are drawn, and so are codes to continue with, on the
        page at `address` for example.
        """
        self._bot = bot
        self._call = call
        self._keys = keys
        self._pace = pace
        self._keep = keep
        self._address = address
        self._showing: set[asyncio.Task[None]] = set()

    async def send(self, delivery: Delivery, bare: str = "") -> str | None:
        """Send what is left of a delivery and return the ids of its messages that carry buttons; SendFailed otherwise.

        Earlier buttons are taken away meanwhile, except those of the message `bare`, which has none any more. Where
        nobody knows whether a message was sent it is repeated, but only when Telegram answers again, and only once.
        """
        tidying = asyncio.ensure_future(self._tidy(delivery, bare)) if _leaves_something(delivery, bare) else None
        try:
            return await self._send_parts(delivery)
        finally:
            if tidying is not None:
                await tidying

    async def _send_parts(self, delivery: Delivery) -> str | None:
        messages, live = parts(delivery.replies), delivery.live
        if delivery.is_doubtful:
            await self._answers(delivery)
        for number, part in list(enumerate(messages))[delivery.done :]:
            sent = ""
            try:
                await self._pace()
                sent = await self._send_part(delivery.chat, part)
            except TelegramError as error:
                failed = failure(error)
                if not (failed.is_unclear and delivery.is_doubtful and number == delivery.done):
                    failed.done, failed.live = number, live
                    raise failed from error
                logger.warning("a message to chat %s was sent once or twice, or is lost: %s", delivery.chat, failed)
            live = f"{live} {sent}".strip() if part.buttons else live
            if number + 1 < len(messages):
                await self._note(replace(delivery, done=number + 1, live=live, is_doubtful=False))
        return live or None

    async def _answers(self, delivery: Delivery) -> None:
        """Raise SendFailed unless Telegram does something harmless: a repeat is not wasted on an outage."""
        try:
            await self._bot.get_me()
        except TelegramError as error:
            failed = SendFailed(error.message, permanent=False, is_unclear=True)
            failed.done, failed.live = delivery.done, delivery.live
            raise failed from error

    async def _note(self, delivery: Delivery) -> None:
        """Write down how far the delivery has come, so that only what is left is repeated after a crash."""
        try:
            ours = await self._keep(delivery)
        except Exception:
            logger.exception("it was not kept how many messages chat %s has got", delivery.chat)
            return
        if not ours:
            raise SendFailed("another process has taken this over", permanent=False)

    async def say(self, chat: str, text: str) -> None:
        """Send a text that belongs to no turn; TelegramError when it does not go out."""
        for html in telegram_html(text):
            await self._pace()
            await self._send_part(chat, Part(html))

    async def acknowledge(self, query: CallbackQuery) -> None:
        """End the waiting sign on a pressed button, and take the buttons away so that none is pressed twice."""
        with suppress(TelegramError):
            await self._call("answerCallbackQuery", {"callback_query_id": query.id})
        if query.message is not None:
            await self._strip(query.message.chat.id, query.message.message_id)

    @contextmanager
    def typing(self, chat: str) -> Iterator[None]:
        """Show that the bot is typing for as long as the block takes, when it takes a while."""
        showing: list[asyncio.Task[None]] = []

        def show() -> None:
            if len(self._showing) < TYPING_AT_ONCE:
                showing.append(asyncio.create_task(self._show_typing(chat)))
                self._showing.update(showing)

        later = asyncio.get_running_loop().call_later(TYPING_AFTER, show)
        try:
            yield
        finally:
            later.cancel()
            for task in showing:
                task.cancel()
            self._showing.difference_update(showing)

    async def _show_typing(self, chat: str) -> None:
        with suppress(TelegramError):
            while True:
                await self._call("sendChatAction", {"chat_id": chat, "action": ChatAction.TYPING})
                await asyncio.sleep(TYPING_LASTS)

    async def _tidy(self, delivery: Delivery, bare: str) -> None:
        """Delete what held a secret and take old buttons away; none of it may keep the replies from being sent."""
        try:
            async with asyncio.timeout(TIDY_SECONDS):
                if delivery.remove_message:
                    with suppress(TelegramError):
                        await self._bot.delete_message(delivery.chat, int(delivery.remove_message))
                for number in _dead(delivery, bare):
                    await self._strip(delivery.chat, int(number))
        except Exception:
            logger.exception("old buttons stay in a chat")

    async def _strip(self, chat: str | int, message: int) -> None:
        """Take the buttons of a message away; they may be gone, or the message may."""
        with suppress(TelegramError):
            await self._call("editMessageReplyMarkup", {"chat_id": str(chat), "message_id": str(message)})

    async def _send_part(self, chat: str, part: Part) -> str:
        """Send one message; return its id."""
        buttons = InlineKeyboardMarkup(rows(part.buttons)) if part.buttons else None
        if part.copied is not None:
            copied = await self._bot.copy_message(
                chat,
                part.copied.chat,
                int(part.copied.message),
                caption=part.html,
                parse_mode=ParseMode.HTML,
                reply_markup=buttons,
            )
            return str(copied.message_id)
        if part.picture is not None and part.picture.kind != "continuation":
            return str((await self._send_picture(chat, part.picture, part.html, buttons)).message_id)
        text = f"{part.html}\n\n{self._code(part.picture)}".strip() if part.picture else part.html
        sent = {"chat_id": chat, "text": text, "parse_mode": ParseMode.HTML, "link_preview_options": _NO_PREVIEW}
        if buttons is not None:
            sent["reply_markup"] = buttons.to_json()
        return str((await self._call("sendMessage", sent))["message_id"])

    def _code(self, picture: Picture) -> str:
        """Return a code to continue with, and the address where it does, as Telegram HTML."""
        code, address = verification.shown(self._keys, picture.kind, picture.challenge), self._address()
        return f"<code>{code}</code>" + (f"\n\n{address}/?continue={code}" if address else "")

    async def _send_picture(
        self, chat: str, picture: Picture, caption: str, buttons: InlineKeyboardMarkup | None
    ) -> Message:
        characters = verification.shown(self._keys, picture.kind, picture.challenge)
        if picture.kind == "characters":
            drawn = await asyncio.to_thread(pictures.png, characters)
            return await self._bot.send_photo(
                chat, drawn, caption=caption, parse_mode=ParseMode.HTML, reply_markup=buttons, filename="characters.png"
            )
        spoken = await asyncio.to_thread(pictures.wav, characters)
        return await self._bot.send_audio(
            chat, spoken, caption=caption, parse_mode=ParseMode.HTML, reply_markup=buttons, filename="characters.wav"
        )


def parts(replies: Sequence[Reply]) -> list[Part]:
    """Return the messages that replies are sent as, the buttons of a reply under its last one; always the same ones."""
    made: list[Part] = []
    for reply in replies:
        texts = _html(reply.text, TELEGRAM_TEXT)
        of_reply: list[Part] = []
        if reply.picture is not None or reply.copied is not None:
            captions = _html(reply.text, TELEGRAM_CAPTION)
            fits = len(captions) < 2
            of_reply.append(Part("".join(captions) if fits else "", picture=reply.picture, copied=reply.copied))
            texts = () if fits else texts
        elif reply.buttons and not texts:
            texts = ("…",)  # Telegram takes no buttons without a text
        of_reply += [Part(html) for html in texts]
        if of_reply:
            of_reply[-1] = replace(of_reply[-1], buttons=reply.buttons)
        made += of_reply
    return made


def rows(buttons: Sequence[Button]) -> list[list[InlineKeyboardButton]]:
    """Return the buttons in at most 8 rows: short labels two in a row, long ones alone while there is room."""
    laid: list[list[Button]] = []
    for button in buttons:
        beside = laid and len(laid[-1]) == 1 and len(laid[-1][0].label) <= SHORT_LABEL >= len(button.label)
        if beside:
            laid[-1].append(button)
        else:
            laid.append([button])
    if len(laid) > MOST_ROWS:
        width = ceil(len(buttons) / MOST_ROWS)
        laid = [list(buttons[start : start + width]) for start in range(0, len(buttons), width)]
    return [[_button(button) for button in row] for row in laid]


def failure(error: TelegramError) -> SendFailed:
    """Return what a failed call means for the outbox."""
    if isinstance(error, RetryAfter):
        return SendFailed(error.message, permanent=False, retry_after=seconds_to_wait(error))
    if isinstance(error, TimedOut | Unclear):
        return SendFailed(error.message, permanent=False, is_unclear=True)
    # The same call would be refused again: the person has gone, or Telegram will not have what we say.
    permanent = isinstance(error, Forbidden | BadRequest | ChatMigrated)
    return SendFailed(error.message, permanent=permanent, is_gone=isinstance(error, Forbidden))


@lru_cache(maxsize=512)  # the same answers again and again: a fifth of the work of sending them
def _html(text: str, limit: int) -> tuple[str, ...]:
    return tuple(telegram_html(text, limit))


def _leaves_something(delivery: Delivery, bare: str) -> bool:
    return bool(delivery.remove_message or _dead(delivery, bare))


def _dead(delivery: Delivery, bare: str) -> list[str]:
    """Return the messages whose buttons have to go."""
    return [] if delivery.is_overtaken else [number for number in delivery.keyboard.split() if number != bare]


def _button(button: Button) -> InlineKeyboardButton:
    if not 1 <= len(button.data.encode()) <= DATA_BYTES:
        raise ValueError(f"Telegram takes 1 to {DATA_BYTES} bytes of button data, not {button.data!r}")
    return InlineKeyboardButton(label(button.label), callback_data=button.data)
