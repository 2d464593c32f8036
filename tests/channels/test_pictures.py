"""Verification characters as a picture, as sound and in block letters."""

import io
import time
import wave
from itertools import product

import pytest
from PIL import Image

from bot.channels.pictures import TERMINAL_COLUMNS, half_blocks, hashes, png, wav
from core.keys import CHARACTERS


def test_the_picture_is_white_on_dark_and_drawn_anew() -> None:
    with Image.open(io.BytesIO(png("CFGHJ"))) as picture:
        grey = picture.convert("L")
        assert picture.format == "PNG"
    lightness = grey.histogram()
    assert sum(lightness[:60]) > sum(lightness[60:])
    assert sum(lightness[240:]) > 2_000
    assert png("CFGHJ") != png("CFGHJ")


def test_no_letter_of_the_picture_is_cut_off() -> None:
    for _ in range(20):
        with Image.open(io.BytesIO(png("WMWMW"))) as picture:
            edge = picture.convert("L").crop((picture.width - 8, 0, picture.width, picture.height))
        bright = edge.point(lambda value: 255 if value > 200 else 0).histogram()[255]
        assert bright < 60  # dots of noise at most


def test_a_picture_takes_milliseconds() -> None:
    png("X")
    best = min(_seconds(png, "KMNPR") for _ in range(5))
    assert best < 0.1


def test_digits_are_spoken_for_some_seconds() -> None:
    with wave.open(io.BytesIO(wav("482913"))) as sound:
        assert (sound.getnchannels(), sound.getsampwidth(), sound.getframerate()) == (1, 1, 8000)
        assert 6 < sound.getnframes() / 8000 < 40


@pytest.mark.parametrize("characters", ["WWWWW", "MMMMM", "CFGHJ", "69999"])
def test_block_letters_fit_a_terminal(characters: str) -> None:
    for art in (half_blocks(characters), hashes(characters)):
        rows = art.split("\n")
        assert max(map(len, rows)) <= TERMINAL_COLUMNS
        assert 4 <= len(rows) <= 14
    assert hashes(characters).isascii()
    assert set(half_blocks(characters)) <= set(" ▀▄█\n")


def test_every_letter_is_set_differently() -> None:
    for style in (half_blocks, hashes):
        assert len({style(character) for character in CHARACTERS}) == len(CHARACTERS)
    assert half_blocks("CF") != half_blocks("FC")


def test_letters_do_not_touch() -> None:
    for left, right in product("WMK", repeat=2):
        rows = [row.ljust(TERMINAL_COLUMNS) for row in hashes(left + right).split("\n")]
        width = max(len(row.rstrip()) for row in rows)
        assert any(all(row[column] == " " for row in rows) for column in range(1, width - 1))


def _seconds(draw: object, characters: str) -> float:
    assert callable(draw)
    start = time.perf_counter()
    draw(characters)
    return time.perf_counter() - start
