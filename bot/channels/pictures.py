"""Verification characters drawn as a picture, spoken as sound, and set in block letters for a terminal."""

from functools import cache
from io import BytesIO

from captcha.audio import AudioCaptcha
from captcha.image import ImageCaptcha
from PIL import Image, ImageDraw, ImageFont

TERMINAL_COLUMNS = 72

_DARK = (16, 24, 40)
_WHITE = (255, 255, 255, 255)  # the package blends by brightness: only white on dark comes out crisp
_SIZE = (560, 120)  # five letters and the five gaps that may come between them fit uncut
_FONT_SIZES = (74, 80, 86)
_LETTER_SIZES = range(16, 7, -1)
_GAP = 4
_HALF_BLOCKS = {(False, False): " ", (True, False): "▀", (False, True): "▄", (True, True): "█"}


def png(characters: str) -> bytes:
    """Return a PNG of 560 by 120 pixels that shows the characters, distorted anew at each call. Takes about 4 ms."""
    drawn = _image_captcha().generate_image(characters, bg_color=_DARK, fg_color=_WHITE).convert("L")
    drawn.putpalette(_shades())
    file = BytesIO()
    drawn.save(file, "png", compress_level=1)  # a seventh of the time that three colours take
    return file.getvalue()


def wav(digits: str) -> bytes:
    """Return a WAV (8 kHz, 8 bit, mono) that speaks the digits slowly; about 16 s of sound for 6, made in 0.2 s."""
    return bytes(_audio_captcha().generate(digits))


def half_blocks(characters: str, columns: int = TERMINAL_COLUMNS) -> str:
    """Return the characters in letters of six rows, made of half blocks, for a terminal that shows UTF-8."""
    rows = _bitmap(characters, columns)
    rows += [[False] * len(rows[0])] * (len(rows) % 2)
    pairs = zip(rows[::2], rows[1::2], strict=True)
    return "\n".join("".join(_HALF_BLOCKS[pixels] for pixels in zip(*pair, strict=True)).rstrip() for pair in pairs)


def hashes(characters: str, columns: int = TERMINAL_COLUMNS) -> str:
    """Return the characters in letters of twelve rows, made of `#`, for a terminal that shows ASCII alone."""
    return "\n".join("".join(" #"[pixel] for pixel in row).rstrip() for row in _bitmap(characters, columns))


@cache
def _shades() -> bytes:
    """Return the colours from the darkest that is drawn to white, for every brightness."""
    dark = Image.new("RGB", (1, 1), _DARK).convert("L").tobytes()[0]
    share = [max(0.0, (brightness - dark) / (255 - dark)) for brightness in range(256)]
    return bytes(round(low + each * (255 - low)) for each in share for low in _DARK)


@cache
def _image_captcha() -> ImageCaptcha:
    captcha = ImageCaptcha(*_SIZE, font_sizes=_FONT_SIZES)
    captcha.word_offset_dx = 0.0  # the package pushes letters into each other, so that people misread MN and RP
    captcha.character_rotate = (-20, 20)
    return captcha


@cache
def _audio_captcha() -> AudioCaptcha:
    captcha = AudioCaptcha()
    captcha.load()
    return captcha


def _bitmap(characters: str, columns: int) -> list[list[bool]]:
    """Return the pixels of the characters, in the largest letters of which five fit; the smallest if none do."""
    for size in _LETTER_SIZES:
        glyphs = [_glyph(character, size) for character in characters]
        width = sum(glyph.width for glyph in glyphs) + _GAP * (len(glyphs) - 1)
        if width <= columns:
            break
    sheet = Image.new("1", (width, glyphs[0].height))
    left = 0
    for glyph in glyphs:
        sheet.paste(glyph, (left, 0))
        left += glyph.width + _GAP
    drawn = sheet.crop(sheet.getbbox())
    return [[bool(drawn.getpixel((x, y))) for x in range(drawn.width)] for y in range(drawn.height)]


def _glyph(character: str, size: int) -> Image.Image:
    font = ImageFont.load_default(size)
    canvas = Image.new("1", (2 * size, 2 * size))
    ImageDraw.Draw(canvas).text((size // 2, 0), character, font=font, fill=1)
    left, _, right, _ = canvas.getbbox() or (0, 0, size, size)
    return canvas.crop((left, 0, right, canvas.height))
