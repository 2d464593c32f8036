"""What a Telegram update means: a message to the bot, or nothing that concerns it."""

from telegram import CallbackQuery, Message, MessageEntity, Update, User
from telegram.constants import ChatType
from telegram.ext.filters import StatusUpdate

from bot.dialogue.messages import Incoming

CHANNEL = "telegram"
ALLOWED_UPDATES = ("message", "edited_message", "callback_query")

_GROUPS = {ChatType.GROUP, ChatType.SUPERGROUP}
# What a message may be instead of text, most telling first: Telegram calls an animation a document as well.
_ATTACHMENTS = (
    *("sticker", "voice", "photo", "animation", "video", "video_note", "audio", "document", "venue", "location"),
    *("contact", "poll", "checklist", "dice", "game", "story", "invoice", "paid_media"),
)


def read(update: Update, bot: User, staff_chat: str = "") -> Incoming | None:
    """Return what a person says to `bot`, its text as it was typed; None when nobody speaks to the bot.

    In the group `staff_chat` everything is for the bot that is said in a topic.
    """
    if update.callback_query is not None:
        return _pressed(update.callback_query, str(update.update_id))
    message = update.message or update.edited_message
    if message is None or _is_by_a_program(message):
        return None
    private = message.chat.type == ChatType.PRIVATE
    text = message.text or message.caption or ""
    attachment = _attachment(message)
    if private and not text and not attachment and not StatusUpdate.ALL.check_update(update):
        attachment = "unknown"  # newer than this program; a person sent it, so it gets an answer
    if not private and str(message.chat.id) == staff_chat:
        if not message.is_topic_message:
            return None
    elif not private:
        if message.chat.type not in _GROUPS or not _is_addressed(message, bot):
            return None
        text = _without_mention(message, text, bot)
    if not text and not attachment:
        return None
    return Incoming(
        CHANNEL,
        str(message.chat.id),
        str(update.update_id),
        text=_without_own_name(text, bot),
        attachment=attachment,
        message=str(message.message_id),
        edited=update.edited_message is not None,
        private=private,
        person="" if private else _id(message.from_user),
        name="" if private else _name(message.from_user),
        thread="" if private else _thread(message),
        language=_language(message.from_user),
    )


def _pressed(query: CallbackQuery, key: str) -> Incoming | None:
    if query.message is None or not query.data:
        return None
    chat = query.message.chat
    private = chat.type == ChatType.PRIVATE
    language = _language(query.from_user)
    return Incoming(
        CHANNEL,
        str(chat.id),
        key,
        button=query.data,
        private=private,
        person="" if private else _id(query.from_user),
        name="" if private else _name(query.from_user),
        language=language,
    )


def _id(person: User | None) -> str:
    return str(person.id) if person else ""


def _name(person: User | None) -> str:
    return person.full_name if person else ""


def _thread(message: Message) -> str:
    """Return the topic in which a message is said; in a group without topics a thread is something else."""
    return str(message.message_thread_id) if message.is_topic_message and message.message_thread_id else ""


def _language(person: User | None) -> str:
    return (person.language_code if person else None) or ""


def _is_by_a_program(message: Message) -> bool:
    """Return whether another bot speaks; an administrator who hides behind the group does so with its name."""
    return message.from_user is not None and message.from_user.is_bot and message.sender_chat is None


def _attachment(message: Message) -> str:
    return next((kind for kind in _ATTACHMENTS if getattr(message, kind, None)), "")


def _is_addressed(message: Message, bot: User) -> bool:
    """Return whether a message in a group is for the bot: a command, a mention, or a reply to it."""
    command = _command(message)
    if command:
        _, at, name = command.partition("@")
        return not at or _is_name(name, bot)
    replied = message.reply_to_message
    if replied is not None and replied.from_user is not None and replied.from_user.id == bot.id:
        return True
    return any(_is_mention(entity, text, bot) for entity, text in _entities(message).items())


def _command(message: Message) -> str:
    """Return the command that the message begins with, or nothing."""
    for entity, text in _entities(message).items():
        if entity.type == MessageEntity.BOT_COMMAND and entity.offset == 0:
            return text
    return ""


def _entities(message: Message) -> dict[MessageEntity, str]:
    return message.parse_entities() if message.text else message.parse_caption_entities()


def _is_mention(entity: MessageEntity, text: str, bot: User) -> bool:
    if entity.type == MessageEntity.TEXT_MENTION:
        return entity.user is not None and entity.user.id == bot.id
    return entity.type == MessageEntity.MENTION and _is_name(text[1:], bot)


def _is_name(name: str, bot: User) -> bool:
    return name.casefold() == (bot.username or "").casefold()


def _without_mention(message: Message, text: str, bot: User) -> str:
    """Return the text without the bot's name, by which people call it; the name alone stays."""
    rest = text
    for entity, mention in _entities(message).items():
        if _is_mention(entity, mention, bot):
            rest = rest.replace(mention, "", 1).strip()
    return rest or text


def _without_own_name(text: str, bot: User) -> str:
    """Return `/help@name` as `/help`."""
    word, space, rest = text.partition(" ")
    command, at, name = word.partition("@")
    return f"{command}{space}{rest}" if at and command.startswith("/") and _is_name(name, bot) else text
