"""Where models are loaded from: a folder, or a hub, and never a hub by mistake."""

import pytest

from vqa.inference.predictor import VQAPredictor
from vqa.model.checkpoint import load_encoder
from vqa.model.model import VQAModel
from vqa.processing.processor import image_processor, question_tokenizer
from vqa.processing.sources import local_folder, model_source


@pytest.fixture
def here(tmp_path, monkeypatch):
    """A working folder with a model in `runs/mine`."""
    (tmp_path / "runs" / "mine").mkdir(parents=True)
    (tmp_path / "alone").mkdir()
    monkeypatch.chdir(tmp_path)
    return tmp_path


@pytest.mark.parametrize("name", ["runs/mine", "alone", "./runs/mine", "runs/../runs/mine"])
def test_a_folder_that_is_there_is_a_path(here, name):
    assert model_source(name).samefile(here / name)


@pytest.mark.parametrize("name", ["google-bert/bert-base-uncased", "YOU/ask.me_2"])
def test_a_text_owner_name_is_a_hubs_id(here, name):
    assert model_source(name) == name and isinstance(model_source(name), str)


@pytest.mark.parametrize("name", ["runs/missing", "weights/missing"])
def test_this_projects_own_folders_are_no_owners(tmp_path, monkeypatch, name):
    monkeypatch.chdir(tmp_path)  # where there is neither
    with pytest.raises(FileNotFoundError, match=f"no model at {name}"):
        model_source(name)


@pytest.mark.parametrize(
    "name",
    [
        "runs/missing",
        "alone/missing",
        "./missing",
        "/no/where",
        "a/b/c",
        "missing",
        "../owner/name",
        "~/x",
        "a\\b",
        "a/b/",
    ],
)
def test_any_other_text_is_a_folder_that_is_missing(here, name):
    with pytest.raises(FileNotFoundError, match="There is no model at"):
        model_source(name)


def test_a_path_is_never_a_hubs_id(here):
    with pytest.raises(FileNotFoundError, match="no model at google-bert/bert-base-uncased"):
        model_source(here.relative_to(here) / "google-bert" / "bert-base-uncased")


LOADERS = [load_encoder, image_processor, question_tokenizer, VQAModel.from_pretrained, VQAPredictor.from_pretrained]


@pytest.mark.parametrize("load", LOADERS, ids=lambda load: load.__qualname__)
def test_everything_that_loads_goes_by_the_one_rule(here, load, monkeypatch):
    monkeypatch.setattr("huggingface_hub.constants.HF_HUB_OFFLINE", True)  # were it asked, it would say otherwise
    for missing in ("runs/missing", here / "owner" / "name"):
        with pytest.raises(FileNotFoundError, match=r"There (is|are) no .* at .*(missing|name)(\.$|; name a folder)"):
            load(missing)


@pytest.fixture
def offline_hub(tmp_path, monkeypatch):
    """A cache of the Hub, as it is after a model was fetched, and nobody to ask for more."""
    import huggingface_hub.constants as constants

    monkeypatch.setattr(constants, "HF_HUB_OFFLINE", True)
    monkeypatch.setattr(constants, "HF_HUB_CACHE", str(tmp_path / "hub"))
    snapshot = tmp_path / "hub" / "models--me--tiny" / "snapshots" / ("0" * 40)
    snapshot.mkdir(parents=True)
    (snapshot / "config.json").write_text("{}")
    refs = tmp_path / "hub" / "models--me--tiny" / "refs"
    refs.mkdir()
    (refs / "main").write_text("0" * 40)
    return snapshot


def test_a_folder_is_taken_as_it_is(tmp_path, offline_hub, monkeypatch):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "me" / "tiny").mkdir(parents=True)
    assert local_folder("me/tiny").resolve() == tmp_path / "me" / "tiny"  # a path that is there comes before an id


def test_a_hub_id_is_the_folder_that_was_fetched(offline_hub):
    assert local_folder("me/tiny") == offline_hub
    with pytest.raises(FileNotFoundError, match="no such model on the Hub"):
        local_folder("me/other")


@pytest.mark.parametrize("path", ["/no/where", "./no/where", "../where", "a/b/c", "nowhere"])
def test_a_path_at_which_nothing_is_is_no_hub_id(path, offline_hub, monkeypatch):
    with pytest.raises(FileNotFoundError, match="no weights at .*--weights"):
        local_folder(path)
