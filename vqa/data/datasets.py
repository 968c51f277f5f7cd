"""Tables as the `datasets` library writes them, `save_to_disk` folders and Parquet files; pyarrow alone reads them.

A table may hold questions, photographs (a column `image {bytes, path}`) or both, then with a row for each question.
"""

import json
from collections.abc import Iterator
from pathlib import Path

STATE, PARTS = "state.json", "dataset_dict.json"  # of a Dataset, and of a DatasetDict
IMAGE = "image"


def is_saved_dataset(path: Path) -> bool:
    """Whether a path is a folder that `save_to_disk` wrote."""
    return any((path / name).is_file() for name in (STATE, PARTS))


def open_tables(path: Path) -> Iterator[tuple[object, str | None]]:
    """A saved dataset's tables, mapped and not read, each with its split, None where the dataset has no parts.

    Raises `ValueError` for a folder that is damaged.
    """
    import pyarrow as pa  # only the bulk commands need it

    try:
        if (path / PARTS).is_file():
            for name in json.loads((path / PARTS).read_bytes())["splits"]:
                for table, _ in open_tables(path / name):
                    yield table, name
        else:
            for part in json.loads((path / STATE).read_bytes())["_data_files"]:
                yield pa.ipc.open_stream(pa.memory_map(str(path / part["filename"]))).read_all(), None
    except (OSError, KeyError, TypeError, json.JSONDecodeError, pa.ArrowException) as error:
        raise ValueError(f"{path} is not a whole dataset as `datasets` saves it: {error}.") from error


def table_rows(path: Path) -> Iterator[dict]:
    """The rows of a Parquet file or a saved dataset, but for photographs and empty fields; ids become texts.

    A row without a split has that of its part. Raises `ValueError` for a file that is damaged.
    """
    for table, split in _parquet(path) if path.suffix.lower() == ".parquet" else open_tables(path):
        for batch in table.select([name for name in table.column_names if name != IMAGE]).to_batches():
            for fields in batch.to_pylist():
                row = {"split": split} | {name: value for name, value in fields.items() if value is not None}
                if "image_id" in row:
                    row["image_id"] = str(row["image_id"])
                yield row


def _parquet(path: Path) -> Iterator[tuple[object, None]]:
    import pyarrow.parquet as pq
    from pyarrow import ArrowException

    try:
        names = [name for name in pq.read_schema(path).names if name != IMAGE]
        yield pq.read_table(path, columns=names), None
    except (OSError, ArrowException) as error:
        raise ValueError(f"{path} is not a Parquet file: {error}") from error
