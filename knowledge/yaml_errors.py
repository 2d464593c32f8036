"""What the YAML parser complains about, in an editor's words."""

import yaml

_QUOTE = "put the text in quotes"
_PLACE = f"begin it in the column of its neighbours, or {_QUOTE} that holds it"

_WORDS = (
    ("mapping values are not allowed", "no `:` is expected here", f"{_QUOTE} that holds it, or mend the indentation"),
    ("found character that cannot start any token", "text cannot begin with this character", _QUOTE),
    ("did not find expected alphabetic or numeric character", "text cannot begin with `*` or `&`", _QUOTE),
    ("did not find expected '-' indicator", "this is no item of the list above", _PLACE),
    ("did not find expected key", "this is no key of the mapping above", _PLACE),
    ("did not find expected ','", "this bracket is not closed", "write `,` between items and a bracket at the end"),
    ("did not find expected node content", "an item is missing here", f"write it, or {_QUOTE} that holds this"),
    ("block sequence entries are not allowed", "a list cannot begin here", "begin it in the next line"),
    ("could not find expected ':'", "a `:` is missing", "write a `:` after the key"),
    ("found unknown escape character", "`\\` begins nothing known", "use single quotes, or write `\\\\`"),
    ("found unexpected end of stream", "this quotation mark is not closed", "close it"),
    ("found unexpected document indicator", "this quotation mark is not closed", "close it"),
    ("did not find expected comment or line break", "text follows `|` or `>`", "begin it in the next line, indented"),
    ("did not find expected <document start>", "the file goes on after its end", "remove the line `...`"),
)

_UNCLOSED = ("found unexpected end of stream", "found unexpected document indicator", "did not find expected ','")


class SourceError(Exception):
    """One thing wrong in a YAML file: the line and the column (from 1), what is wrong, and what to write instead."""

    def __init__(self, line: int, column: int, what: str, mend: str) -> None:
        super().__init__(what)
        self.line = line
        self.column = column
        self.what = what
        self.mend = mend


def syntax_error(error: yaml.MarkedYAMLError) -> SourceError:
    """The parser's error in plain words, at the place where an editor has to look."""
    said = error.problem or "something unexpected"
    mark = error.context_mark if said.startswith(_UNCLOSED) else error.problem_mark
    line, column = (mark.line + 1, mark.column + 1) if mark else (1, 1)
    for theirs, what, mend in _WORDS:
        if theirs in said:
            return SourceError(line, column, what, mend)
    return SourceError(line, column, f"this is not YAML ({said})", f"{_QUOTE}, and compare with the entries around it")
