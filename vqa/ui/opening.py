"""The finished result that the page opens with: computed by the model once, then shared by all visitors."""

from collections.abc import Callable, Sequence
from threading import Lock

from PIL import Image

from vqa.inference.predictor import Photo, VQAPredictor
from vqa.ui import visit as visits
from vqa.ui.gallery import Gallery, GalleryExample
from vqa.ui.suggestions import Suggestion, suggest
from vqa.ui.visit import MapView, Visit


class Opening:
    """Begins visits: with the first example, asked and answered, or with a photo that nothing was asked about yet."""

    def __init__(self, predictor: VQAPredictor, gallery: Gallery, view: MapView, gpu: Callable):
        self.predictor, self.gallery, self.view = predictor, gallery, view
        self._compute = gpu(self._first_answer)
        self._visit: Visit | None = None
        self._lock = Lock()

    def visit(self) -> Visit:
        """The opening visit. A `Visit` is never changed, so that all visitors can start from one."""
        with self._lock:
            if self._visit is None:
                self._visit = self._compute()
            return self._visit

    def of_example(self, example: GalleryExample) -> Visit:
        """A visit to an example, whose questions were written for it."""
        photo = self.predictor.encode(example.path)
        return self._begin(photo, example.name, example.name, example.name, example.questions)

    def of_upload(self, image: Image.Image, name: str, sent: str) -> Visit:
        """A visit to a visitor's own photo, which lies where `sent` says."""
        photo = self.predictor.encode(image)
        return self._begin(photo, "", name, sent, suggest(self.predictor, photo))

    def _begin(self, photo: Photo, example: str, name: str, sent: str, suggestions: Sequence[Suggestion]) -> Visit:
        blocks = self.predictor.models[self.predictor.variants[0]].config.fusion_layers
        return Visit(photo, example, name, sent, tuple(suggestions), blocks=blocks, view=self.view)

    def _first_answer(self) -> Visit:
        if not self.gallery.examples:
            return Visit()
        visit = self.of_example(self.gallery.examples[0])
        if not visit.suggestions:
            return visit
        return visits.ask(visit, self.predictor, visit.suggestions[0].question, self.predictor.variants[0], self.view)
