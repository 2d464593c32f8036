"""The settings, from the environment or `.env`, prefix `CERSBOT_`."""

import os
from collections.abc import Mapping
from pathlib import Path
from urllib.parse import urlsplit

from pydantic import Field, ValidationError, field_validator
from pydantic_settings import BaseSettings, SettingsConfigDict
from sqlalchemy import make_url
from sqlalchemy.exc import ArgumentError

from core.keys import kept_secret

VAR = Path("var")
EXAMPLES: Mapping[str, str] = {
    "database_url": "sqlite:///var/cersbot.db or postgresql://user:password@host/cersbot",
    "port": "8000",
    "host": "127.0.0.1",
    "public_url": "https://bot.example.org",
    "trusted_proxies": "10.0.0.5,10.0.0.6 (addresses of your load balancers)",
    "secret_key": "at least 32 characters, drawn at random",
    "telegram_token": "123456789:AAE...",
    "telegram_base_url": "https://api.telegram.org/bot",
    "smtp_url": "smtp://user:password@mail.example.org:587",
    "mail_from": "cers-support@example.org",
    "knowledge": "/srv/cersbot/knowledge",
}


class SettingsError(Exception):
    """A setting is wrong; the message names the variable and a right value."""


class Settings(BaseSettings):
    """What an operator may set; every value has a default that works on one machine."""

    model_config = SettingsConfigDict(env_prefix="CERSBOT_", env_file=".env", extra="ignore", hide_input_in_errors=True)

    database_url: str = f"sqlite:///{VAR}/cersbot.db"
    host: str = "127.0.0.1"
    port: int = Field(default=8000, ge=0, le=65535)
    public_url: str = ""
    trusted_proxies: str = "127.0.0.1"
    secret_key: str = ""
    telegram_token: str = ""
    telegram_base_url: str = "https://api.telegram.org/bot"
    smtp_url: str = ""
    mail_from: str = "cers-support@localhost"
    knowledge: Path | None = None

    @field_validator("database_url")
    @classmethod
    def _is_database(cls, value: str) -> str:
        try:
            backend = make_url(value).get_backend_name()
        except ArgumentError:
            backend = ""
        if backend not in {"sqlite", "postgresql"}:
            raise ValueError("is not the address of an SQLite or PostgreSQL database")
        return value

    @field_validator("public_url", "telegram_base_url")
    @classmethod
    def _is_web_address(cls, value: str) -> str:
        if value and (urlsplit(value).scheme not in {"http", "https"} or not urlsplit(value).hostname):
            raise ValueError("is not a web address that begins with http:// or https://")
        return value.rstrip("/")

    @field_validator("smtp_url")
    @classmethod
    def _is_mail_server(cls, value: str) -> str:
        if value and (urlsplit(value).scheme not in {"smtp", "smtps"} or not urlsplit(value).hostname):
            raise ValueError("is not the address of a mail server that begins with smtp:// or smtps://")
        return value

    @field_validator("telegram_token")
    @classmethod
    def _is_token(cls, value: str) -> str:
        number, colon, rest = value.partition(":")
        if value and not (number.isdigit() and colon and rest):
            raise ValueError("is not a bot token as BotFather gives it")
        return value

    @field_validator("secret_key")
    @classmethod
    def _is_long_enough(cls, value: str) -> str:
        if value and len(value) < 32:
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
        return self.public_url or f"http://{self.host}:{self.port}"

    @property
    def is_development(self) -> bool:
        """Whether the pages are for this machine alone: only then does the development mailbox exist."""
        return urlsplit(self.address).hostname in {"127.0.0.1", "localhost", "::1"}

    def secret(self) -> str:
        """Return the secret key: the one that was set, or the one kept in `var/`, made there at the first use."""
        return self.secret_key or kept_secret(VAR / "secret_key")


def read_settings() -> Settings:
    """Return the settings; SettingsError names the first wrong variable and a right value."""
    try:
        return Settings()
    except ValidationError as error:
        wrong = error.errors(include_input=False)[0]
        name = str(wrong["loc"][0]) if wrong["loc"] else ""
        variable = f"CERSBOT_{name.upper()}"
        reason = wrong["msg"].removeprefix("Value error, ")
        given = (
            "" if name in {"secret_key", "telegram_token", "smtp_url", "database_url"} else os.environ.get(variable, "")
        )
        raise SettingsError(
            f"{variable}{f'={given}' if given else ''}: {reason}; for example {EXAMPLES[name]}"
        ) from None
