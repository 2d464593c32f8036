"""Settings: defaults that work on one machine, and one line for a wrong value that names the right one."""

import os
from collections.abc import Mapping
from pathlib import Path

import pytest

from core.settings import EXAMPLES, Settings, SettingsError, read_settings


@pytest.fixture(autouse=True)
def empty_machine(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """Let each test begin in an empty folder, with nothing set."""
    for name in os.environ:
        if name.startswith("CERSBOT_"):
            monkeypatch.delenv(name)
    monkeypatch.chdir(tmp_path)


def test_nothing_has_to_be_set() -> None:
    settings = read_settings()
    assert settings.database_url == "sqlite:///var/cersbot.db"
    assert (settings.host, settings.port, settings.address) == ("127.0.0.1", 8000, "http://127.0.0.1:8000")
    assert settings.is_development


WRONG = {
    "DATABASE_URL": (
        "mysql://user@host/cersbot",
        "cersbot.db",
        "postgres://host/cersbot",
        "postgresql+asyncpg://host/cersbot",
        "postgresql://host:port/cersbot",
        "sqlite://",
        "sqlite:///:memory:",
    ),
    "WEBHOOK_URL": ("http://bot.example.org/telegram", "bot.example.org", "https://", "https://bot.example.org/?a=b"),
    "WEBHOOK_SECRET": ("two words", "ñandú", "s" * 257, "a:b"),
    "LOG_FORMAT": ("xml", "JSON", "text\njson"),
    "METRICS_PORT": ("eight", "70000", "-1"),
    "HOST": ("http://127.0.0.1", "127.0.0.1:8000", "bot example", "-bot", "bot/", "two\nlines"),
    "PORT": ("eight", "70000", "-1", "80.5", "8000\n8001"),
    "PUBLIC_URL": (
        "bot.example.org",
        "ftp://bot.example.org",
        "https://",
        "https://bot.example.org:no",
        "https://[::1",
    ),
    "TRUSTED_PROXIES": ("*", "loadbalancer", "10.0.0.5;10.0.0.6", "10.0.0.5,", "10.0.0.300"),
    "SECRET_KEY": ("too short", "k" * 31),
    "TELEGRAM_TOKEN": ("123456789", "abc:def", "123456789:", "123456789:AAE AAE", "²:AAE"),
    "TELEGRAM_STAFF_CHAT": ("@our_desk", "1001234567890", "0", "-100 123"),
    "TELEGRAM_STAFF": ("@ana", "123;456", "123,", "0", "-100123", "²"),
    "TELEGRAM_BASE_URL": ("localhost:8081", "api.telegram.org/bot", "http://:8081/bot"),
    "SMTP_URL": ("mail.example.org:587", "http://mail.example.org", "smtp://", "smtp://mail.example.org:0"),
    "MAIL_FROM": (
        "support",
        "@example.org",
        "CERS <a@example.org>",
        "a@b@example.org",
        "a@example.org, b@example.org",
        "josé@example.org",
        "a@example.org\nBcc: b@example.org",
    ),
    "KNOWLEDGE": ("no/such/folder", "/dev/null"),
    "SECRET_KEY_RETIRED": ("too short", "k" * 31),
    "KEEP_TRANSCRIPTS_DAYS": ("0", "-1", "a month", "36501"),
    "KEEP_TICKETS_DAYS": ("30", "-1", "a year"),
    "KEEP_AUDIT_DAYS": ("0", "a year"),
    "KEEP_PAYLOADS_HOURS": ("23", "a day"),
}
RIGHT = {
    "DATABASE_URL": (
        "sqlite:///var/cersbot.db",
        "sqlite:////srv/cersbot.db",
        "postgresql://user:p%40ss@host:5432/cersbot",
    ),
    "WEBHOOK_URL": ("https://bot.example.org/telegram", "https://bot.example.org:8443/cers/telegram"),
    "WEBHOOK_SECRET": ("a-secret_1", "s" * 256),
    "LOG_FORMAT": ("text", "json"),
    "METRICS_PORT": ("9101",),
    "HOST": ("127.0.0.1", "0.0.0.0", "::1", "localhost", "bot-1.example.org"),
    "PORT": ("8000", "80", "65535"),
    "PUBLIC_URL": ("https://bot.example.org", "http://127.0.0.1:8000/", "http://[::1]:8000"),
    "TRUSTED_PROXIES": ("10.0.0.5", "10.0.0.5, 10.0.0.6", "10.0.0.0/8,::1"),
    "SECRET_KEY": ("k" * 32,),
    "TELEGRAM_TOKEN": ("123456789:AAE-abc_DEF0123456789",),
    "TELEGRAM_STAFF_CHAT": ("-1001234567890",),
    "TELEGRAM_STAFF": ("123456789", "123456789, 987654321"),
    "TELEGRAM_BASE_URL": ("https://api.telegram.org/bot", "http://127.0.0.1:8081/bot"),
    "SMTP_URL": ("smtp://mail.example.org", "smtps://user:p%40ss@mail.example.org:465"),
    "MAIL_FROM": ("cers-support@example.org", "cers-support@localhost", "o'brien+cers@mail.example.org"),
    "KNOWLEDGE": (".",),
    "SECRET_KEY_RETIRED": ("k" * 32,),
    "KEEP_TRANSCRIPTS_DAYS": ("1", "30"),
    "KEEP_TICKETS_DAYS": ("31", "3650"),
    "KEEP_AUDIT_DAYS": ("1", "365"),
    "KEEP_PAYLOADS_HOURS": ("24", "72"),
}


def each(values: Mapping[str, tuple[str, ...]]) -> list[tuple[str, str]]:
    """Return every pair of a variable and a value."""
    return [(variable, value) for variable, several in values.items() for value in several]


@pytest.mark.parametrize(("variable", "value"), each(WRONG))
@pytest.mark.parametrize("place", ["environment", ".env"])
def test_a_wrong_value_is_one_line_with_the_variable_and_a_right_value(
    monkeypatch: pytest.MonkeyPatch, variable: str, value: str, place: str
) -> None:
    if place == "environment":
        monkeypatch.setenv(f"CERSBOT_{variable}", value)
    else:
        Path(".env").write_text(f'CERSBOT_{variable}="{value}"\n', encoding="utf-8")
    with pytest.raises(SettingsError) as wrong:
        read_settings()
    sentence = str(wrong.value)
    assert sentence.startswith(f"CERSBOT_{variable}")
    assert EXAMPLES[variable.lower()] in sentence
    assert "\n" not in sentence


@pytest.mark.parametrize(("variable", "value"), each(RIGHT))
def test_a_right_value_is_taken(monkeypatch: pytest.MonkeyPatch, variable: str, value: str) -> None:
    monkeypatch.setenv(f"CERSBOT_{variable}", value)
    assert str(getattr(read_settings(), variable.lower())) == (value.rstrip("/") if "URL" in variable else value)


@pytest.mark.parametrize("variable", sorted(EXAMPLES))
def test_an_empty_value_is_none(monkeypatch: pytest.MonkeyPatch, variable: str) -> None:
    nothing_set = read_settings()
    monkeypatch.setenv(f"CERSBOT_{variable.upper()}", "")
    assert read_settings() == nothing_set


@pytest.mark.parametrize("place", ["environment", ".env"])
@pytest.mark.parametrize(
    ("variable", "value"),
    [
        ("DATABASE_URL", "mysql://user:hunter2@host/cersbot"),
        ("DATABASE_URL", "postgresql://user:p@ss:hunter2@host/cersbot"),
        ("DATABASE_URL", "hunter2"),
        ("SMTP_URL", "http://user:hunter2@mail.example.org"),
        ("SMTP_URL", "smtp://user:hunter2℀@mail.example.org"),
        ("SMTP_URL", "smtp://mail.example.org:hunter2"),
        ("PUBLIC_URL", "ftp://user:hunter2@bot.example.org"),
        ("SECRET_KEY", "hunter2"),
        ("TELEGRAM_TOKEN", "hunter2"),
        ("TELEGRAM_BASE_URL", "api.telegram.org/bot123:hunter2"),
    ],
)
def test_a_wrong_secret_is_not_quoted(monkeypatch: pytest.MonkeyPatch, variable: str, value: str, place: str) -> None:
    if place == "environment":
        monkeypatch.setenv(f"CERSBOT_{variable}", value)
    else:
        Path(".env").write_text(f'CERSBOT_{variable}="{value}"\n', encoding="utf-8")
    with pytest.raises(SettingsError) as wrong:
        read_settings()
    assert "hunter2" not in str(wrong.value)
    assert wrong.value.__cause__ is None
    assert wrong.value.__suppress_context__


def test_a_wrong_value_that_holds_no_secret_is_quoted(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("CERSBOT_PORT", "eight")
    with pytest.raises(SettingsError, match=r"^CERSBOT_PORT='eight': .*; for example 8000$"):
        read_settings()


def test_every_setting_has_an_example_and_is_tried_here() -> None:
    names = set(Settings.model_fields)
    assert names == set(EXAMPLES)
    assert {name.upper() for name in names} == set(WRONG) == set(RIGHT)


def test_a_file_beside_the_service_sets_what_the_environment_does_not(monkeypatch: pytest.MonkeyPatch) -> None:
    Path(".env").write_text("CERSBOT_PORT=8080\nCERSBOT_HOST=0.0.0.0\nOTHER=1\n")
    monkeypatch.setenv("CERSBOT_HOST", "127.0.0.2")
    settings = read_settings()
    assert (settings.host, settings.port) == ("127.0.0.2", 8080)


def test_the_file_may_be_saved_as_windows_saves_utf_8() -> None:
    Path(".env").write_text("CERSBOT_PORT=8080\n", encoding="utf-8-sig")
    assert read_settings().port == 8080


def test_a_file_that_is_no_utf_8_is_named_in_one_line() -> None:
    Path(".env").write_text("CERSBOT_PORT=8080\n", encoding="utf-16")
    with pytest.raises(SettingsError, match=r"^\.env: .*UTF-8.*$"):
        read_settings()


@pytest.mark.parametrize(
    ("host", "address"),
    [("127.0.0.1", "http://127.0.0.1:8000"), ("::1", "http://[::1]:8000"), ("bot.local", "http://bot.local:8000")],
)
def test_without_a_public_address_people_reach_the_host(
    monkeypatch: pytest.MonkeyPatch, host: str, address: str
) -> None:
    monkeypatch.setenv("CERSBOT_HOST", host)
    assert read_settings().address == address


def test_the_secret_key_is_made_once_and_is_the_owners_alone() -> None:
    secret = read_settings().secret()
    assert len(secret) >= 43
    assert read_settings().secret() == secret
    assert Path("var/secret_key").stat().st_mode & 0o777 == 0o600


def test_a_file_that_holds_no_secret_key_is_named_in_one_line(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("core.keys.time.sleep", lambda _: None)
    Path("var").mkdir()
    Path("var/secret_key").write_text("damaged")
    with pytest.raises(SettingsError, match=r"^CERSBOT_SECRET_KEY: .*secret_key.*; for example at least 32.*$"):
        read_settings().secret()


def test_a_secret_key_that_is_set_is_kept_nowhere(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("CERSBOT_SECRET_KEY", "k" * 32)
    assert read_settings().secret() == "k" * 32
    assert not Path("var").exists()


@pytest.mark.parametrize(
    ("url", "development"),
    [
        ("http://127.0.0.1:8000", True),
        ("http://localhost", True),
        ("http://[::1]:8000", True),
        ("https://bot.example.org", False),
        ("http://localhost.example.org", False),
        ("http://127.0.0.1@bot.example.org", False),
    ],
)
def test_only_this_machine_is_development(monkeypatch: pytest.MonkeyPatch, url: str, *, development: bool) -> None:
    monkeypatch.setenv("CERSBOT_PUBLIC_URL", url)
    assert read_settings().is_development is development
