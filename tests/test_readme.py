"""The documents are true: their front matter, commands, examples, links and tables are checked against the project."""

import ast
import importlib
import json
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
from vqa.cli.report import TABLES, find_documents
from vqa.data.rows import any_row, box_row, caption_row, question_row, read_rows

ROOT = Path(__file__).resolve().parent.parent
TEXTS = {path.relative_to(ROOT).as_posix(): path.read_text(encoding="utf-8") for path in find_documents()}
README, CARD = TEXTS["README.md"], TEXTS["weights/README.md"]
ADDRESS = "http://127.0.0.1:7860"
COLOURS = {"red", "yellow", "green", "blue", "indigo", "purple", "pink", "gray"}
HARDWARE = {"cpu-basic", "cpu-upgrade", "zero-a10g", "t4-small", "t4-medium", "l4x1", "a10g-small"}
MOST_LINES, LONGEST_LINE = 200, 400
SLOW = r"python -m vqa (train|evaluate|retrieve|captions|maps|bench|ablate)|python -m tests.load|make (test|stress)"


def blocks(language: str, *texts: str) -> list[str]:
    """The fenced blocks of a language in these documents, by default in all."""
    found = [
        re.findall(rf"^```{language}\n(.*?)^```", text, re.MULTILINE | re.DOTALL) for text in texts or TEXTS.values()
    ]
    return [block for of_document in found for block in of_document]


def commands(program: str) -> list[list[str]]:
    """The words of every command of the documents that starts with `program`, without it."""
    found = []
    for line in "".join(blocks("sh")).replace("\\\n", " ").splitlines():
        words = shlex.split(line, comments=True)
        if words and words[0].startswith(".venv/bin/"):
            words[0] = words[0].removeprefix(".venv/bin/")
        if words[: len(program.split())] == program.split():
            found.append(words[len(program.split()) :])
    return found


def anchors(text: str) -> set[str]:
    """What `#...` may follow a link to a document: its headings, as GitHub writes them."""
    headings = re.findall(r"^#+ (.+)$", re.sub(r"^```.*?^```", "", text, flags=re.MULTILINE | re.DOTALL), re.MULTILINE)
    return {re.sub(r"[^\w\- ]", "", heading.lower()).replace(" ", "-") for heading in headings}


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
    assert (ROOT / front_matter["thumbnail"]).is_file()
    assert all(re.fullmatch(r"[\w-]+/[\w.-]+", model) for model in front_matter["models"])


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


@pytest.mark.parametrize(
    "words", commands("python -m vqa") + commands("vqa") + commands("accelerate launch -m vqa"), ids=" ".join
)
def test_every_command_and_its_options_exist(words):
    name, *options = words
    assert name in read_commands()
    module = importlib.import_module(f"vqa.cli.{name}")
    parser = ArgumentParser(exit_on_error=False)
    module.add_arguments(parser)
    parsed = vars(parser.parse_args(options))
    assert "config" not in parsed or (ROOT / parsed["config"]).is_file()


@pytest.mark.parametrize("words", commands("make"), ids=" ".join)
def test_every_make_target_exists(words):
    target = next(word for word in words if "=" not in word)
    assert re.search(rf"^{re.escape(target)}:", (ROOT / "Makefile").read_text(), re.MULTILINE)


def test_every_photograph_that_a_command_reads_is_there():
    paths = {word for words in commands("python -m vqa") for word in words if word.startswith("examples/")}
    assert paths and all((ROOT / path).exists() for path in paths)


def test_every_option_of_the_page_exists():
    lines = [words for words in commands("make") if "app" in words]
    for line in [*lines, *(shlex.split(text) for text in re.findall(r"`make (app[^`]*)`", README))]:
        options = next((word.removeprefix("ARGS=") for word in line if word.startswith("ARGS=")), "")
        parse_arguments(shlex.split(options))


def test_every_option_of_app_py_exists():
    inline = [found for text in TEXTS.values() for found in re.findall(r"`python app\.py( [^`]*)`", text)]
    started = [words for words in [*commands("python app.py"), *map(shlex.split, inline)] if "--help" not in words]
    assert started
    for words in started:
        parse_arguments(words)


def test_slow_commands_say_how_long_they_take():
    """In a comment on the line, or in the nearest one above it. The joint stage stands in a loop, and is left out."""
    for block in blocks("sh"):
        comment = ""
        for line in block.splitlines():
            comment = line if line.startswith("#") else comment
            if re.match(SLOW, line):
                assert re.search(r"minute|hour", f"{comment} {line}"), line


def test_python_examples_parse_and_import_what_exists():
    for block in blocks("python"):
        for node in ast.walk(ast.parse(block)):
            if isinstance(node, ast.ImportFrom):
                module = importlib.import_module(node.module)
                assert all(hasattr(module, alias.name) for alias in node.names)


def test_examples_of_rows_are_read_as_they_stand(tmp_path):
    examples = blocks("jsonl", TEXTS["docs/training.md"])
    checks = (question_row, caption_row, box_row, any_row)
    assert len(examples) == len(checks)
    for example, check in zip(examples, checks, strict=True):
        (tmp_path / "rows.jsonl").write_text(example, encoding="utf-8")
        rows = read_rows([tmp_path / "rows.jsonl"], check)
        assert len(rows) == 3 and len({row["image_id"] for row in rows}) >= 2


def test_the_file_names_of_vqa_v2_are_those_that_are_read(tmp_path):
    row = re.search(
        r"`(v2_\w+train2014_questions\.json)` \| `(v2_\w+\.json)` \| `train2014/(\w+)\.jpg`", TEXTS["docs/training.md"]
    )
    questions, annotations, image_id = row.groups()
    asked = {"image_id": int(image_id[-12:]), "question": "what is it?", "question_id": 1}
    given = {"question_id": 1, "multiple_choice_answer": "dog", "answer_type": "other", "answers": []}
    kind = {"data_type": "mscoco", "data_subtype": "train2014"}
    (tmp_path / questions).write_text(json.dumps(kind | {"questions": [asked]}))
    (tmp_path / annotations).write_text(json.dumps(kind | {"annotations": [given]}))
    [read] = read_rows([tmp_path / questions, tmp_path / annotations], question_row)
    assert (read["image_id"], read["answer"], read["split"]) == (image_id, "dog", "train")


@pytest.fixture(scope="module")
def address(tiny_predictor) -> Iterator[str]:
    with served(tiny_predictor) as url:
        yield url.rstrip("/")


def test_the_python_client_example_runs(address, tmp_path, monkeypatch, capsys):
    (tmp_path / "examples").symlink_to(ROOT / "examples")
    monkeypatch.chdir(tmp_path)
    [example] = blocks("python", TEXTS["docs/api.md"])
    exec(compile(example.replace(ADDRESS, address), "docs/api.md", "exec"), {})
    told = capsys.readouterr().out
    asked, compared, near = (ast.literal_eval(line) for line in told.splitlines() if line.startswith("{"))
    assert 1 <= len(asked["top"]) <= 3 and "results" in compared and -1 <= near["cosine"] <= 1
    assert 0 < float(told.split()[-1]) <= 1 and Image.open(tmp_path / "map.png").format == "PNG"


@pytest.mark.skipif(not shutil.which("curl"), reason="there is no curl on this machine")
def test_the_curl_example_runs(address):
    [example] = blocks("bash")
    assert ADDRESS in example
    script = example.replace(ADDRESS, address)
    done = subprocess.run(
        ["bash", "-euo", "pipefail", "-c", script], cwd=ROOT, capture_output=True, text=True, timeout=120
    )
    assert "event: complete" in done.stdout and '"answer"' in done.stdout, done.stdout + done.stderr


@pytest.mark.parametrize("name", TEXTS)
def test_relative_links_and_named_files_exist(name):
    folder, text = (ROOT / name).parent, re.sub(r"^```.*?^```", "", TEXTS[name], flags=re.MULTILINE | re.DOTALL)
    links = [target for target in re.findall(r"\]\(([^)\s]+)", text) if "://" not in target]
    for link in links:
        path, _, anchor = link.partition("#")
        target = (folder / path).resolve() if path else ROOT / name
        assert target.exists(), link
        assert not anchor or anchor in anchors(target.read_text(encoding="utf-8")), link
    named = re.findall(r"`((?:vqa|examples|configs|tests)/[\w./-]*)`", text)
    assert [path for path in named if not (ROOT / path).exists()] == []


def test_the_readme_links_to_every_document():
    assert len(TEXTS) >= 7
    assert [name for name in TEXTS if name != "README.md" and f"({name})" not in README] == []


def test_the_folders_of_the_table_are_the_floors():
    folders = {path.name for path in (ROOT / "vqa").iterdir() if (path / "__init__.py").is_file()}
    assert set(re.findall(r"^\| `vqa/(\w+)/` \|", README, re.MULTILINE)) == folders


@pytest.mark.parametrize("name", TEXTS)
def test_lines_are_short_and_code_fences_closed(name):
    text = TEXTS[name]
    assert [line for line in text.splitlines() if len(line) > LONGEST_LINE] == []
    assert len(re.findall(r"^```", text, re.MULTILINE)) % 2 == 0


def test_the_readme_is_short():
    assert len(README.splitlines()) <= MOST_LINES


def test_the_card_starts_with_the_hub_s_front_matter():
    front = yaml.safe_load(CARD.split("---\n")[1])
    assert front["pipeline_tag"] == "visual-question-answering" and front["license"] == "apache-2.0"
    assert {"language", "library_name", "base_model", "datasets", "metrics"} <= front.keys()


# ---- figures ----


def test_each_table_stands_in_one_document():
    found = [table for text in TEXTS.values() for table in re.findall(r"<!-- results:(\w+) -->", text)]
    assert sorted(found) == sorted(TABLES)


def test_result_tables_are_what_report_writes():
    if not list((ROOT / "weights").glob("*/eval.json")):
        pytest.skip("no checkpoint has been evaluated: there is no weights/*/eval.json")
    assert main(["report", "--check"]) == 0
