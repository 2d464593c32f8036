"""The JSON Schemas for editors' programs: current, and agreeing with what the library takes."""

import re
from pathlib import Path

import pytest

import knowledge
from knowledge.editing.schemas import FOLDER, SCHEMAS, write_all, written

FILES = sorted(path for path in Path(knowledge.__file__).parent.rglob("*.yaml"))


@pytest.mark.parametrize("name", SCHEMAS)
def test_every_schema_is_current(name: str) -> None:
    kept = (FOLDER / f"{name}.json").read_text(encoding="utf-8")
    assert kept == written(name), "run `cersbot knowledge schemas`"


def test_there_is_no_schema_that_nothing_writes() -> None:
    assert {path.stem for path in FOLDER.iterdir()} == set(SCHEMAS)


def test_writing_names_the_files_that_changed(tmp_path: Path) -> None:
    assert len(write_all(tmp_path)) == len(SCHEMAS)
    assert write_all(tmp_path) == []
    (tmp_path / "facts.json").write_text("{}")
    assert write_all(tmp_path) == [tmp_path / "facts.json"]


def test_the_schema_that_a_file_names_is_there() -> None:
    named = 0
    for file in FILES:
        line = re.search(r"^# yaml-language-server: \$schema=(.+)$", file.read_text(encoding="utf-8"), re.MULTILINE)
        if line:
            named += 1
            assert (file.parent / line[1]).resolve().parent == FOLDER, file
            assert (file.parent / line[1]).is_file(), file
    assert named >= 14
