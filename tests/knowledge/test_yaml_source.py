"""The reader takes plain YAML as people write it, and refuses the rest at once, in little memory."""

import itertools
import subprocess
import sys
import time
from pathlib import Path

import pytest

from tests.knowledge.shelf import Shelf

FAQ = "en/faq/recovery.yaml"

FILES = [
    (FAQ, b"", ":1:1: the file is empty; write its content, or remove the file"),
    (FAQ, b"# later\n", ":1:1: the file is empty; write its content, or remove the file"),
    (
        FAQ,
        b"forgot: username\n",
        ":1:1: the file must be a list; write a list of entries, each beginning with `- id: …`",
    ),
    (FAQ, b"- a\n- \xe9\n", ":2:3: this is not UTF-8; save the file with the encoding UTF-8"),
    (FAQ, "- a\n".encode("utf-16"), ":1:1: this is not UTF-8; save the file with the encoding UTF-8"),
    (FAQ, b"#" * 1_000_001, ":1:1: the file is larger than 1 MB; split it into several files"),
    (FAQ, b"- a\n---\n- b\n", ":2:1: a second document begins here; remove `---`, or use another file"),
    (
        FAQ,
        b"- [a, b\n- c\n",
        ":1:3: this bracket is not closed; write `,` between items and a bracket at the end",
    ),
    (FAQ, b"[[[[[[[[[[[[[]]]]]]]]]]]]]", ":1:13: this is more than 12 levels deep; write it flatter"),
    ("en/words.yaml", b"? [a]\n: [b]\n", ":1:3: this is no key; put text beginning with `{` or `[` in quotes"),
    ("en/faq/more.yml", b"- a\n", ":1:1: nothing reads this file; end its name with .yaml"),
    ("en/word.yaml", b"a: [b]\n", ":1:1: nothing reads this file; did you mean `words.yaml`?"),
    ("fact.yaml", b"a: b\n", ":1:1: nothing reads this file; move it into the folder of a language"),
]


@pytest.mark.parametrize(("file", "content", "line"), FILES)
def test_a_file_that_cannot_be_used_says_why(shelf: Shelf, file: str, content: bytes, line: str) -> None:
    shelf.write(file, content)
    problems = shelf.problems()
    assert any(problem.startswith(file + line) for problem in problems), problems


def test_plain_text_stays_text_however_much_it_looks_like_something_else(shelf: Shelf) -> None:
    texts = ["no", "on", "Yes", "off", "12:30", "0123", "1e3", "0x1F", "1_000", "~", "null", "3.14", "=", "<<", ".inf"]
    shelf.change(FAQ, "[no mail, where is my mail]", f"[{', '.join(texts)}]")
    assert list(shelf.load().language("en").entries["mail_missing"].also) == texts


def test_a_byte_order_mark_and_windows_line_ends_are_welcome(shelf: Shelf) -> None:
    text = (shelf.folder / FAQ).read_bytes()
    shelf.write(FAQ, b"\xef\xbb\xbf" + text.replace(b"\n", b"\r\n"))
    assert shelf.problems() == []


BOMB = "".join(
    f"{name}: &{name} [{', '.join([f'*{before}'] * 9)}]\n" for before, name in itertools.pairwise("abcdefghi")
)
HOSTILE = {
    "bomb": "a: &a [x, x, x]\n" + BOMB,
    "brackets": "[" * 1000,
    "half a megabyte of braces": "{a: " * 125_000,
    "dashes": "- " * 1000,
    "stairs": "".join(" " * level + "a:\n" for level in range(1000)),
    "questions": "? " * 1000,
}


@pytest.mark.parametrize("name", HOSTILE)
def test_a_hostile_file_is_refused_at_once_and_in_little_memory(shelf: Shelf, name: str) -> None:
    shelf.write(FAQ, HOSTILE[name])
    began = time.perf_counter()
    problems = shelf.problems()
    took = time.perf_counter() - began
    assert problems[0].startswith(FAQ)
    assert took < 0.1, f"{took:.3f} s"


def test_hostile_files_take_less_than_20_mb(tmp_path: Path) -> None:
    script = tmp_path / "measure.py"
    script.write_text(
        "import resource, sys\n"
        "from pathlib import Path\n"
        "from knowledge.yaml_source import read_yaml\n"
        "def peak(): return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss\n"
        "read_yaml(Path(sys.argv[1]), 'well', [])\n"
        "before = peak()\n"
        "for name in sys.argv[2:]:\n"
        "    problems = []\n"
        "    assert read_yaml(Path(name), name, problems) is None and problems\n"
        "print(peak() - before)\n",
        encoding="utf-8",
    )
    (tmp_path / "well.yaml").write_text("a: b\n", encoding="utf-8")
    for name, text in HOSTILE.items():
        (tmp_path / f"{name}.yaml").write_text(text, encoding="utf-8")
    files = [str(tmp_path / "well.yaml"), *(str(tmp_path / f"{name}.yaml") for name in HOSTILE)]
    done = subprocess.run([sys.executable, str(script), *files], capture_output=True, text=True, check=True)
    assert int(done.stdout) < 20_000, f"{done.stdout} kB"
