"""Photographs by id, from folders, Parquet files and saved datasets (columns `image_id`, `image {bytes, path}`)."""

from collections.abc import Callable, Iterable, Iterator
from functools import partial
from pathlib import Path

from PIL import Image

from vqa.data.datasets import IMAGE, is_saved_dataset, open_tables
from vqa.processing.photos import open_photo, read_photo_bytes

SUFFIXES = {".jpg", ".jpeg", ".png", ".webp", ".gif", ".bmp", ".tif", ".tiff"}
_KINDS = ", ".join(sorted(SUFFIXES))


class ImageStore:
    """Maps an image id to the bytes of its photograph, read when asked for.

    A folder's photographs go by their path within it without the suffix (`photos/dog.jpg` is `dog`). A table may
    repeat a photograph, for instance with each question about it: the first row of an id counts.
    """

    def __init__(self, sources: Iterable[str | Path]):
        """`sources` are Parquet files, datasets that `save_to_disk` wrote, image files and folders.

        Raises `FileNotFoundError` or `ValueError`.
        """
        self._readers: dict[str, Callable[[], bytes]] = {}
        self._row_group: tuple[tuple[Path, int], list[bytes]] | None = None
        for source in map(Path, sources):
            if is_saved_dataset(source):
                self._add_dataset(source)
            elif source.is_dir():
                photos = sorted(p for p in source.rglob("*") if p.suffix.lower() in SUFFIXES and p.is_file())
                if not photos:
                    raise ValueError(f"The folder {source} holds no photographs ({_KINDS}).")
                for path in photos:
                    self._add(path.relative_to(source).with_suffix("").as_posix(), partial(read_photo_bytes, path))
            elif source.suffix == ".parquet" and source.is_file():
                self._add_parquet(source)
            elif source.suffix.lower() in SUFFIXES and source.is_file():
                self._add(source.stem, partial(read_photo_bytes, source))
            else:
                raise FileNotFoundError(f"{source} is neither a folder, a Parquet file nor an image ({_KINDS}).")

    def _add(self, image_id: str, reader: Callable[[], bytes]) -> None:
        if image_id in self._readers:
            raise ValueError(f"Two photographs have the id {image_id!r}.")
        self._readers[image_id] = reader

    def _add_table(self, readers: Iterable[tuple[str, Callable[[], bytes]]]) -> None:
        own: dict[str, Callable[[], bytes]] = {}
        for image_id, reader in readers:
            own.setdefault(str(image_id), reader)
        for image_id, reader in own.items():
            self._add(image_id, reader)

    def _add_parquet(self, path: Path) -> None:
        import pyarrow.parquet as pq  # only the bulk commands need it
        from pyarrow import ArrowException

        try:
            file = pq.ParquetFile(path)
            _check_columns(file.schema_arrow.names, f"{path} is not a Parquet file of photographs")
            self._add_table(
                (image_id, partial(self._read_row_group, path, group, row))
                for group in range(file.num_row_groups)
                for row, image_id in enumerate(file.read_row_group(group, columns=["image_id"])["image_id"].to_pylist())
            )
        except (OSError, ArrowException) as error:
            raise ValueError(f"{path} is not a Parquet file of photographs: {error}") from error

    def _read_row_group(self, path: Path, group: int, row: int) -> bytes:
        import pyarrow.parquet as pq

        if self._row_group is None or self._row_group[0] != (path, group):
            images = pq.ParquetFile(path).read_row_group(group, columns=[IMAGE])[IMAGE].to_pylist()
            self._row_group = ((path, group), [_photo_bytes(image) for image in images])
        return self._row_group[1][row]

    def _add_dataset(self, path: Path) -> None:
        tables = [table for table, _ in open_tables(path)]
        for table in tables:
            _check_columns(table.column_names, f"{path} is not a dataset of photographs")
        self._add_table(
            (image_id, partial(_read_cell, table[IMAGE], row))
            for table in tables
            for row, image_id in enumerate(table["image_id"].to_pylist())
        )

    def __len__(self) -> int:
        return len(self._readers)

    def __contains__(self, image_id: str) -> bool:
        return image_id in self._readers

    def __iter__(self) -> Iterator[str]:
        """The ids in the order in which reading them is cheapest."""
        return iter(self._readers)

    def read(self, image_id: str) -> bytes:
        """The encoded photograph. Raises `KeyError` for an unknown id."""
        return self._readers[image_id]()

    def open(self, image_id: str) -> Image.Image:
        """The photograph as an RGB image. Raises `KeyError` and `vqa.processing.photos.PhotoError`."""
        return open_photo(self.read(image_id))


def _check_columns(names: list[str], problem: str) -> None:
    missing = {"image_id", IMAGE} - set(names)
    if missing:
        raise ValueError(f"{problem}: it has no column {sorted(missing)}.")


def _read_cell(column, row: int) -> bytes:
    return _photo_bytes(column[row].as_py())


def _photo_bytes(image: dict | None) -> bytes:
    return (image or {}).get("bytes") or b""
