"""The measurements of maps: on values known by hand, and the command on a tiny model."""

import json

import numpy as np
import pytest
import torch
from PIL import Image

from vqa.__main__ import main
from vqa.data.images import ImageStore
from vqa.evidence import best_method, draw_evenly
from vqa.explain import METHODS
from vqa.explain.pointing import (
    AboutClass,
    existence_questions,
    measure_pointing,
    questions_about_classes,
)
from vqa.explain.trials import (
    Subject,
    centre_prior,
    measure_curves,
    rank_correlation,
    sample,
    shuffled_from_the_top,
)
from vqa.questions import Question
from vqa.tables import maps_table, pointing_table


@pytest.fixture(autouse=True)
def one_thread():
    """Models this small are slower on several."""
    threads = torch.get_num_threads()
    torch.set_num_threads(1)
    yield
    torch.set_num_threads(threads)


@pytest.fixture
def photos(tmp_path):
    """Seven photographs with two questions and a box each."""
    rng = np.random.default_rng(0)
    folder = tmp_path / "photos"
    folder.mkdir()
    questions, boxes = [], []
    for i in range(7):
        Image.fromarray(rng.integers(0, 256, (40, 60, 3), dtype=np.uint8)).save(folder / f"p{i}.png")
        questions.append({"image_id": f"p{i}", "question": "what is in the photo", "answer": "cat", "source": "one"})
        questions.append({"image_id": f"p{i}", "question": "is there a dog", "answer": "yes", "source": "two"})
        boxes.append({"image_id": f"p{i}", "classes": "all", "boxes": [["dog", 0, 0, 0.4, 0.4], ["cup", 0, 0, 1, 1]]})
    for row in questions + boxes:
        row["split"] = "test"
    for name, rows in (("questions", questions), ("boxes", boxes)):
        (tmp_path / f"{name}.jsonl").write_text("\n".join(map(json.dumps, rows)) + "\n")
    return tmp_path


def test_rank_correlation_on_known_values():
    a = np.array([1.0, 5, 2, 9])
    assert rank_correlation(a, a**3) == pytest.approx(1)
    assert rank_correlation(a, -a) == pytest.approx(-1)
    # By hand, with a tie: ranks 1, 2.5, 2.5, 4 against 1, 3, 2, 4.
    assert rank_correlation(np.array([0, 1, 1, 2]), np.array([0, 2, 1, 3])) == pytest.approx(4.5 / np.sqrt(4.5 * 5))
    assert rank_correlation(np.ones(4), a) == 0


def test_the_centre_prior_is_highest_in_the_middle():
    prior = centre_prior((3, 5))
    assert prior.shape == (3, 5) and np.unravel_index(prior.argmax(), prior.shape) == (1, 2)
    np.testing.assert_allclose(prior, prior[::-1, ::-1])


def test_sampling_a_map_is_exact_at_patch_centres_and_linear_between():
    image_map = np.arange(6.0).reshape(2, 3)
    np.testing.assert_allclose(sample(image_map, np.array([0.25, 0.75]), np.array([1, 3, 5]) / 6), image_map)
    np.testing.assert_allclose(sample(image_map, np.array([0.5]), np.array([1 / 3])), [[2.0]])


def test_a_box_covers_the_patches_whose_centre_it_holds_and_at_least_one():
    about = AboutClass(Question("p", "is there a dog"), "dog", ((0.0, 0.0, 0.5, 0.6),))
    assert about.target((2, 5)).astype(int).tolist() == [[1, 1, 1, 0, 0], [0, 0, 0, 0, 0]]
    small = AboutClass(Question("p", "is there a dog"), "dog", ((0.81, 0.95, 0.85, 1.0),))
    assert np.argwhere(small.target((2, 5))).tolist() == [[1, 4]]


ROWS = [
    {
        "image_id": "p",
        "split": "test",
        "boxes": [["dog", 0, 0, 1, 1], ["dog", 0.5, 0.5, 1, 1], ["cup", 0, 0, 1, 1], ["person", 0, 0, 1, 1]],
    }
]


def test_a_question_counts_where_it_is_about_one_boxed_class():
    asked = [
        Question("p", "is the dog wet", "no"),
        Question("p", "what is on the cup", "dog"),  # the answer is what is asked about
        Question("p", "what is the dog holding", "ball"),  # names one thing and asks for another
        Question("p", "is the dog in the cup", "no"),  # two classes
        Question("p", "is the bus red", "no"),  # no class that is boxed
        Question("q", "is the dog wet", "no"),  # no boxes
    ]
    found = questions_about_classes(asked, ROWS, "test")
    assert [item.question for item in found] == asked[:2]
    assert [item.name for item in found] == ["dog", "dog"] and found[0].boxes == ((0, 0, 1, 1), (0.5, 0.5, 1, 1))
    assert questions_about_classes(asked, ROWS, "val") == []


def test_every_class_but_persons_is_asked_for():
    found = existence_questions(ROWS, "test")
    assert [(item.question.question, len(item.boxes)) for item in found] == [
        ("is there a dog in the photo?", 2),
        ("is there a cup in the photo?", 1),
    ]


class KnownMaps(Subject):
    """Maps given by hand: relevance always marks the box, attention never, rollout and occlusion are flat."""

    def maps(self, model, states, batch, answers, method):
        one = np.full(model.grid_size, 0.5)
        if method == "relevance":
            one[0, 0] = 1
        if method == "attention":
            one[2, 2] = 1
        return np.repeat(one[None], len(batch), axis=0)


def test_the_pointing_game_counts_hits_against_chance(photos, tiny_predictor):
    store = ImageStore([photos / "photos"])
    asked = [AboutClass(Question(f"p{i}", "is there a dog"), "dog", ((0, 0, 0.3, 0.3),)) for i in range(7)]
    found = measure_pointing(KnownMaps(tiny_predictor, "aligned", store), asked, 0)
    assert found["count"] == 7 and found["chance"] == pytest.approx(1 / 9)
    methods = found["methods"]
    assert methods["relevance"]["hits"]["mean"] == 1 and methods["relevance"]["ratio"] == pytest.approx(9)
    assert methods["attention"]["hits"]["mean"] == 0
    assert methods["rollout"]["hits"]["mean"] == pytest.approx(1 / 9) and methods["centre"]["ratio"] == 0


class TruestMaps(Subject):
    """Relevance is made from the curve itself, so it must win: patches by what hiding each alone does."""

    def maps(self, model, states, batch, answers, method):
        truth = super().maps(model, states, batch, answers, "occlusion")
        return {"relevance": truth, "occlusion": truth, "attention": -truth, "rollout": np.zeros_like(truth)}[method]


def test_curves_reward_the_true_order_and_punish_its_opposite(photos, tiny_weights):
    from vqa.predictor import VQAPredictor

    predictor = VQAPredictor.from_pretrained(tiny_weights)
    generator = torch.Generator().manual_seed(0)
    model, generator = predictor.models["aligned"], torch.Generator().manual_seed(0)
    for i in range(7):  # grey, but for one thing that the answer can depend on
        picture = Image.new("RGB", (60, 60), "grey")
        picture.paste("red", (15 * (i % 4), 15 * (i // 4), 15 * (i % 4) + 15, 15 * (i // 4) + 15))
        picture.save(photos / "photos" / f"p{i}.png")
    with torch.no_grad():
        for parameter in model.parameters():  # the usual 0.02 leaves all answers alike
            parameter.add_(0.2 * torch.randn(parameter.shape, generator=generator))
    model.mean_image_state.copy_(predictor.encode(Image.new("RGB", (60, 60), "grey")).states.states.mean((0, 1)))
    store = ImageStore([photos / "photos"])
    questions = [Question(f"p{i}", "what is in the photo") for i in range(7)]
    found = measure_curves(TruestMaps(predictor, "aligned", store), questions, 0)
    methods = found["methods"]
    assert found["count"] == 7
    assert methods["relevance"]["deletion_gain"]["mean"] > 0 > methods["attention"]["deletion_gain"]["mean"]
    assert methods["relevance"]["insertion_gain"]["mean"] > 0 > methods["attention"]["insertion_gain"]["mean"]
    assert methods["random"]["deletion_gain"]["mean"] == 0
    low, high = methods["relevance"]["deletion_gain"]["interval"]
    assert low <= methods["relevance"]["deletion_gain"]["mean"] <= high
    assert best_method(methods) == "relevance"


def test_shuffling_goes_from_the_top_and_leaves_the_model_alone(tiny_predictor):
    model = tiny_predictor.models["aligned"]
    before = {name: tensor.clone() for name, tensor in model.state_dict().items()}
    changed = []
    for _, broken in shuffled_from_the_top(model, 0):
        state = broken.state_dict()
        changed.append({name for name in before if not torch.equal(before[name], state[name])})
        for name in changed[-1]:
            assert torch.equal(before[name].flatten().sort().values, state[name].flatten().sort().values)
    assert len(changed) == 4 and all(a < b for a, b in zip(changed, changed[1:], strict=False))
    assert all(name.startswith("decoder") for name in changed[0])
    assert not any(name.startswith(("vision_encoder", "text_encoder")) for name in changed[-1])
    assert all(torch.equal(before[name], tensor) for name, tensor in model.state_dict().items())


def test_questions_are_drawn_evenly_from_sources(photos):
    store = ImageStore([photos / "photos"])
    many = [Question(f"p{i % 7}", "q", source="many") for i in range(50)]
    few = [Question(f"p{i}", "q", source="few") for i in range(3)]
    drawn = draw_evenly(many + few, 10, 0, store)
    assert [sum(q.source == s for q in drawn) for s in ("many", "few")] == [7, 3]
    assert [q.image_id for q in drawn] == sorted(q.image_id for q in drawn)
    with pytest.raises(ValueError, match="None of the questions"):
        draw_evenly([Question("elsewhere", "q")], 10, 0, store)


def command(photos, weights, *more) -> list[str]:
    return [
        *("maps", "--images", str(photos / "photos"), "--questions", str(photos / "questions.jsonl")),
        *("--weights", str(weights), "--limit", "6", "--few", "3", *more),
    ]


def test_the_command_writes_the_table(photos, tiny_weights, capsys):
    out = photos / "maps.json"
    arguments = ["--boxes", str(photos / "boxes.jsonl"), "--features", "unaligned", "--out", str(out)]
    assert main(command(photos, tiny_weights, *arguments)) == 0
    report = json.loads(out.read_text())
    assert report["features"] == "unaligned" and report["split"] == "test" and len(report["weights"]) == 64
    assert set(report["data"]) == {"questions.jsonl", "boxes.jsonl"}
    assert report["curves"]["count"] == 6 and set(report["curves"]["methods"]) == {*METHODS, "centre", "random"}
    assert report["pointing"]["questions"]["count"] == report["pointing"]["existence"]["count"] == 6
    drawn = report["pointing"]["drawn scenes"]
    assert drawn["count"] == 6 and 0 < drawn["chance"] < 0.2
    assert report["sanity"]["count"] == report["crops"]["count"] == 3
    assert report["default"] in ("attention", "rollout", "relevance")
    printed = capsys.readouterr().out
    assert printed.strip() == "\n\n".join(make({"unaligned": report}) for make in (maps_table, pointing_table))
    assert all(f"| {method} " in printed or f"| **{method}** " in printed for method in METHODS)


def test_without_boxes_there_is_no_pointing_game_and_the_file_lies_beside_the_weights(photos, tiny_weights):
    assert main(command(photos, tiny_weights)) == 0
    written = tiny_weights / "aligned" / "maps.json"
    report = json.loads(written.read_text())
    written.unlink()
    assert report["pointing"]["questions"] is None and report["pointing"]["existence"] is None


def test_bad_input_is_refused_in_one_line(photos, tiny_weights, capsys):
    assert main(command(photos, tiny_weights, "--out", str(photos / "nowhere" / "maps.json"))) == 2
    assert main(command(photos, tiny_weights, "--split", "val")) == 2
    assert main(command(photos, photos / "no-weights")) == 2
    assert len(capsys.readouterr().err.strip().splitlines()) == 3
