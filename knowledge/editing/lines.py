"""`match --jsonl`: one text a line in, what the matcher makes of it a line out."""

import json
from collections.abc import Callable, Iterable, Iterator

from knowledge.language import Language


class LineError(ValueError):
    """A line that is no JSON string; the text names its number."""


def match_lines(language_of: Callable[[str], Language], lines: Iterable[str]) -> Iterator[str]:
    """For each line, a JSON string, one JSON object: decision, entries with confidence, and language.

    `language_of` returns the language that a text is matched in. The entries are the matcher's best three, best first.
    LineError names the first line that is not a JSON string.
    """
    for number, line in enumerate(lines, start=1):
        text = _string(number, line)
        language = language_of(text)
        match = language.matcher.match(text)
        entries = [[entry, round(confidence, 6)] for entry, confidence in match.entries]
        yield json.dumps({"decision": match.decision, "entries": entries, "lang": language.code})


def _string(number: int, line: str) -> str:
    mend = 'write one text a line in double quotes, as "I forgot my username"'
    try:
        text = json.loads(line)
    except (ValueError, RecursionError) as error:
        raise LineError(f"line {number} is not JSON; {mend}") from error
    if not isinstance(text, str):
        raise LineError(f"line {number} is JSON, but not a string; {mend}")
    return text
