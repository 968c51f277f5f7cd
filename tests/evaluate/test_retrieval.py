"""Retrieval: the figures of embeddings made by hand."""

from types import SimpleNamespace

import numpy as np
import pytest

from vqa.data.questions import Captions
from vqa.evaluate import retrieval


def test_recall_and_space_of_embeddings_made_by_hand():
    images = np.eye(3)
    texts = np.eye(3)[[0, 0, 1, 2, 0]]  # the last caption of image 2 looks like image 0's
    report = retrieval.summarise(images, texts, np.array([0, 0, 1, 2, 2]))
    assert report["retrieval"]["image_to_text"]["R@1"] == pytest.approx(2 / 3)  # image 0 ties with a wrong caption
    assert report["retrieval"]["text_to_image"]["R@1"] == pytest.approx(4 / 5)
    assert report["retrieval"]["text_to_image"]["count"] == 5
    assert report["space"]["alignment"] == pytest.approx(2 / 5)


def test_captions_stay_with_their_photographs(tmp_path):
    """Rows come sorted by where the photographs are stored; the embeddings must tell which is whose."""
    names = ["c", "a", "b"]

    class Store(dict):
        def open(self, image_id):
            return image_id

    def embed(texts, variant):
        return np.array([[ord(text[0]), len(text)] for text in texts], dtype=float)

    predictor = SimpleNamespace(encode=lambda image: image, embed_photos=embed, embed_texts=embed)
    rows = [Captions(name, tuple(f"{name}{i}" for i in range(n))) for name, n in {"a": 1, "b": 3, "c": 2}.items()]
    images, texts, image_of = retrieval.embed(predictor, Store.fromkeys(names), rows, "aligned")
    assert image_of.tolist() == [0, 0, 1, 2, 2, 2]
    np.testing.assert_array_equal(images[image_of][:, 0], texts[:, 0])
