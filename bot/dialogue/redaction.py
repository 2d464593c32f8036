"""Redaction: passwords, reset links and codes are taken out of what people type before it is written (S2)."""

import re
from collections.abc import Callable, Collection
from dataclasses import dataclass

from core.continuing import CODE as CONTINUATION

REMOVED = "[removed]"

# From where a word begins: tried at every letter of a very long word, it would take seconds.
_LINK = re.compile(
    r"(?<!\S)\S*(?:/(?:reset|activate|desk/password)/\S+|cerslink\.calepa\.ca\.gov/\S*)|\b\d{1,10}-[\w-]{32}(?![\w-])",
    re.IGNORECASE,
)
# "password" as people spell it, and its kin.
_PASSWORD = (
    r"(?:pas+[\s-]?w?(?:o?r?d|rod)s?|pass\s?(?:code|phrase|key)s?|passwort|p/?wd?|psw|pswd|passwd|contrase[ñn]as?|clave"
    r"|mot de passe|(?:protection|security|secret)\s+phrase|(?:security|secret)\s+(?:answer|word)"
    r"|answer\s+to\s+(?:my|the)\s+(?:security|secret)\s+question|(?:mother'?s?\s+)?maiden\s+name)"
)
# What stands between a label and "is": whose it is, or where from ("the password I use is", "the phrase for it was").
_WHOSE = r"(?:\s+(?:i|we|you|he|she|they|it|for|that|which|of|to|from)\b(?:\s+[\w'@.-]++){1,4}?)?"
_IS = (
    r"(?:\s*(?::|=|;|->|=>|→|\s[-–]\s)\s*|\s*\(\s*"
    r"|(?:\s+(?:that\s+)?|\s*[,(]\s*(?:which|it)\s+)(?:is|was|are|were|es|era)\b\s*(?::|=|,|\()?\s*)"
)
_CLAUSE = (
    r"(?:\"[^\"\n]+\"|'[^'\n]+'|“[^”\n]+”|(?:(?![.,;!?)](?:\s|\)|$)|\s(?:and|but|or|so|does|is|it|pero)\s|\n).){1,80})"
)
# A label, how it is tied to what follows, and that: up to the end of the clause where it is stated, else one word.
_STATED = re.compile(
    rf"\b(?P<before>(?:{_PASSWORD}|pass|(?:my|the|that)\s+phrase){_WHOSE}{_IS})(?P<value>{_CLAUSE})", re.IGNORECASE
)
_WORD_OF_IT = r"(?P<value>\"[^\"\n]+\"|'[^'\n]+'|“[^”\n]+”|[^\s,;]+)"
_UNSTATED = re.compile(
    rf"\b(?P<before>p\s*[:=]\s*|{_PASSWORD}(?:\s+|[.?!:;,]+\s+)"
    rf"(?:(?:to|as|con|a(?=\s+\S*\d)|be|been|always|must|might|may|would|could|can|should|will|has|have|had|used|it|is|not\s+accepted|"
    rf"stopped\s+working|i\s+use)[:,]?\s+){{0,5}}){_WORD_OF_IT}",
    re.IGNORECASE,
)
_BEFORE = re.compile(
    r"(?<!\S)(?P<before>)(?P<value>[^\s,;()]++)(?=\s*[,(]?\s*"
    rf"(?:(?:\w++\s+){{0,3}}(?:is|was|are|es|era|=|as|for)\s+)?\(?\s*(?:(?:my|the|a|our|new|mi|la|nueva)\s+)*{_PASSWORD}\b"
    r"(?!\s+(?:reset|change|page|help|mail|email|link|field|problem|expire|is|for|of|and)))",
    re.IGNORECASE,
)
_WHOLE_PHRASE = re.compile(
    r"^\s*(?P<before>(?:my\s+|the\s+)?(?:pass|protection|security|secret)\s*phrase\s+)(?P<value>[^?\n]+)$",
    re.IGNORECASE,
)
_PHRASE = re.compile(
    rf"\b(?P<before>(?:pass|protection|security|secret|my|the)\s*phrase{_WHOSE}(?:{_IS}|\s+))(?P<value>{_CLAUSE})",
    re.IGNORECASE,
)
_ANSWER = re.compile(
    r"\b(?P<before>(?:security|secret)\s+question\b[^.?!\n]{0,60}?\banswer\s*(?:is|was|:|=)?\s+)(?P<value>\w+)(?=\W*$)",
    re.IGNORECASE,
)
_TOLD_CODE = re.compile(
    r"\b(?P<before>(?:pin(?:\s+(?:number|code))?|otp|authenticator|ssn|social(?:\s+security)?(?:\s+number)?"
    r"|(?:security|access|verification|activation|reset|confirmation|one[\s-]?time|2fa|mfa|sms|temporary|secret|sign-in)"
    r"\s+(?:code|pin|number|pass\w*)|(?:my|the|your|this|that|digit)\s+code|^code)"
    rf"{_WHOSE}(?:\s*[:=]\s*|\s+(?:(?:i\s+set\s+)?(?:is|was|says)\s+)?))(?P<value>(?=[\w-]{{0,20}}\d)[\w-]++(?:\s\d{{2,}}){{0,8}})",
    re.IGNORECASE,
)
_BEFORE_CODE = re.compile(
    r"(?<![\w-])(?P<before>)(?P<value>\d[\d\s-]{2,20}\d)(?=\s+is\s+(?:my|the)\s+(?:code|pin)\b)", re.IGNORECASE
)
# What was named together with a secret: "either … or …", "…, … and …".
_NEXT = re.compile(
    rf"(?P<before>{re.escape(REMOVED)}\W+(?:(?:or|and|then)\s+)?)(?P<value>[\w!#$%^&*+=?~-]+)", re.IGNORECASE
)
_DIGIT_WORDS = re.compile(
    r"\b(?:(?:zero|oh|one|two|three|four|five|six|seven|eight|nine)[\s,-]+){3,}"
    r"(?:zero|oh|one|two|three|four|five|six|seven|eight|nine)\b",
    re.IGNORECASE,
)
_USERNAME = re.compile(
    r"\b(?:user\s?(?:name|id)?|login(?:\s+name)?|account(?:\s+name)?|u/?n|id|usuario)\s*(?:is|was|es|era|:|=)?\s+(?P<name>[^\s,;]+)",
    re.IGNORECASE,
)
# Numbers that the business knows by name: eight digits of these are no mailed code.
_NUMBERED = re.compile(
    r"\b(?:CERS|EPA|facility|site|permit|invoice|case|ticket|tracking|file|licen[cs]e|business|tank)"
    r"(?:\s+(?:id|number|no\.?|#))*\s*(?:is|was|:|=|#)?\s*(?P<name>\d[\d-]+\d)",
    re.IGNORECASE,
)
_BLANKS = re.compile(r"\s{4,}")
_WORD = re.compile(r"\S+")
_ITS_END = re.compile(rf"(?<={re.escape(REMOVED)})[!?#$%&*+=~^]+")  # part of the secret as well as of the sentence
_PIECE = re.compile(r"[^/:]+")
_ADDRESS = re.compile(r"\S+@\S+\.\S+|https?://\S+|www\.\S+", re.IGNORECASE)
_ADDRESS_AND = re.compile(r"(?P<address>[^\s:/]+@[^\s:/]+\.[a-z]{2,})(?P<tie>[:/])(?P<value>\S+)", re.IGNORECASE)
_CODE = re.compile(r"(?<![\w-])(?<!\d\s)(?:\d{4}[\s-]?\d{4}|\d{2}(?:\s\d{2}){3}|\d(?:[\s-]\d){7})(?![\w-]|\s\d)")
_SOCIAL_SECURITY = re.compile(r"(?<![\w-])\d{3}-\d{2}-\d{4}(?![\w-])")
_ARTICLES = frozenset({"a", "an", "the", "my", "la", "el", "mi", "una", "un"})
# What is said of how sure or how old it is: what comes after that counts.
_HEDGES = frozenset(
    "just now still always either maybe something like spelled i believe probably possibly simply usually normally"
    " actually currently originally previously certainly definitely supposedly apparently basically really only".split()
)
_UNITS = frozenset(
    "to or and long small capital character characters letter letters digit digits number numbers word words day days"
    "".split()
)
_NUMBERS = frozenset("one two three four five six seven eight nine ten eleven twelve".split())


@dataclass(frozen=True, slots=True)
class Heard:
    """What a person typed: `text` as it came, `clean` without the secrets in it, `secret` whether to tell of one.

    A mailed code, and one to continue with, are taken out as well, without a word: they are meant to be typed here.
    """

    text: str
    clean: str
    secret: bool


def heard(text: str, innocent: Collection[str]) -> Heard:
    """Return `text` and its redacted form; `innocent` are words that follow "password" without being one ("wrong")."""
    named = {match["name"].strip("\"'.!?") for match in _USERNAME.finditer(text)}
    numbered = {match["name"] for match in _NUMBERED.finditer(text)}

    def told(value: str) -> bool:
        return _is_told(value, innocent)

    def shaped(value: str) -> bool:
        return _is_no_word(value) and value.strip("\"'.,!?") not in named

    bare = CONTINUATION.sub(REMOVED, _BLANKS.sub("   ", text))  # with few blanks no pattern takes long over them
    clean = _SOCIAL_SECURITY.sub(REMOVED, _LINK.sub(REMOVED, bare))
    clean = _removed(_STATED, clean, told)
    clean = _removed(_UNSTATED, clean, shaped)
    clean = _removed(_BEFORE, clean, shaped)
    clean = _removed(_WHOLE_PHRASE, clean, lambda value: len(value.split()) > 1 and told(value))
    clean = _removed(_PHRASE, clean, lambda value: _is_ungrammatical(value, innocent))
    clean = _removed(_ANSWER, clean, told)
    for pattern in (_TOLD_CODE, _BEFORE_CODE):
        clean = _removed(pattern, clean, _is_code)
    clean = _DIGIT_WORDS.sub(REMOVED, clean)
    clean = _removed(_NEXT, _removed(_NEXT, clean, shaped), shaped)
    clean = _WORD.sub(lambda match: _without_shaped(match.group(), named), clean)
    clean = _ITS_END.sub("", clean)
    secret = clean != bare
    return Heard(
        text, _CODE.sub(lambda match: match.group() if match.group() in named | numbered else REMOVED, clean), secret
    )


def _removed(pattern: re.Pattern[str], text: str, is_secret: Callable[[str], bool]) -> str:
    """Return `text` without the values of a pattern that are secrets; what stands before them stays."""

    def replace(match: re.Match[str]) -> str:
        if REMOVED in match["value"] or not is_secret(match["value"]):
            return match.group()
        return f"{match['before']}{REMOVED}"

    return pattern.sub(replace, text)


def _is_told(value: str, innocent: Collection[str]) -> bool:
    """Return whether what a label is said to be is a secret: in quotes, or beginning with no innocent word."""
    words = [each.strip("\"'“”.,!?()").casefold() for each in value.split()]
    told = [each for each in words if each and each not in _ARTICLES and each not in _HEDGES]
    first, second = [*told, "", ""][:2]
    if _is_quoted(value):
        return len(words) == 1 or first not in innocent
    counted = (first.isdigit() or first in _NUMBERS or "-" in first) and second in _UNITS
    is_described = (first.endswith(("ed", "ing")) and len(first) >= 5 and first.isalpha()) or counted
    return bool(first) and first not in innocent and not is_described and any(each.isalnum() for each in first)


def _is_ungrammatical(value: str, innocent: Collection[str]) -> bool:
    """Return whether three words or more stand side by side as in a passphrase: no small word ties them together."""
    words = [each.strip("\"'“”.,!?()").casefold() for each in value.split()]
    is_begun = len(words) >= 3 and words[0] in innocent and words[0] not in _ARTICLES
    return is_begun and not any(each in innocent or len(each) < 4 for each in words[1:])


def _is_no_word(value: str) -> bool:
    """Return whether what stands by a label is hardly a word of the sentence: letters and digits in one, or quoted."""
    bare = value.strip("\"'“”.,!?()")
    letters, digits = any(each.isalpha() for each in bare), any(each.isdigit() for each in bare)
    begins_as_number = bare[:1].isdigit() and len(bare) < 6
    return len(bare) >= 4 and ((letters and digits and not begins_as_number) or _is_quoted(value))


def _is_quoted(value: str) -> bool:
    bare = value.rstrip(".,!?)")
    return len(bare) > 2 and (bare[0], bare[-1]) in {('"', '"'), ("'", "'"), ("“", "”")}


def _is_code(value: str) -> bool:
    """Return whether what is called a code is one: four digits or more, or letters with digits."""
    digits = sum(each.isdigit() for each in value)
    return digits >= 4 or (digits >= 2 and len(value) >= 5 and any(each.isalpha() for each in value))


def _without_shaped(word: str, named: Collection[str]) -> str:
    """Return a word without what looks like a password in it; of `name:password` and `name/password` the latter."""
    beside = _ADDRESS_AND.fullmatch(word)
    if beside and _is_no_word(beside["value"]):
        return f"{beside['address']}{beside['tie']}{REMOVED}"
    if _is_shaped(word, named):
        return REMOVED
    if "://" in word or _ADDRESS.fullmatch(word.strip("\"'.,!?()<>")):
        return word
    return _PIECE.sub(lambda match: REMOVED if _is_shaped(match.group(), named) else match.group(), word)


def _is_shaped(word: str, named: Collection[str]) -> bool:
    """Return whether a word looks like a password: 8-64 characters, small letters, digits, and capitals or signs."""
    bare = word.strip("\"'“”.,!?()")
    capital = any(each.isupper() for each in bare) or any(each in "!#$%^&*+=?~" for each in bare)
    mixed = capital and any(each.islower() for each in bare) and any(each.isdigit() for each in bare)
    return 8 <= len(bare) <= 64 and mixed and bare not in named and not _ADDRESS.fullmatch(bare)
