"""The command line: what it prints, its exit codes, and that bad input never ends in a traceback."""

import json
import subprocess
import sys

import pytest
from PIL import Image

import vqa.cli.ask
from vqa.__main__ import main, read_commands
from vqa.inference.predictor import VQAPredictor


@pytest.fixture
def picture(tmp_path, photo):
    path = tmp_path / "picture.png"
    photo.save(path)
    return str(path)


@pytest.fixture
def ask(picture, tiny_weights):
    return lambda *options: main(["ask", picture, "what is this?", "--weights", str(tiny_weights), *options])


def python(*arguments, **options):
    return subprocess.run([sys.executable, *arguments], capture_output=True, text=True, timeout=120, **options)


def test_help_lists_the_commands_that_exist_and_loads_no_model():
    code = "import sys; from vqa.__main__ import main; sys.argv = ['/usr/bin/vqa', '--help']\ntry:\n    main()\n"
    code += "except SystemExit:\n    print(sorted({'torch', 'transformers', 'PIL', 'numpy'} & set(sys.modules)))"
    told = python("-c", code).stdout
    assert "usage: vqa COMMAND" in told and told.rstrip().endswith("[]")
    for name in ("ask", "caption", "answer", "evaluate", "retrieve", "probe", "train", "report"):
        assert f"  {name} " in told


@pytest.mark.parametrize("command", read_commands())
def test_each_command_has_help(command, capsys):
    with pytest.raises(SystemExit) as stop:
        main([command, "--help"])
    assert stop.value.code == 0
    assert f"usage: python -m vqa {command}" in capsys.readouterr().out


@pytest.mark.parametrize(
    "arguments",
    [[], ["paint"], ["ask"], ["ask", "a.png", "what?", "--top-k", "0"], ["ask", "a.png", "what?", "--top-k", "-3"]],
)
def test_wrong_usage_is_bad_input(arguments, capsys):
    with pytest.raises(SystemExit) as stop:
        main(arguments)
    assert stop.value.code == 2
    assert "usage: " in capsys.readouterr().err


def test_ask_prints_json(ask, picture, tiny_predictor, capsys):
    assert ask("--json", "--top-k", "3") == 0
    told = json.loads(capsys.readouterr().out)
    expected = tiny_predictor.ask(picture, "what is this?", top_k=3).to_dict()
    assert list(told) == ["answer", "confidence", "sure", "top", "choices", "variant", "timings_ms"]
    assert list(told["timings_ms"]) == ["image", "question", "fusion", "decode", "total"]
    assert [t["answer"] for t in told["top"]] == [t["answer"] for t in expected["top"]]
    assert told["confidence"] == pytest.approx(expected["confidence"], abs=1e-4)


def test_a_question_in_another_language_is_refused_with_what_to_do(picture, tiny_weights, capsys):
    assert main(["ask", picture, "这是什么？", "--weights", str(tiny_weights), "--json"]) == 2
    told = capsys.readouterr()
    assert "English only" in told.err and "What color is the cat?" in told.err and told.out == ""


def test_ask_says_what_it_chose_among(ask, picture, tiny_weights, capsys):
    assert main(["ask", picture, "is this a cat or a dog?", "--weights", str(tiny_weights)]) == 0
    told = capsys.readouterr().out
    assert "Chosen among: cat, dog." in told and {told.split()[0], told.split()[-1]} == {"cat", "dog"}


@pytest.mark.parametrize("method", ["relevance", "occlusion"])
def test_ask_saves_where_it_looked(ask, tmp_path, capsys, method):
    for name in ("map.png", "map.svg"):
        assert ask("--map", str(tmp_path / name), "--method", method) == 0
    assert Image.open(tmp_path / "map.png").width == 640
    drawn = (tmp_path / "map.svg").read_text(encoding="utf-8")
    assert f"what is this?” {capsys.readouterr().out.split(' (')[0]}" in drawn
    assert method in drawn and "data:image/jpeg;base64," in drawn and drawn.endswith("</svg>")


def test_a_map_that_cannot_be_written_is_told_first(ask, tmp_path, capsys):
    for name, said in (("map.txt", ".png or .svg"), ("no/map.png", "no folder")):
        with pytest.raises(SystemExit):
            ask("--map", str(tmp_path / name))
        assert said in capsys.readouterr().err


def test_ask_takes_its_answers_from_a_list(ask, tmp_path, capsys):
    (tmp_path / "list.txt").write_text("tennis racket\n\n  red \n", encoding="utf-8")
    assert ask("--json", "--answers", str(tmp_path / "list.txt"), "--variant", "unaligned") == 0
    told = json.loads(capsys.readouterr().out)
    assert {t["answer"] for t in told["top"]} == {"tennis racket", "red"} and told["variant"] == "unaligned"


def test_ask_says_when_it_guesses(ask, tiny_weights, monkeypatch, capsys):
    predictor = VQAPredictor.from_pretrained(tiny_weights)
    monkeypatch.setattr(vqa.cli.ask, "load_predictor", lambda args: predictor)
    for threshold, guesses in ((0.0, False), (1.0, True)):
        predictor.models["aligned"].config.sure_threshold = threshold
        assert ask() == 0
        told = capsys.readouterr().out
        assert ("not sure" in told) == guesses
        assert "%)" in told.splitlines()[0]


def test_caption(picture, tiny_weights, tiny_predictor, capsys):
    assert main(["caption", picture, "--weights", str(tiny_weights)]) == 0
    assert capsys.readouterr().out.rstrip("\n") == tiny_predictor.caption(picture).answer
    assert main(["caption", picture, "--weights", str(tiny_weights), "--json"]) == 0
    assert json.loads(capsys.readouterr().out)["variant"] == "aligned"


def refused(capsys, *arguments) -> str:
    """What a command that must end with "bad input" tells, in one line."""
    assert main(list(map(str, arguments))) == 2
    told = capsys.readouterr()
    assert told.out == "" and told.err.count("\n") == 1
    return told.err


def test_bad_photographs(tmp_path, tiny_weights, capsys):
    def told(path):
        return refused(capsys, "ask", path, "what?", "--weights", tiny_weights)

    (tmp_path / "empty.jpg").write_bytes(b"")
    (tmp_path / "text.jpg").write_text("hello")
    Image.new("L", (20_000, 20_000)).save(tmp_path / "vast.png")
    assert "no photograph at" in told(tmp_path / "none.jpg")
    assert "no photograph at" in told(tmp_path)
    assert "empty" in told(tmp_path / "empty.jpg")
    assert "not an image" in told(tmp_path / "text.jpg")
    assert "too many pixels" in told(tmp_path / "vast.png")


def test_bad_questions_options_and_weights(picture, tiny_weights, tmp_path, capsys):
    weights = ("--weights", tiny_weights)
    assert "Type a question" in refused(capsys, "ask", picture, " ", *weights)
    assert "10000 characters" in refused(capsys, "ask", picture, "w" * 10_000, *weights)
    assert "only aligned, unaligned" in refused(capsys, "ask", picture, "what?", *weights, "--variant", "best")
    assert "list of answers" in refused(capsys, "ask", picture, "what?", *weights, "--answers", tmp_path / "none.txt")
    (tmp_path / "blank.txt").write_text("\n \n")
    assert "is empty" in refused(capsys, "ask", picture, "what?", *weights, "--answers", tmp_path / "blank.txt")
    (tmp_path / "latin.txt").write_bytes(b"caf\xe9\n")
    assert "not UTF-8" in refused(capsys, "ask", picture, "what?", *weights, "--answers", tmp_path / "latin.txt")
    assert "no weights at" in refused(capsys, "ask", picture, "what?", "--weights", tmp_path / "none")
    assert "'gpu'" in refused(capsys, "ask", picture, "what?", *weights, "--device", "gpu")
    told = refused(capsys, "ask", picture, "what?", *weights, "--top-k", 30_000)
    assert "top_k is a whole number from 1 to 100" in told and "not 30000" in told
    (tmp_path / "hollow").mkdir()
    assert refused(capsys, "ask", picture, "what?", "--weights", tmp_path / "hollow").startswith("ask: ")


def test_damaged_weights(picture, tiny_weights, tmp_path, capsys):
    import shutil

    broken = tmp_path / "broken"
    shutil.copytree(tiny_weights, broken)
    (broken / "aligned" / "model.safetensors").write_bytes(b"\x08\0\0\0\0\0\0\0{broken}")
    assert "damaged" in refused(capsys, "ask", picture, "what?", "--weights", broken)


def test_an_interrupt_ends_quietly(ask, monkeypatch, capsys):
    def interrupted(args):
        raise KeyboardInterrupt

    monkeypatch.setattr(vqa.cli.ask, "load_predictor", interrupted)
    assert ask() == 130
    assert capsys.readouterr().err == "Interrupted.\n"


def test_the_program_as_a_user_runs_it(tmp_path):
    done = python("-m", "vqa", "ask", str(tmp_path / "none.jpg"), "what?")
    assert (done.returncode, done.stdout) == (2, "")
    assert done.stderr == f"ask: There is no photograph at {tmp_path / 'none.jpg'}.\n"
