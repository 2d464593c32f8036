"""Settings: defaults that work on one machine, and one line for a wrong value that names the right one."""

import os
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


@pytest.mark.parametrize(
    ("variable", "value"),
    [
        ("DATABASE_URL", "mysql://user@host/cersbot"),
        ("DATABASE_URL", "cersbot.db"),
        ("PORT", "eight"),
        ("PORT", "70000"),
        ("PUBLIC_URL", "bot.example.org"),
        ("PUBLIC_URL", "ftp://bot.example.org"),
        ("SECRET_KEY", "too short"),
        ("TELEGRAM_TOKEN", "123456789"),
        ("TELEGRAM_BASE_URL", "localhost:8081"),
        ("SMTP_URL", "mail.example.org:587"),
        ("KNOWLEDGE", "no/such/folder"),
    ],
)
def test_a_wrong_value_is_one_line_with_the_variable_and_a_right_value(
    monkeypatch: pytest.MonkeyPatch, variable: str, value: str
) -> None:
    monkeypatch.setenv(f"CERSBOT_{variable}", value)
    with pytest.raises(SettingsError) as wrong:
        read_settings()
    sentence = str(wrong.value)
    assert sentence.startswith(f"CERSBOT_{variable}")
    assert EXAMPLES[variable.lower()] in sentence
    assert "\n" not in sentence


@pytest.mark.parametrize(
    ("variable", "value", "secret"),
    [
        ("DATABASE_URL", "mysql://user:hunter2@host/cersbot", "hunter2"),
        ("SMTP_URL", "http://user:hunter2@mail.example.org", "hunter2"),
        ("SECRET_KEY", "hunter2", "hunter2"),
        ("TELEGRAM_TOKEN", "hunter2", "hunter2"),
    ],
)
def test_a_wrong_secret_is_not_quoted(monkeypatch: pytest.MonkeyPatch, variable: str, value: str, secret: str) -> None:
    monkeypatch.setenv(f"CERSBOT_{variable}", value)
    with pytest.raises(SettingsError) as wrong:
        read_settings()
    assert secret not in str(wrong.value)
    assert wrong.value.__cause__ is None


@pytest.mark.parametrize("variable", sorted(EXAMPLES))
def test_there_is_a_setting_for_each_example(variable: str) -> None:
    assert variable in Settings.model_fields


def test_a_file_beside_the_service_sets_what_the_environment_does_not(monkeypatch: pytest.MonkeyPatch) -> None:
    Path(".env").write_text("CERSBOT_PORT=8080\nCERSBOT_HOST=0.0.0.0\nOTHER=1\n")
    monkeypatch.setenv("CERSBOT_HOST", "127.0.0.2")
    settings = read_settings()
    assert (settings.host, settings.port) == ("127.0.0.2", 8080)


def test_the_secret_key_is_made_once_and_is_the_owners_alone() -> None:
    secret = read_settings().secret()
    assert len(secret) >= 43
    assert read_settings().secret() == secret
    assert Path("var/secret_key").stat().st_mode & 0o777 == 0o600


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
