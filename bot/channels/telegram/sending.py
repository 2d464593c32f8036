"""How replies go out: Telegram HTML, pictures, sounds and inline buttons, of which only the newest can be pressed."""

import asyncio
import logging
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from contextlib import asynccontextmanager, suppress
from math import ceil

from telegram import Bot, CallbackQuery, InlineKeyboardButton, InlineKeyboardMarkup, LinkPreviewOptions, Message
from telegram.constants import ChatAction, ParseMode
from telegram.error import BadRequest, ChatMigrated, Forbidden, RetryAfter, TelegramError

from bot.channels import pictures
from bot.channels.markup import TELEGRAM_CAPTION, label, telegram_html
from bot.channels.telegram.transport import seconds_to_wait
from bot.dialogue.messages import Button, Delivery, Picture, Reply, SendFailed
from core import verification
from core.keys import Keys

logger = logging.getLogger(__name__)

MOST_ROWS = 8
SHORT_LABEL = 16  # two such labels stand beside each other on a phone
DATA_BYTES = 64
TYPING_AFTER = 0.3
TYPING_LASTS = 4.5

_NO_PREVIEW = LinkPreviewOptions(is_disabled=True)


class Sending:
    """Sends what leaves by a bot."""

    def __init__(self, bot: Bot, keys: Keys) -> None:
        """Send by `bot`; verification characters are derived from `keys` when they are drawn."""
        self._bot = bot
        self._keys = keys

    async def send(
        self, delivery: Delivery, keyboard: Callable[[], Awaitable[str | None]], bare: str = ""
    ) -> str | None:
        """Send the replies of a turn and return the ids of the messages that carry buttons now; SendFailed otherwise.

        The buttons under the messages named by `keyboard` are taken away meanwhile, except those of `bare`, which has
        none any more.
        """
        tidying = asyncio.ensure_future(self._tidy(delivery, keyboard, bare))
        try:
            sent = [await self._send_reply(delivery.chat, reply) for reply in delivery.replies]
        except TelegramError as error:
            raise failure(error) from error
        finally:
            await tidying
        return " ".join(number for number in sent if number) or None

    async def say(self, chat: str, text: str) -> None:
        """Send a text that belongs to no turn; TelegramError when it does not go out."""
        for html in telegram_html(text):
            await self._send_text(chat, html, None)

    async def acknowledge(self, query: CallbackQuery) -> None:
        """End the waiting sign on a pressed button, and take the buttons away so that none is pressed twice."""
        with suppress(TelegramError):
            await self._bot.answer_callback_query(query.id)
        if query.message is not None:
            await self._strip(query.message.chat.id, query.message.message_id)

    @asynccontextmanager
    async def typing(self, chat: str) -> AsyncIterator[None]:
        """Show that the bot is typing for as long as the block takes, when it takes a while."""
        showing = asyncio.create_task(self._show_typing(chat))
        try:
            yield
        finally:
            showing.cancel()

    async def _show_typing(self, chat: str) -> None:
        await asyncio.sleep(TYPING_AFTER)
        with suppress(TelegramError):
            while True:
                await self._bot.send_chat_action(chat, ChatAction.TYPING)
                await asyncio.sleep(TYPING_LASTS)

    async def _tidy(self, delivery: Delivery, keyboard: Callable[[], Awaitable[str | None]], bare: str) -> None:
        """Delete what held a secret and take old buttons away; none of it may keep the replies from being sent."""
        try:
            if delivery.remove_message:
                with suppress(TelegramError):
                    await self._bot.delete_message(delivery.chat, int(delivery.remove_message))
            for number in (await keyboard() or "").split():
                if number != bare and not delivery.is_overtaken:
                    await self._strip(delivery.chat, int(number))
        except Exception:
            logger.exception("old buttons stay in a chat")

    async def _strip(self, chat: str | int, message: int) -> None:
        """Take the buttons of a message away; they may be gone, or the message may."""
        with suppress(TelegramError):
            await self._bot.edit_message_reply_markup(chat, message)

    async def _send_reply(self, chat: str, reply: Reply) -> str:
        """Send one reply, in as many messages as it needs; return the id of the one with the buttons, if any."""
        buttons = InlineKeyboardMarkup(rows(reply.buttons)) if reply.buttons else None
        texts = telegram_html(reply.text)
        message: Message | None = None
        if reply.picture is not None:
            captions = telegram_html(reply.text, TELEGRAM_CAPTION)
            texts = [] if len(captions) < 2 else texts
            caption = "".join(captions) if not texts else ""
            message = await self._send_picture(chat, reply.picture, caption, None if texts else buttons)
        elif buttons is not None and not texts:
            texts = ["…"]  # Telegram takes no buttons without a text
        for place, html in enumerate(texts, start=1):
            message = await self._send_text(chat, html, buttons if place == len(texts) else None)
        return str(message.message_id) if buttons is not None and message is not None else ""

    async def _send_text(self, chat: str, html: str, buttons: InlineKeyboardMarkup | None) -> Message:
        return await self._bot.send_message(
            chat, html, parse_mode=ParseMode.HTML, link_preview_options=_NO_PREVIEW, reply_markup=buttons
        )

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
    # The same call would be refused again: the person has gone, or Telegram will not have what we say.
    return SendFailed(error.message, permanent=isinstance(error, Forbidden | BadRequest | ChatMigrated))


def _button(button: Button) -> InlineKeyboardButton:
    if not 1 <= len(button.data.encode()) <= DATA_BYTES:
        raise ValueError(f"Telegram takes 1 to {DATA_BYTES} bytes of button data, not {button.data!r}")
    return InlineKeyboardButton(label(button.label), callback_data=button.data)
