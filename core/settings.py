"""The settings, from the environment or `.env`, prefix `CERSBOT_`."""

import re
from collections.abc import Mapping
from datetime import timedelta
from ipaddress import ip_address, ip_network
from pathlib import Path
from typing import Literal
from urllib.parse import urlsplit

from pydantic import Field, ValidationError, field_validator
from pydantic_settings import BaseSettings, SettingsConfigDict
from sqlalchemy import make_url
from sqlalchemy.exc import ArgumentError

from core import rules
from core.keys import SHORTEST_SECRET, Keys, kept_secret
from core.purging import Keeping

VAR = Path("var")
# A hundred years are as good as for ever; an activation link outlives its account's thirty days by one at least.
LONGEST_DAYS = 36_500
SHORTEST_TICKET_DAYS = rules.ACTIVATION_EXPIRES_DAYS + 1
EXAMPLES: Mapping[str, str] = {
    "database_url": "sqlite:///var/cersbot.db or postgresql://user:password@host/cersbot",
    "port": "8000",
    "host": "127.0.0.1",
    "public_url": "https://bot.example.org",
    "trusted_proxies": "10.0.0.5,10.0.0.6 (addresses of your load balancers)",
    "secret_key": "at least 32 characters, drawn at random",
    "secret_key_retired": "the key that was in use before, at least 32 characters",
    "telegram_token": "123456789:AAE...",
    "telegram_base_url": "https://api.telegram.org/bot",
    "telegram_staff_chat": "-1001234567890",
    "telegram_staff": "123456789,987654321 (each one's id on Telegram)",
    "smtp_url": "smtp://user:password@mail.example.org:587",
    "mail_from": "cers-support@example.org",
    "knowledge": "/srv/cersbot/knowledge",
    "webhook_url": "https://bot.example.org/telegram",
    "webhook_secret": "letters, digits, _ and -, 256 at most",
    "log_format": "json",
    "metrics_port": "9100",
    "keep_transcripts_days": "30",
    "keep_tickets_days": "365",
    "keep_audit_days": "365",
    "keep_payloads_hours": "24",
}
# The others may hold a password, and what is wrong may be that one stands where it should not.
_MAY_BE_QUOTED = frozenset(
    {
        *("port", "host", "trusted_proxies", "mail_from", "knowledge", "log_format", "metrics_port"),
        "telegram_staff_chat",
        "telegram_staff",
        *("keep_transcripts_days", "keep_tickets_days", "keep_audit_days", "keep_payloads_hours"),
    }
)
_LABEL = "[A-Za-z0-9](?:[A-Za-z0-9-]*[A-Za-z0-9])?"
_HOST = re.compile(rf"{_LABEL}(?:\.{_LABEL})*")
_ATOM = "[A-Za-z0-9!#$%&'*+/=?^_`{|}~-]+"
_MAILBOX = re.compile(rf"{_ATOM}(?:\.{_ATOM})*@{_HOST.pattern}")
_TOKEN = re.compile("[0-9]+:[A-Za-z0-9_-]+")
_TELEGRAM_ID = re.compile("[1-9][0-9]{0,15}")
_WEBHOOK_SECRET = re.compile("[A-Za-z0-9_-]{1,256}")


class SettingsError(Exception):
    """A setting is wrong; the message names the variable and a right value."""


class Settings(BaseSettings):
    """What an operator may set; every value has a default that works on one machine, and an empty one means that."""

    model_config = SettingsConfigDict(
        env_prefix="CERSBOT_",
        env_file=".env",
        env_file_encoding="utf-8-sig",
        env_ignore_empty=True,
        extra="ignore",
        hide_input_in_errors=True,
    )

    database_url: str = f"sqlite:///{VAR}/cersbot.db"
    host: str = "127.0.0.1"
    port: int = Field(default=8000, ge=1, le=65535)
    public_url: str = ""
    trusted_proxies: str = "127.0.0.1"
    secret_key: str = ""
    secret_key_retired: str = ""
    telegram_token: str = ""
    telegram_base_url: str = "https://api.telegram.org/bot"
    telegram_staff_chat: int | None = Field(default=None, lt=0)
    telegram_staff: str = ""
    webhook_url: str = ""
    webhook_secret: str = ""
    smtp_url: str = ""
    mail_from: str = "cers-support@localhost"
    knowledge: Path | None = None
    log_format: Literal["text", "json"] = "text"
    metrics_port: int | None = Field(default=None, ge=1, le=65535)
    keep_transcripts_days: int = Field(default=rules.TRANSCRIPT_DAYS, ge=1, le=LONGEST_DAYS)
    keep_tickets_days: int = Field(default=rules.TICKET_DAYS, ge=SHORTEST_TICKET_DAYS, le=LONGEST_DAYS)
    keep_audit_days: int = Field(default=rules.AUDIT_DAYS, ge=1, le=LONGEST_DAYS)
    keep_payloads_hours: int = Field(default=rules.PAYLOAD_HOURS, ge=24, le=24 * LONGEST_DAYS)

    @field_validator("database_url")
    @classmethod
    def _is_database(cls, value: str) -> str:
        try:
            url = make_url(value)
        except (ArgumentError, ValueError):  # either would quote a password
            raise ValueError("is not the address of a database") from None
        if url.drivername not in {"sqlite", "postgresql", "postgresql+psycopg"}:
            raise ValueError("is not the address of an SQLite or PostgreSQL database")
        if url.drivername == "sqlite" and url.database in {None, "", ":memory:"}:
            raise ValueError("names no file for SQLite")
        return value

    @field_validator("host")
    @classmethod
    def _is_host(cls, value: str) -> str:
        if not _is_address(value) and not _HOST.fullmatch(value):
            raise ValueError("is neither an address of this machine nor its name")
        return value

    @field_validator("public_url", "telegram_base_url")
    @classmethod
    def _is_web_address(cls, value: str) -> str:
        if value and not _names_server(value, {"http", "https"}):
            raise ValueError("is not a web address that begins with http:// or https://")
        return value.rstrip("/")

    @field_validator("trusted_proxies")
    @classmethod
    def _are_networks(cls, value: str) -> str:
        for each in value.split(","):
            try:
                ip_network(each.strip(), strict=False)
            except ValueError:
                raise ValueError("is not a list of addresses separated by commas") from None
        return value

    @field_validator("smtp_url")
    @classmethod
    def _is_mail_server(cls, value: str) -> str:
        if value and not _names_server(value, {"smtp", "smtps"}):
            raise ValueError("is not the address of a mail server that begins with smtp:// or smtps://")
        return value

    @field_validator("mail_from")
    @classmethod
    def _is_mailbox(cls, value: str) -> str:
        if not _MAILBOX.fullmatch(value):
            raise ValueError("is not an e-mail address, alone and without a name")
        return value

    @field_validator("telegram_token")
    @classmethod
    def _is_token(cls, value: str) -> str:
        if value and not _TOKEN.fullmatch(value):
            raise ValueError("is not a bot token as BotFather gives it")
        return value

    @field_validator("telegram_staff")
    @classmethod
    def _are_people_on_telegram(cls, value: str) -> str:
        if not all(_TELEGRAM_ID.fullmatch(each.strip()) for each in value.split(",") if value):
            raise ValueError("is not a list of people's ids on Telegram, separated by commas")
        return value

    @field_validator("webhook_url")
    @classmethod
    def _is_address_for_telegram(cls, value: str) -> str:
        if value and not _names_server(value, {"https"}):
            raise ValueError("is not a web address that begins with https://, as Telegram wants it")
        return value

    @field_validator("webhook_secret")
    @classmethod
    def _is_secret_for_telegram(cls, value: str) -> str:
        if value and not _WEBHOOK_SECRET.fullmatch(value):
            raise ValueError("is not a secret that Telegram can send in a header")
        return value

    @field_validator("secret_key", "secret_key_retired")
    @classmethod
    def _is_long_enough(cls, value: str) -> str:
        if value and len(value) < SHORTEST_SECRET:
            raise ValueError("is too short to be a secret key")
        return value

    @field_validator("knowledge")
    @classmethod
    def _is_folder(cls, value: Path | None) -> Path | None:
        if value is not None and not value.is_dir():
            raise ValueError("is not a folder")
        return value

    @property
    def address(self) -> str:
        """The address under which people reach the pages, without a slash at its end."""
        host = f"[{self.host}]" if ":" in self.host else self.host
        return self.public_url or f"http://{host}:{self.port}"

    @property
    def staff_on_telegram(self) -> frozenset[int]:
        """The ids of those who may work in the staff's group on Telegram without having been added by hand."""
        return frozenset(int(each) for each in self.telegram_staff.split(",") if each)

    @property
    def is_development(self) -> bool:
        """Whether the pages are for this machine alone: only then does the development mailbox exist."""
        return {urlsplit(self.address).hostname, self.host} <= {"127.0.0.1", "localhost", "::1"}

    def secret(self) -> str:
        """Return the secret key: the one that was set, or the one kept in `var/`, made there at the first use.

        SettingsError when the file that should hold it does not.
        """
        try:
            return self.secret_key or kept_secret(VAR / "secret_key")
        except ValueError as error:
            raise SettingsError(f"CERSBOT_SECRET_KEY: {error}; for example {EXAMPLES['secret_key']}") from None

    def keeping(self) -> Keeping:
        """Return how long what is kept."""
        return Keeping(
            timedelta(days=self.keep_transcripts_days),
            timedelta(days=self.keep_tickets_days),
            timedelta(days=self.keep_audit_days),
            timedelta(hours=self.keep_payloads_hours),
        )

    def keys(self) -> Keys:
        """Return the keys: the secret one, and and the one before it while that is set; raises as `secret`."""
        return Keys(self.secret(), retired=[self.secret_key_retired] if self.secret_key_retired else [])


def read_settings() -> Settings:
    """Return the settings; SettingsError names the first wrong variable and a right value, and quotes no secret."""
    try:
        return Settings()
    except UnicodeDecodeError:
        raise SettingsError(".env: is not UTF-8 text; save it as UTF-8, for example CERSBOT_PORT=8000") from None
    except ValidationError as error:
        wrong = error.errors()[0]
        name = str(wrong["loc"][0])
        given = f"={wrong['input']!r}" if name in _MAY_BE_QUOTED else ""
        reason = wrong["msg"].removeprefix("Value error, ")
        raise SettingsError(f"CERSBOT_{name.upper()}{given}: {reason}; for example {EXAMPLES[name]}") from None


def _names_server(url: str, schemes: set[str]) -> bool:
    try:
        parts = urlsplit(url)
        return parts.scheme in schemes and bool(parts.hostname) and parts.port != 0 and not parts.query + parts.fragment
    except ValueError:  # it would quote a password
        return False


def _is_address(host: str) -> bool:
    try:
        ip_address(host)
    except ValueError:
        return False
    return True
