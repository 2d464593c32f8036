"""deploy/: its files are understood by the programs that they are for, and name what is there."""

import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
import yaml

from bot.__main__ import COMMANDS
from core.settings import Settings

ROOT = Path(__file__).parents[2]
DEPLOY = ROOT / "deploy"


@pytest.mark.skipif(not shutil.which("systemd-analyze"), reason="systemd is not here")
def test_systemd_understands_the_unit(tmp_path: Path) -> None:
    unit = tmp_path / "cersbot.service"
    unit.write_text((DEPLOY / "cersbot.service").read_text().replace("/opt/cersbot/.venv/bin/cersbot", sys.executable))
    done = subprocess.run(["systemd-analyze", "verify", str(unit)], capture_output=True, text=True, check=False)
    assert (done.returncode, done.stderr) == (0, "")


def test_the_unit_the_image_and_the_compose_file_run_commands_that_are_there() -> None:
    services = yaml.safe_load((DEPLOY / "compose.yaml").read_text())["services"]
    image = (DEPLOY / "Dockerfile").read_text()
    run = [*services["migrate"]["command"], *services["bot"]["command"]]
    run += re.findall(r'^CMD \["(\w+)"\]', image, re.MULTILINE)
    run += re.findall(r"^ExecStart=\S+/cersbot (\w+)$", (DEPLOY / "cersbot.service").read_text(), re.MULTILINE)
    assert run == ["migrate", "run", "run", "run"]
    assert set(run) <= set(COMMANDS)


@pytest.mark.parametrize("name", ["cersbot.service", "Dockerfile", "compose.yaml"])
def test_every_setting_in_deploy_is_one_that_the_bot_reads(name: str) -> None:
    known = {f"CERSBOT_{field.upper()}" for field in Settings.model_fields}
    assert set(re.findall(r"CERSBOT_[A-Z_]+", (DEPLOY / name).read_text())) <= known


def test_the_image_takes_in_what_is_there() -> None:
    for sources in re.findall(r"^COPY (.+) \S+$", (DEPLOY / "Dockerfile").read_text(), re.MULTILINE):
        for source in sources.split():
            assert (ROOT / source).exists()
            assert f"!{source}" in (DEPLOY / "Dockerfile.dockerignore").read_text().splitlines()
