"""Setting up, as somebody meets it whose machine lacks something; and what the locked requirements promise."""

import ast
import os
import re
import shutil
import subprocess
import sys
import tomllib
from pathlib import Path

import pytest
from packaging.requirements import Requirement

ROOT = Path(__file__).resolve().parent.parent
LOCKS = sorted((ROOT / "requirements").glob("*.txt"))


@pytest.fixture
def checkout(tmp_path: Path) -> Path:
    """A folder, with a space in its name, that holds what a set-up reads."""
    folder = tmp_path / "a checkout"
    shutil.copytree(ROOT / "requirements", folder / "requirements")
    for name in ("Makefile", "bootstrap.py", "pyproject.toml"):
        shutil.copy(ROOT / name, folder)
    return folder


def bootstrap_after(preparation: str, checkout: Path) -> subprocess.CompletedProcess[str]:
    """Run bootstrap.py in an interpreter to which something has been done first."""
    script = f"import runpy, sys; {preparation}; runpy.run_path('bootstrap.py', run_name='__main__')"
    return subprocess.run([sys.executable, "-c", script], cwd=checkout, capture_output=True, text=True, check=False)


def test_an_old_python_is_named_with_the_mend(checkout: Path) -> None:
    ended = bootstrap_after("sys.version_info = (3, 8, 10, 'final', 0)", checkout)
    assert ended.returncode == 1
    assert "Python 3.11 or newer is needed" in ended.stderr
    assert "sudo apt install python3.11-venv" in ended.stderr
    assert ended.stdout == ""


def test_a_python_without_venv_is_named_with_the_mend(checkout: Path) -> None:
    ended = bootstrap_after("import importlib.util; importlib.util.find_spec = lambda name: None", checkout)
    assert ended.returncode == 1
    assert "lacks its venv module: run `sudo apt install python3-venv`" in ended.stderr
    assert ended.stdout == ""


def test_bootstrap_can_be_read_by_python_3_8() -> None:
    ast.parse((ROOT / "bootstrap.py").read_text(encoding="utf-8"), feature_version=(3, 8))


def test_without_a_network_there_is_one_sentence_and_the_next_try_starts_afresh(checkout: Path) -> None:
    nowhere = {"HTTPS_PROXY": "http://127.0.0.1:9", "PIP_NO_CACHE_DIR": "1", "PIP_CONFIG_FILE": os.devnull}
    command = [sys.executable, "bootstrap.py"]
    ended = subprocess.run(
        command, cwd=checkout, env={"HOME": str(checkout), **nowhere}, capture_output=True, text=True, check=False
    )
    assert ended.returncode == 1
    assert "the package index cannot be reached: connect to the network" in ended.stderr
    assert "Traceback" not in ended.stderr
    assert not (checkout / ".venv" / "complete").exists()


def stand_in(file: Path, script: str) -> None:
    """Write a program that stands in for a real one."""
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_text(f"#!/bin/sh\n{script}\n", encoding="utf-8")
    file.chmod(0o755)


def make_chat(checkout: Path, programs: Path) -> subprocess.CompletedProcess[str]:
    """Type two lines into `make chat`, with `programs` alone where programs are looked for."""
    for name in ("make", "sh", "cat", "env"):
        (programs / name).symlink_to(str(shutil.which(name)))
    env = {"PATH": str(programs)}
    return subprocess.run(
        ["make", "chat"], cwd=checkout, env=env, input="one\ntwo\n", capture_output=True, text=True, check=False
    )


def test_pythons_that_do_not_run_are_passed_over_and_the_lines_typed_reach_the_conversation(
    checkout: Path, tmp_path: Path
) -> None:
    stand_in(tmp_path / "bin" / "python3.14", "echo 'command not found in this version' >&2; exit 127")
    stand_in(tmp_path / "bin" / "python3.12", f'exec "{sys.executable}" "$@"')
    (checkout / "bootstrap.py").write_text("import sys\nprint('set up', file=sys.stderr)\n", encoding="utf-8")
    stand_in(checkout / ".venv" / "bin" / "cersbot", "cat")
    ended = make_chat(checkout, tmp_path / "bin")
    assert (ended.returncode, ended.stdout, ended.stderr) == (0, "one\ntwo\n", "set up\n")


def test_a_machine_without_python_hears_what_to_install(checkout: Path, tmp_path: Path) -> None:
    (tmp_path / "bin").mkdir()
    ended = make_chat(checkout, tmp_path / "bin")
    assert ended.returncode == 2
    assert ended.stderr.startswith("No Python was found, and 3.11 or newer is needed")


def locked(name: str) -> dict[str, set[str]]:
    """The versions that a lock holds of each package: several where they depend on the Python."""
    versions: dict[str, set[str]] = {}
    for found in re.finditer(r"^([\w.-]+)==(\S+)", (ROOT / "requirements" / name).read_text(encoding="utf-8"), re.M):
        versions.setdefault(found[1], set()).add(found[2])
    return versions


@pytest.mark.parametrize("lock", LOCKS, ids=lambda lock: lock.name)
def test_every_locked_package_has_its_hashes_and_no_address(lock: Path) -> None:
    text = lock.read_text(encoding="utf-8")
    pinned = [block for block in re.split(r"^(?=\w)", text, flags=re.M) if not block.startswith("#")]
    assert pinned
    assert all("--hash=sha256:" in block for block in pinned)
    assert "://" not in text


def test_every_dependency_is_locked_at_a_version_that_it_allows() -> None:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    extras = project["optional-dependencies"]
    for name, wanted in (
        ("default.txt", project["dependencies"]),
        ("test.txt", [*project["dependencies"], *(each for extra in extras.values() for each in extra)]),
    ):
        versions = locked(name)
        for requirement in map(Requirement, wanted):
            if requirement.name == project["name"]:  # the extras that an extra takes in
                continue
            held = versions[requirement.name.lower()]
            assert all(version in requirement.specifier for version in held), f"{requirement}: make lock"


def test_the_tests_run_on_the_very_versions_that_serve() -> None:
    default, test = locked("default.txt"), locked("test.txt")
    assert {name: test[name] for name in default} == default
