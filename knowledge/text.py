"""What a person typed, brought to the form in which texts are compared: normalised, split into words, stemmed."""

import unicodedata
from functools import lru_cache

LONGEST_TEXT = 4096
"""Characters of a text that are read; the rest is not looked at."""

_APOSTROPHES = dict.fromkeys(map(ord, "\u2018\u2019\u02bc\u00b4\u2032\uff07`"), "'")
_LOOK_ALIKES = str.maketrans("аеорсухіјѕһԁԛԝвнмткαοενρικτχβ", "aeopcyxijshdqwbhmtkaoevpiktxb")
_LETTERS_WITH_A_STROKE = {"ø": "o", "ł": "l", "đ": "d", "ħ": "h", "ŧ": "t", "ı": "i", "æ": "ae", "œ": "oe"}

_IRREGULAR = {"can't": "can not", "won't": "will not", "shan't": "shall not", "ain't": "is not", "let's": "let us"}
_ENDINGS = {"m": "am", "re": "are", "ve": "have", "ll": "will", "d": "would"}
_BEFORE_IS = ("it", "that", "this", "what", "where", "who", "how", "when", "why", "there", "here", "he", "she")
_BEFORE_NOT = ("do", "does", "did", "is", "are", "was", "were", "have", "has", "had", "could", "would", "should")
_WITHOUT_APOSTROPHE = {
    "cannot": "can not",
    "cant": "can not",
    "wont": "will not",
    "aint": "is not",
    "im": "i am",
    "ive": "i have",
    "dunno": "do not know",
    **{f"{verb}nt": f"{verb} not" for verb in _BEFORE_NOT},
    **{f"{who}re": f"{who} are" for who in ("you", "they")},
    **{f"{who}ve": f"{who} have" for who in ("you", "they", "we")},
    **{f"{who}ll": f"{who} will" for who in ("you", "they", "it")},
    **{f"{word}s": f"{word} is" for word in ("that", "what", "where", "how", "there", "he", "she")},
}


def normalise(text: str) -> str:
    """Return the text as words of lower-case letters and digits with one space between them, "" if none is left.

    Compatibility forms, accents, digits of all scripts, and letters that only look Latin become plain ones; invisible,
    bidirectional and control characters vanish; contractions are written out, with or without their apostrophe.
    Normalising twice changes nothing. Reads LONGEST_TEXT characters; takes time linear in the length.
    """
    text = text[:LONGEST_TEXT].translate(_APOSTROPHES)
    if text.isascii():
        plain = text.casefold().translate(_signs)
    else:
        text = unicodedata.normalize("NFKD", text.translate(_without_accents))[:LONGEST_TEXT]
        text = unicodedata.normalize("NFKD", text.casefold()).translate(_signs)
        plain = _look_alikes_folded(text)
    if "'" in plain:
        plain = " ".join([_written_out(word.strip("'")) for word in plain.split()])
    words = " ".join([_WITHOUT_APOSTROPHE.get(word, word) for word in plain.split()])
    return unicodedata.normalize("NFC", words)


class _WithoutAccents(dict[int, str]):
    """A table for str.translate: combining accents vanish, everything else stays."""

    def __missing__(self, code: int) -> str:
        self[code] = "" if 0x300 <= code <= 0x36F else chr(code)
        return self[code]


class _Signs(dict[int, str]):
    """A table for str.translate: what stays, what vanishes, and what separates words."""

    def __missing__(self, code: int) -> str:
        self[code] = self._sign(chr(code))
        return self[code]

    @staticmethod
    def _sign(character: str) -> str:
        if character == "'" or ord(character) in _APOSTROPHES:
            return "'"
        if character.isspace():
            return " "
        if character in _LETTERS_WITH_A_STROKE:
            return _LETTERS_WITH_A_STROKE[character]
        category = unicodedata.category(character)
        if category == "Nd":
            return str(unicodedata.decimal(character))
        if category[0] == "L":
            return character
        invisible = category in ("Cc", "Cf", "Cs", "Me") or "\u0300" <= character <= "\u036f"
        if invisible or "\ufe00" <= character <= "\ufe0f":
            return ""
        return character if category in ("Mn", "Mc") else " "


_without_accents = _WithoutAccents()
_signs = _Signs()


def _look_alikes_folded(text: str) -> str:
    """Fold Cyrillic and Greek look-alikes where they stand for Latin: in a word that also has Latin letters, and
    everywhere in a text that has Latin letters and, of the others, nothing but look-alikes."""
    folded = text.translate(_LOOK_ALIKES)
    if folded.isascii() and any("a" <= letter <= "z" for letter in text):
        return folded
    return " ".join(
        [
            word.translate(_LOOK_ALIKES) if any("a" <= letter <= "z" for letter in word) else word
            for word in text.split()
        ]
    )


def _written_out(word: str) -> str:
    head, _, tail = word.partition("'")
    if word in _IRREGULAR:
        return _IRREGULAR[word]
    if tail == "t" and head.endswith("n"):
        return f"{head[:-1]} not"
    if tail in _ENDINGS:
        return f"{head} {_ENDINGS[tail]}"
    if tail == "s":
        return f"{head} is" if head in _BEFORE_IS else head
    return head + tail.replace("'", "")


@lru_cache(maxsize=8192)
def stem(word: str) -> str:
    """Return the word without the endings of English plurals, tenses and adverbs; short words stay as they are."""
    if len(word) <= 3 or not word.isascii() or not word.isalpha():
        return word
    for ending, instead in (
        ("ies", "y"),
        ("ied", "y"),
        ("sses", "ss"),
        ("ing", ""),
        ("ed", ""),
        ("es", ""),
        ("ly", ""),
    ):
        if word.endswith(ending) and len(word) - len(ending) >= 3:
            word = word[: -len(ending)] + instead
            if ending in ("ing", "ed") and len(word) > 3 and word[-1] == word[-2] and word[-1] not in "ls":
                word = word[:-1]
            break
    else:
        if word.endswith("s") and not word.endswith("ss"):
            word = word[:-1]
    return word[:-1] if len(word) > 4 and word.endswith("e") else word
