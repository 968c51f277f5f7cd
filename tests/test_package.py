"""The package as others install it: its metadata, and the command `vqa` far from the source tree."""

import json
import os
import shutil
import subprocess
import sys
import tomllib
from importlib.util import find_spec
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parent.parent


@pytest.fixture(scope="module")
def project() -> dict:
    return tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]


def required(name: str) -> set[str]:
    lines = (line.split("#")[0].strip() for line in (ROOT / name).read_text().splitlines())
    return {line for line in lines if line}


def test_extras_and_requirement_files_hold_the_same_ranges(project):
    extras = project["optional-dependencies"]
    assert set(project["dependencies"]) | set(extras["ui"]) == required("requirements.txt")
    dev = set(extras["dev"]) - {"vqa[ui,evaluate]"} | set(extras["evaluate"])
    assert dev == required("requirements-dev.txt")
    assert [line.replace("[mcp]", "") for line in extras["mcp"]] == extras["ui"]


@pytest.fixture(scope="module")
def installed(tmp_path_factory):
    """What `pip install .` puts into a folder, from a copy, since building writes beside the source."""
    if find_spec("setuptools") is None or find_spec("pip") is None:
        pytest.skip("setuptools or pip is absent: the package cannot be built without the network")
    source, target = tmp_path_factory.mktemp("source"), tmp_path_factory.mktemp("installed")
    shutil.copytree(ROOT / "vqa", source / "vqa", ignore=shutil.ignore_patterns("__pycache__"))
    for name in ("pyproject.toml", "README.md", "LICENSE"):
        shutil.copy(ROOT / name, source)
    offline = ["--no-build-isolation", "--no-deps", "--no-index", "--disable-pip-version-check", "--quiet"]
    subprocess.run([sys.executable, "-m", "pip", "install", *offline, "--target", target, source], check=True)
    return target


def vqa(installed: Path, cwd: Path, *arguments) -> subprocess.CompletedProcess:
    return subprocess.run(
        [sys.executable, installed / "bin" / "vqa", *arguments],
        cwd=cwd,
        env=os.environ | {"PYTHONPATH": str(installed), "HF_HUB_OFFLINE": "1"},
        capture_output=True,
        text=True,
        timeout=200,
    )


def test_the_command_asks_from_anywhere(installed, tiny_weights, tiny_predictor, photo, tmp_path):
    photo.save(tmp_path / "photo.png")
    told = vqa(installed, tmp_path, "ask", "photo.png", "what is this?", "--weights", tiny_weights, "--json")
    assert told.returncode == 0, told.stderr
    assert json.loads(told.stdout)["answer"] == tiny_predictor.ask(photo, "what is this?").answer


def test_without_weights_it_says_how_to_name_some(installed, tmp_path, photo):
    photo.save(tmp_path / "photo.png")
    told = vqa(installed, tmp_path, "ask", "photo.png", "what is this?")
    assert told.returncode == 2 and "Traceback" not in told.stderr
    assert "a Hub id (owner/name): --weights" in told.stderr
    assert vqa(installed, tmp_path, "--help").stdout.startswith("usage: vqa COMMAND")


def test_the_page_brings_its_files(installed):
    brought = {path.name for path in (installed / "vqa" / "ui").iterdir()}
    assert {path.name for path in (ROOT / "vqa" / "ui").iterdir() if path.is_file()} <= brought
