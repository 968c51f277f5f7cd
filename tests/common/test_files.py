"""Where weights are found."""

import pytest

from vqa.common.files import local_folder


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
