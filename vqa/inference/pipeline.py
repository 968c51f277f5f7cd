"""`pipeline("visual-question-answering", ...)`, which transformers 5.3 dropped: importing this module registers it."""

from transformers import AutoModel, Pipeline
from transformers.pipelines import PIPELINE_REGISTRY, REMOVED_TASKS

from vqa.inference.predictor import VQAPredictor

TASK = "visual-question-answering"


class VQAPipeline(Pipeline):
    """Called with `image=` and `question=`, or with one or several dicts of these; answers as it did in transformers 4.

    A photograph is a PIL image, a path or bytes. Gives the `top_k` most probable answers, best first, as dicts of
    `answer` and `score`, its calibrated probability; `answers` are the only ones that may come.
    """

    _load_processor = True
    _load_image_processor = _load_feature_extractor = _load_tokenizer = False
    _pipeline_calls_generate = False

    def __init__(self, *args, **kwargs):
        super().__init__(*args, **kwargs)
        variant = self.model.config.variant
        self._variant = variant
        self._predictor = VQAPredictor({variant: self.model}, {variant: self.processor}, self.device)

    def __call__(self, image=None, question: str | None = None, **options):
        """Raises `PhotoError` and `QuestionError`, and `ValueError` where either is missing."""
        if image is None:
            raise ValueError("Pass image= and question=, or dicts of them.")
        rows = {"image": image, "question": question} if question is not None else image
        for row in rows if isinstance(rows, list) else [rows]:
            if not isinstance(row, dict) or row.keys() != {"image", "question"}:
                raise ValueError("Each question is a dict of `image` and `question`.")
        return super().__call__(rows, **options)

    def _sanitize_parameters(self, top_k: int = 5, answers: list[str] | None = None, **unknown):
        if unknown:
            raise TypeError(f"There is no option {next(iter(unknown))!r}: only top_k and answers.")
        return {}, {"top_k": top_k, "answers": answers}, {}

    def preprocess(self, row: dict) -> dict:
        return {"photo": self._predictor.encode(row["image"]), "question": self._predictor.read(row["question"])}

    def _forward(self, row: dict, top_k: int, answers: list[str] | None):
        return self._predictor.ask(row["photo"], row["question"], self._variant, top_k, answers)

    def postprocess(self, prediction) -> list[dict]:
        return [{"answer": answer.text, "score": answer.probability} for answer in prediction.top]


REMOVED_TASKS.pop(TASK, None)  # tasks of this list are refused, whatever is registered
PIPELINE_REGISTRY.register_pipeline(TASK, pipeline_class=VQAPipeline, pt_model=(AutoModel,), type="multimodal")
