"""The one folder that holds a whole model, as the Hugging Face Hub wants it."""

import json
from pathlib import Path

from huggingface_hub import EvalResult, EvalResultEntry, ModelCard, ModelCardData
from huggingface_hub import eval_result_entries_to_yaml as as_yaml
from huggingface_hub.utils import yaml_dump

from vqa.common.checksums import RECORDS, write_sums
from vqa.data.trained_on import TrainedOn, parts_of
from vqa.model.model import VQAModel
from vqa.processing.processor import VQAProcessor

SPACE_FILE = "space.json"  # cosines of val's matched and mismatched pairs, for `similarity`
EVAL_FILE = "eval.json"
CARD_FILE = "README.md"
TASK = "visual-question-answering"
CARD = """{front}
# Ask a photograph, {variant}

A ViT and a BERT whose features are projected into one space, fused by co-attention and decoded into a short answer.
This one is {variant}: {meaning}.

It has {parameters:.1f} million parameters, sees photographs at {pixels} pixels and answers questions in English. Its
probabilities are calibrated; below {sure:.2f} it calls itself unsure.

```python
from transformers import AutoModel, AutoProcessor

folder = "."  # this folder, or its id on the Hub
processor = AutoProcessor.from_pretrained(folder, trust_remote_code=True)
model = AutoModel.from_pretrained(folder, trust_remote_code=True)
inputs = processor(images="photo.jpg", text="What is this?")
print(processor.batch_decode(model.generate(**inputs)))
```

With the package `vqa` installed, this also says how sure it is:
`vqa ask photo.jpg "What is this?" --weights FOLDER --variant {variant}`

{results}"""
MEANINGS = {
    "aligned": "the projections were trained to bring photographs and their captions together",
    "unaligned": "the projections stay on the encoders' own axes, with no alignment loss",
}


def save_whole(
    model: VQAModel,
    processor: VQAProcessor,
    directory: str | Path,
    space: dict | None = None,
    source: Path | None = None,
) -> None:
    """Writes one folder to which nothing is missing: weights with the encoders, processor, code, card and records.

    `source` is where the model came from: its records go along, and its card's front matter. Raises `OSError`.
    """
    directory = Path(directory)
    encoders, model.config.encoders = model.config.encoders, None
    try:
        model.save_pretrained(directory)
    finally:
        model.config.encoders = encoders
    processor.save_pretrained(directory)
    if space:
        (directory / SPACE_FILE).write_text(json.dumps(space) + "\n", encoding="utf-8")
    variant = model.config.variant
    found: dict = {}
    root = None
    if source is not None:
        parts = parts_of(source, variant)
        own = parts["heads"]
        root = own.parent if len(parts) > 1 else own  # where checkpoints share encoders, they share a card
        for name in RECORDS:
            if (own / name).is_file():
                (directory / name).write_bytes((own / name).read_bytes())
        if (known := TrainedOn.of_weights(source, variant)).is_known:
            known.write(directory)
        if (own / EVAL_FILE).is_file():
            found = json.loads((own / EVAL_FILE).read_text(encoding="utf-8"))
    benchmarks = found.get("benchmarks", {})
    split = found.get("split", "test")
    write_results(directory, benchmarks, split)
    (directory / CARD_FILE).write_text(model_card(model, benchmarks, split, _front_matter(root)), encoding="utf-8")
    write_sums(directory)


def write_results(directory: Path, benchmarks: dict[str, dict], split: str) -> None:
    """The accuracies in the Hub's form, a file a benchmark in `.eval_results/`."""
    folder = directory / ".eval_results"
    for name, figures in benchmarks.items():
        folder.mkdir(exist_ok=True)
        low, high = (100 * bound for bound in figures["interval"])
        notes = f"accuracy in % on {figures['count']} questions; 95 % interval {low:.1f} to {high:.1f}"
        entry = EvalResultEntry(name, split, round(100 * figures["accuracy"], 2), notes=notes)
        (folder / f"{name}.yaml").write_text(yaml_dump(as_yaml([entry])), encoding="utf-8")


def model_card(model: VQAModel, benchmarks: dict[str, dict], split: str, front: dict) -> str:
    """The README of a whole folder: front matter, what the model is, how to call it, and what was measured."""
    variant, pixels = model.config.variant, model.config.vision_config.image_size
    data = {"language": "en", "library_name": "transformers", "pipeline_tag": TASK, "metrics": ["accuracy"]}
    data |= front
    if benchmarks:
        data |= {"model_name": f"Ask a photograph, {variant}"}
        data["eval_results"] = [
            EvalResult(TASK, name, name, "accuracy", figures["accuracy"], dataset_split=split)
            for name, figures in benchmarks.items()
        ]
    rows = [
        f"| {name} | {figures['count']:,} | {100 * figures['accuracy']:.1f} |" for name, figures in benchmarks.items()
    ]
    table = ["## Results", "", f"| {split} split of | questions | accuracy in % |", "| --- | --- | --- |", *rows, ""]
    return CARD.format(
        front=f"---\n{ModelCardData(**data)}\n---",
        variant=variant,
        meaning=MEANINGS[variant],
        parameters=sum(parameter.numel() for parameter in model.parameters()) / 1e6,
        pixels=" × ".join(map(str, pixels)) if isinstance(pixels, (list, tuple)) else pixels,
        sure=model.config.sure_threshold,
        results="\n".join(table) if rows else "",
    )


def _front_matter(folder: Path | None) -> dict:
    """What the card of a folder of weights says of licence, data and what they were made from; {} without one."""
    if folder is None or not (folder / CARD_FILE).is_file():
        return {}
    card = ModelCard((folder / CARD_FILE).read_text(encoding="utf-8"), ignore_metadata_errors=True)
    return {key: value for key, value in card.data.to_dict().items() if key != "model-index"}
