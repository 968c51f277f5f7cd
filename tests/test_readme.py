"""The README says what is so: its front matter, commands, links and figures are checked against the project."""

import ast
import importlib
import re
import shlex
import shutil
import subprocess
from argparse import ArgumentParser
from collections.abc import Iterator
from pathlib import Path

import pytest
import yaml
from PIL import Image

from app import parse_arguments
from tests.browser import served
from vqa.__main__ import main, read_commands

ROOT = Path(__file__).resolve().parent.parent
README = (ROOT / "README.md").read_text(encoding="utf-8")
API = (ROOT / "docs" / "api.md").read_text(encoding="utf-8")
MODEL_CARD = (ROOT / "weights" / "README.md").read_text(encoding="utf-8")
ADDRESS = "http://127.0.0.1:7860"
COLOURS = {"red", "yellow", "green", "blue", "indigo", "purple", "pink", "gray"}
HARDWARE = {"cpu-basic", "cpu-upgrade", "zero-a10g", "t4-small", "t4-medium", "l4x1", "a10g-small"}


def blocks(language: str, text: str = README) -> list[str]:
    return re.findall(rf"^```{language}\n(.*?)^```", text, re.MULTILINE | re.DOTALL)


def commands(program: str) -> list[list[str]]:
    """The words of every command of both documents that starts with `program`, without it."""
    found = []
    for line in "".join(blocks("sh") + blocks("sh", MODEL_CARD)).replace("\\\n", " ").splitlines():
        words = shlex.split(line, comments=True)
        if words and words[0].startswith(".venv/bin/"):
            words[0] = words[0].removeprefix(".venv/bin/")
        if words[: len(program.split())] == program.split():
            found.append(words[len(program.split()) :])
    return found


# ---- Hugging Face Spaces ----


@pytest.fixture(scope="module")
def front_matter() -> dict:
    assert README.startswith("---\n")
    return yaml.safe_load(README.split("---\n")[1])


def test_front_matter_fits_spaces(front_matter):
    assert front_matter["sdk"] == "gradio"
    assert front_matter["license"] == "apache-2.0"
    assert len(front_matter["short_description"]) <= 60
    assert {front_matter["colorFrom"], front_matter["colorTo"]} <= COLOURS
    assert front_matter["suggested_hardware"] in HARDWARE
    assert front_matter["app_file"] == "app.py"
    assert isinstance(front_matter["title"], str) and isinstance(front_matter["emoji"], str)
    assert all(re.fullmatch(r"[a-z0-9-]+", tag) for tag in front_matter["tags"])


def test_front_matter_versions_are_strings_that_fit_the_pins(front_matter):
    pins = dict(line.split("==") for line in (ROOT / "constraints.txt").read_text().splitlines() if "==" in line)
    assert front_matter["sdk_version"] == pins["gradio"]
    assert re.fullmatch(r"3\.\d+(\.\d+)?", front_matter["python_version"])  # unquoted, YAML reads 3.10 as 3.1


def test_the_licence_is_the_one_that_is_named():
    text = (ROOT / "LICENSE").read_text(encoding="utf-8")
    assert "Apache License" in text and "Version 2.0, January 2004" in text and "END OF TERMS AND CONDITIONS" in text


# ---- commands and links ----


def test_the_readme_has_commands():
    assert len(commands("python -m vqa")) >= 5 and len(commands("make")) >= 3


@pytest.mark.parametrize("words", commands("python -m vqa"), ids=" ".join)
def test_every_command_and_its_options_exist(words):
    name, *options = words
    assert name in read_commands()
    module = importlib.import_module(f"vqa.cli.{name}")
    parser = ArgumentParser(exit_on_error=False)
    module.add_arguments(parser)
    parser.parse_args(options)


@pytest.mark.parametrize("words", commands("make"), ids=" ".join)
def test_every_make_target_exists(words):
    target = next(word for word in words if "=" not in word)
    assert re.search(rf"^{re.escape(target)}:", (ROOT / "Makefile").read_text(), re.MULTILINE)


def test_every_photograph_that_a_command_reads_is_there():
    paths = {word for words in commands("python -m vqa") for word in words if word.startswith("examples/")}
    assert paths and all((ROOT / path).is_file() for path in paths)


def test_every_option_of_the_page_exists():
    lines = [words for words in commands("make") if "app" in words]
    for line in [*lines, *(shlex.split(text) for text in re.findall(r"`make (app[^`]*)`", README))]:
        options = next((word.removeprefix("ARGS=") for word in line if word.startswith("ARGS=")), "")
        parse_arguments(shlex.split(options))
    started = [line for line in "".join(blocks("sh", API)).splitlines() if line.startswith("python app.py")]
    assert started and all(parse_arguments(shlex.split(line)[2:]) for line in started)


def test_python_examples_parse_and_import_what_exists():
    for block in blocks("python") + blocks("python", API):
        for node in ast.walk(ast.parse(block)):
            if isinstance(node, ast.ImportFrom):
                module = importlib.import_module(node.module)
                assert all(hasattr(module, alias.name) for alias in node.names)


@pytest.fixture(scope="module")
def address(tiny_predictor) -> Iterator[str]:
    with served(tiny_predictor) as url:
        yield url.rstrip("/")


def test_the_python_client_example_runs(address, tmp_path, monkeypatch, capsys):
    (tmp_path / "examples").symlink_to(ROOT / "examples")
    monkeypatch.chdir(tmp_path)
    [example] = blocks("python", API)
    exec(compile(example.replace(ADDRESS, address), "docs/api.md", "exec"), {})
    *printed, map_line = capsys.readouterr().out.splitlines()[-4:]
    asked, compared, near = map(ast.literal_eval, printed)
    assert len(asked["top"]) == 3 and "results" in compared and -1 <= near["cosine"] <= 1
    assert 0 < float(map_line.split()[-1]) <= 1 and Image.open(tmp_path / "map.png").format == "PNG"


@pytest.mark.skipif(not shutil.which("curl"), reason="there is no curl on this machine")
def test_the_curl_example_runs(address):
    [example] = blocks("bash", API)
    assert ADDRESS in example
    script = example.replace(ADDRESS, address)
    done = subprocess.run(
        ["bash", "-euo", "pipefail", "-c", script], cwd=ROOT, capture_output=True, text=True, timeout=120
    )
    assert "event: complete" in done.stdout and '"answer"' in done.stdout, done.stdout + done.stderr


def test_relative_links_and_named_files_exist():
    links = [target for target in re.findall(r"\]\(([^)#\s]+)", README) if "://" not in target]
    named = re.findall(r"`((?:vqa|examples|weights|configs|tests)/[\w./-]*)`", README)
    assert links and named
    assert [path for path in links + named if not (ROOT / path).exists()] == []


def test_code_fences_and_result_markers_are_closed():
    assert len(re.findall(r"^```", README, re.MULTILINE)) % 2 == 0
    assert len(re.findall(r"<!-- results:\w+ -->", README)) == README.count("<!-- /results -->")


# ---- figures ----


@pytest.mark.parametrize("variant", ["aligned", "unaligned"])
def test_the_shapes_are_those_of_the_shipped_weights(variant):
    weights = ROOT / "weights" / variant
    if not (weights / "config.json").is_file():
        pytest.skip(f"there are no weights/{variant} yet")
    from vqa.model.configuration import VQAConfig
    from vqa.model.encoders import grid_size

    config = VQAConfig.from_pretrained(weights)
    high, wide = grid_size(config.vision_config)
    assert config.vision_config.hidden_size == config.text_config.hidden_size
    assert (
        f"P = {high * wide} ({high} × {wide}), W = {config.text_config.hidden_size} on both sides, "
        f"D = {config.hidden_size}, H = {config.num_heads}, "
        f"with {config.fusion_layers} blocks of co-attention and {config.decoder_layers} layers of decoder"
    ) in README


def test_result_tables_are_what_report_writes():
    if not list((ROOT / "weights").glob("*/eval.json")):
        pytest.skip("no checkpoint has been evaluated: there is no weights/*/eval.json")
    assert "<!-- results:benchmarks -->" in README
    assert main(["report", "--check"]) == 0
