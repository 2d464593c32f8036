"""SECURITY.md tells the truth: every test that it names is there, and every file of these proofs stands in it."""

import ast
import re
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
THREATS = (ROOT / "SECURITY.md").read_text(encoding="utf-8")
NAMED = re.findall(r"`(tests/[\w/]+\.py)::(\w+)`", THREATS)


@pytest.mark.parametrize(("file", "test"), NAMED, ids=[test for _, test in NAMED])
def test_every_named_test_is_there(file: str, test: str) -> None:
    tree = ast.parse((ROOT / file).read_text(encoding="utf-8"))
    there = {node.name for node in tree.body if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef)}
    assert test in there


def test_every_threat_has_a_defence_and_a_test() -> None:
    rows = [line.strip("|").split(" | ") for line in THREATS.splitlines() if line.startswith("| ")][2:]
    assert len(rows) >= 25
    assert all(len(row) == 3 and row[1].strip() and "::" in row[2] for row in rows)


def test_every_file_of_the_proofs_stands_in_the_table() -> None:
    files = {f"tests/security/{file.name}" for file in Path(__file__).parent.glob("test_*.py")}
    assert files - {f"tests/security/{Path(__file__).name}"} == {
        file for file, _ in NAMED if file.startswith("tests/security/")
    }
