"""The Bot API's methods as the tests' Telegram does them: whatever Telegram would refuse is refused in its words."""

import io
import json
import re
import wave
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from PIL import Image, UnidentifiedImageError

from tests.telegram_chats import BOT, BOT_ID, Button, Chat, Chats, Message
from tests.telegram_html import CannotParse, read_html

ACTIONS = {"typing", "upload_photo", "upload_voice", "upload_document", "record_voice"}


class ApiError(Exception):
    """An answer of the Bot API that is not ok."""

    def __init__(self, status: int, description: str, **parameters: int) -> None:
        super().__init__(description)
        self.status = status
        self.parameters = parameters


@dataclass
class Request:
    """One call of the bot: its fields as text, its files as bytes."""

    method: str
    fields: dict[str, str] = field(default_factory=dict)
    files: dict[str, bytes] = field(default_factory=dict)
    at: float = 0.0  # when it came, by the monotonic clock

    @property
    def chat(self) -> int | None:
        """The chat that it is about, if any."""
        number = self.fields.get("chat_id", "")
        return int(number) if re.fullmatch(r"-?\d+", number) else None


def get_me(chats: Chats, request: Request) -> dict[str, Any]:
    """Say who the bot is."""
    return {**BOT, "can_join_groups": True, "can_read_all_group_messages": False, "supports_inline_queries": False}


def set_my_commands(chats: Chats, request: Request) -> bool:
    """Check the command menu."""
    for command in json.loads(request.fields["commands"]):
        if not re.fullmatch(r"[a-z0-9_]{1,32}", command["command"]):
            raise ApiError(400, "Bad Request: BOT_COMMAND_INVALID")
        if not 1 <= len(command["description"]) <= 256:
            raise ApiError(400, "Bad Request: BOT_COMMAND_DESCRIPTION_INVALID")
    return True


def send_message(chats: Chats, request: Request) -> dict[str, Any]:
    """Put a text into a chat."""
    chat = _open_chat(chats, request)
    text = _parsed(request, "text")
    if not text.strip():
        raise ApiError(400, "Bad Request: message text is empty")
    if _units(text) > 4096:
        raise ApiError(400, "Bad Request: message is too long")
    return _put(chats, chat, request, Message(0, by_bot=True, text=text.strip(), html=request.fields["text"]))


def send_photo(chats: Chats, request: Request) -> dict[str, Any]:
    """Put a picture into a chat."""
    chat = _open_chat(chats, request)
    photo = request.files.get("photo", b"")
    try:
        with Image.open(io.BytesIO(photo)) as image:
            width, height = image.size
    except UnidentifiedImageError:
        raise ApiError(400, "Bad Request: IMAGE_PROCESS_FAILED") from None
    if width + height > 10_000 or max(width, height) > 20 * min(width, height):
        raise ApiError(400, "Bad Request: PHOTO_INVALID_DIMENSIONS")
    message = Message(0, by_bot=True, text=_caption(request), html=request.fields.get("caption", ""), photo=photo)
    size = {"file_id": "p", "file_unique_id": "p", "width": width, "height": height}
    return _put(chats, chat, request, message, photo=[size])


def send_audio(chats: Chats, request: Request) -> dict[str, Any]:
    """Put a sound into a chat."""
    chat = _open_chat(chats, request)
    audio = request.files.get("audio") or request.files.get("voice") or b""
    try:
        with wave.open(io.BytesIO(audio)) as sound:
            seconds = sound.getnframes() // sound.getframerate()
    except (wave.Error, EOFError):
        raise ApiError(400, "Bad Request: wrong file identifier/HTTP URL specified") from None
    message = Message(0, by_bot=True, text=_caption(request), html=request.fields.get("caption", ""), audio=audio)
    told = {"file_id": "a", "file_unique_id": "a", "duration": seconds}
    return _put(chats, chat, request, message, audio=told)


def edit_message_reply_markup(chats: Chats, request: Request) -> dict[str, Any]:
    """Change the buttons under a message of the bot."""
    chat = _open_chat(chats, request)
    message = chat.messages.get(int(request.fields.get("message_id", 0)))
    if message is None or message.deleted:
        raise ApiError(400, "Bad Request: message to edit not found")
    if not message.by_bot:
        raise ApiError(400, "Bad Request: message can't be edited")
    rows = _rows(request)
    if rows == message.rows:
        raise ApiError(
            400,
            "Bad Request: message is not modified: specified new message content and reply markup are exactly the same"
            " as a current content and reply markup of the message",
        )
    message.rows = rows
    return chats.as_json(message.id, chat, BOT_ID, text=message.text)


def answer_callback_query(chats: Chats, request: Request) -> bool:
    """End the waiting sign on a pressed button."""
    query = request.fields.get("callback_query_id", "")
    if chats.queries.get(query) is not False:
        raise ApiError(400, "Bad Request: query is too old and response timeout expired or query ID is invalid")
    if _units(request.fields.get("text", "")) > 200:
        raise ApiError(400, "Bad Request: MESSAGE_TOO_LONG")
    chats.queries[query] = True
    return True


def delete_message(chats: Chats, request: Request) -> bool:
    """Take a message away."""
    message = _open_chat(chats, request).messages.get(int(request.fields.get("message_id", 0)))
    if message is None or message.deleted:
        raise ApiError(400, "Bad Request: message to delete not found")
    message.deleted = True
    return True


def send_chat_action(chats: Chats, request: Request) -> bool:
    """Show that the bot is about to do something."""
    action = request.fields.get("action", "")
    if action not in ACTIONS:
        raise ApiError(400, "Bad Request: wrong parameter action in request")
    _open_chat(chats, request).actions.append(action)
    return True


def create_forum_topic(chats: Chats, request: Request) -> dict[str, Any]:
    """Open a topic in a group."""
    chat = _open_chat(chats, request)
    name = request.fields.get("name", "")
    if chat.kind != "supergroup" or not chat.is_forum:
        raise ApiError(400, "Bad Request: the chat is not a forum")
    if not 1 <= len(name) <= 128:
        raise ApiError(400, "Bad Request: TOPIC_TITLE_INVALID")
    topic = chats.next_number()
    chat.topics[topic] = name
    return {"message_thread_id": topic, "name": name, "icon_color": 7322096}


def close_forum_topic(chats: Chats, request: Request) -> bool:
    """Close a topic: those who are no administrators cannot write in it."""
    return _close(chats, request, is_closed=True)


def reopen_forum_topic(chats: Chats, request: Request) -> bool:
    """Let everybody write in a topic again."""
    return _close(chats, request, is_closed=False)


def copy_message(chats: Chats, request: Request) -> dict[str, Any]:
    """Put what another message holds into a chat, under a new caption where there is one."""
    chat, source = _open_chat(chats, request), chats.all.get(int(request.fields.get("from_chat_id", 0)))
    copied = source.messages.get(int(request.fields.get("message_id", 0))) if source else None
    if copied is None or copied.deleted:
        raise ApiError(400, "Bad Request: message to copy not found")
    text = _caption(request) if "caption" in request.fields else copied.text
    message = Message(0, by_bot=True, text=text, html=request.fields.get("caption", ""), content=copied.content)
    return {"message_id": _put(chats, chat, request, message)["message_id"]}


def get_chat(chats: Chats, request: Request) -> dict[str, Any]:
    """Tell of a chat that the bot is in."""
    return _open_chat(chats, request).as_json()


def get_chat_member(chats: Chats, request: Request) -> dict[str, Any]:
    """Tell as what the bot is in a group."""
    if request.fields.get("user_id") != str(BOT_ID):
        raise ApiError(400, "Bad Request: user not found")
    return {"user": BOT, **_open_chat(chats, request).bot}


def set_webhook(chats: Chats, request: Request) -> bool:
    """Take the address at which updates are handed in, and the secret that goes with them."""
    chats.webhook = (request.fields["url"], request.fields.get("secret_token", ""))
    return True


def delete_webhook(chats: Chats, request: Request) -> bool:
    """Let updates be asked for."""
    chats.webhook = None
    return True


METHODS: dict[str, Callable[[Chats, Request], Any]] = {
    "getMe": get_me,
    "setMyCommands": set_my_commands,
    "setWebhook": set_webhook,
    "deleteWebhook": delete_webhook,
    "sendMessage": send_message,
    "sendPhoto": send_photo,
    "sendAudio": send_audio,
    "sendVoice": send_audio,
    "editMessageReplyMarkup": edit_message_reply_markup,
    "answerCallbackQuery": answer_callback_query,
    "deleteMessage": delete_message,
    "sendChatAction": send_chat_action,
    "createForumTopic": create_forum_topic,
    "closeForumTopic": close_forum_topic,
    "reopenForumTopic": reopen_forum_topic,
    "copyMessage": copy_message,
    "getChat": get_chat,
    "getChatMember": get_chat_member,
}


def _open_chat(chats: Chats, request: Request) -> Chat:
    chat = chats.all.get(request.chat or 0)
    if chat is None:
        raise ApiError(400, "Bad Request: chat not found")
    if chat.blocked:
        raise ApiError(403, "Forbidden: bot was blocked by the user")
    return chat


def _close(chats: Chats, request: Request, *, is_closed: bool) -> bool:
    chat, topic = _open_chat(chats, request), int(request.fields.get("message_thread_id", 0))
    if topic not in chat.topics:
        raise ApiError(400, "Bad Request: message thread not found")
    if not chat.bot["can_manage_topics"]:
        raise ApiError(400, "Bad Request: not enough rights to close a topic")
    if (topic in chat.closed) is is_closed:
        raise ApiError(400, "Bad Request: TOPIC_NOT_MODIFIED")
    chat.closed ^= {topic}
    return True


def _parsed(request: Request, name: str) -> str:
    text = request.fields.get(name, "")
    mode = request.fields.get("parse_mode", "")
    if mode not in {"", "HTML"}:
        raise ApiError(400, "Bad Request: unsupported parse_mode")
    try:
        return read_html(text)[0] if mode else text
    except CannotParse as error:
        raise ApiError(400, f"Bad Request: can't parse entities: {error}") from None


def _caption(request: Request) -> str:
    caption = _parsed(request, "caption")
    if _units(caption) > 1024:
        raise ApiError(400, "Bad Request: message caption is too long")
    return caption.strip()


def _put(chats: Chats, chat: Chat, request: Request, message: Message, **content: Any) -> dict[str, Any]:
    message.rows = _rows(request)
    message.topic = int(request.fields.get("message_thread_id", 0))
    if message.topic and message.topic not in chat.topics:
        raise ApiError(400, "Bad Request: message thread not found")
    if message.topic in chat.closed and not chat.bot["can_manage_topics"]:
        raise ApiError(400, "Bad Request: TOPIC_CLOSED")
    message.id = chats.next_number()
    chat.messages[message.id] = message
    thread = {"message_thread_id": message.topic, "is_topic_message": True} if message.topic else {}
    return chats.as_json(message.id, chat, BOT_ID, **(content or {"text": message.text}), **thread)


def _rows(request: Request) -> list[list[Button]]:
    given = json.loads(request.fields.get("reply_markup") or "{}").get("inline_keyboard", [])
    rows = [[Button(button.get("text", ""), button.get("callback_data", "")) for button in row] for row in given]
    if sum(map(len, rows)) > 100 or any(len(row) > 8 for row in rows):
        raise ApiError(400, "Bad Request: REPLY_MARKUP_TOO_LONG")
    for button in (button for row in rows for button in row):
        if not button.label.strip():
            raise ApiError(400, "Bad Request: can't parse inline keyboard button: Text buttons are unallowed")
        if not 1 <= len(button.data.encode()) <= 64:
            raise ApiError(400, "Bad Request: BUTTON_DATA_INVALID")
    return rows


def _units(text: str) -> int:
    return len(text.encode("utf-16-le")) // 2
