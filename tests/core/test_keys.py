"""Keys: what is derived from the secret is stable, apart by purpose, and evenly drawn; and how the secret is kept."""

import string
from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from threading import Timer

import pytest
from cryptography.fernet import InvalidToken

from core.keys import CHARACTERS, Keys, kept_secret
from tests.people import SECRET

OTHER = "another key of the tests, as long as the first"


def test_the_same_key_derives_the_same(keys: Keys) -> None:
    again = Keys(SECRET)
    assert keys.mac("link", 1) == again.mac("link", 1)
    assert keys.digits("code", 7, 8) == again.digits("code", 7, 8)
    assert keys.token("link", 7) == again.token("link", 7)
    assert keys.hidden("identifier", "dana") == again.hidden("identifier", "dana")


def test_another_key_purpose_or_row_derives_something_else(keys: Keys) -> None:
    derived = {
        each.mac(purpose, *parts)
        for each in (keys, Keys(OTHER))
        for purpose in ("code", "link", "")
        for parts in ((1,), (2,), (1, 2), (12,), ("",), ())
    }
    assert len(derived) == 2 * 3 * 6 - 2 * 3  # nothing and an empty text are the same


def test_codes_have_their_length_and_every_digit_in_every_place(keys: Keys) -> None:
    codes = [keys.digits("code", row, 8) for row in range(4_000)]
    assert {len(code) for code in codes} == {8}
    assert len(set(codes)) > 3_990
    for place in zip(*codes, strict=True):
        counts = Counter(place)
        assert set(counts) == set(string.digits)
        assert max(abs(count - 400) for count in counts.values()) < 100


def test_verification_characters_are_those_that_are_not_confused(keys: Keys) -> None:
    assert len(set(CHARACTERS)) == len(CHARACTERS)
    assert not set(CHARACTERS) & set("AEIOUQDLZS0125B8V7Y")
    shown = [keys.characters("characters", row, 5) for row in range(2_000)]
    assert {len(each) for each in shown} == {5}
    assert all(set(place) == set(CHARACTERS) for place in zip(*shown, strict=True))


def test_a_token_names_its_row_and_holds_192_bits_more(keys: Keys) -> None:
    tokens = [keys.token("link", row) for row in range(2_000)]
    assert [int(token.partition("-")[0]) for token in tokens] == list(range(2_000))
    secrets = {token.partition("-")[2] for token in tokens}
    assert len(secrets) == 2_000
    assert {len(secret) for secret in secrets} == {32}
    assert set("".join(secrets)) <= set(string.ascii_letters + string.digits + "-_")


def test_a_hidden_text_is_short_and_does_not_show_what_it_hides(keys: Keys) -> None:
    hidden = keys.hidden("identifier", "dana@example.org")
    assert len(hidden) == 32
    assert "dana" not in hidden
    assert hidden != Keys(OTHER).hidden("identifier", "dana@example.org")


def test_what_is_sealed_is_opened_by_its_key_alone(keys: Keys) -> None:
    sealed = keys.seal(b"a message")
    assert b"message" not in sealed
    assert sealed != keys.seal(b"a message")
    assert Keys(SECRET).unseal(sealed) == b"a message"
    for wrong in (Keys(OTHER).unseal, lambda text: keys.unseal(text[:-1]), lambda text: keys.unseal(b"A" + text[1:])):
        with pytest.raises(InvalidToken):
            wrong(sealed)


def test_a_retired_key_opens_what_it_sealed_and_seals_no_more(keys: Keys) -> None:
    newer = Keys(OTHER, retired=[SECRET])
    assert newer.unseal(keys.seal(b"before")) == b"before"
    with pytest.raises(InvalidToken):
        keys.unseal(newer.seal(b"since"))
    assert newer.mac("code", 1) == Keys(OTHER).mac("code", 1)


def test_a_kept_secret_is_made_once_and_is_the_owners_alone(tmp_path: Path) -> None:
    path = tmp_path / "new" / "secret_key"
    secret = kept_secret(path)
    assert len(secret) >= 43
    assert kept_secret(path) == secret
    assert path.stat().st_mode & 0o777 == 0o600
    assert kept_secret(tmp_path / "other") != secret


def test_of_eight_processes_that_start_at_once_all_have_the_same_secret(tmp_path: Path) -> None:
    for number in range(20):
        path = tmp_path / str(number)
        with ThreadPoolExecutor(8) as threads:
            assert len(set(threads.map(kept_secret, [path] * 8))) == 1


def test_a_secret_that_is_just_being_written_is_waited_for(tmp_path: Path) -> None:
    path = tmp_path / "secret_key"
    path.touch()
    writing = Timer(0.1, path.write_text, [SECRET])
    writing.start()
    assert kept_secret(path) == SECRET
    writing.join()


@pytest.mark.parametrize("content", ["", "\n", "short"])
def test_a_file_without_a_secret_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, content: str) -> None:
    monkeypatch.setattr("core.keys.time.sleep", lambda _: None)
    path = tmp_path / "secret_key"
    path.write_text(content)
    with pytest.raises(ValueError, match="remove that file"):
        kept_secret(path)
