"""Photographs by id, from folders, Parquet files and saved datasets with the columns `image_id` and `image`."""

import hashlib
from collections.abc import Callable, Iterable, Iterator
from functools import partial
from pathlib import Path

from PIL import Image

from vqa.data.datasets import IMAGE, is_saved_dataset, open_tables
from vqa.processing.photos import PhotoError, open_photo, photo_suffixes, read_photo_bytes
from vqa.processing.text import normal_form


class ImageStore:
    """Maps an image id to the bytes of its photograph, read when asked for.

    A folder's photographs go by their path within it without the suffix (`photos/dog.jpg` is `dog`); names that begin
    with a dot, as the `._dog.jpg` that macOS writes, are passed over. A table's photographs are `{bytes, path}`, bytes
    or paths, which count from the table's folder or from the working one. It may repeat a photograph, for instance with
    each question about it: the first row of an id counts.
    """

    def __init__(self, sources: Iterable[str | Path]):
        """`sources` are Parquet files, datasets that `save_to_disk` wrote, image files and folders.

        Raises `FileNotFoundError` or `ValueError`.
        """
        self._readers: dict[str, Callable[[], bytes]] = {}
        self._row_group: tuple[tuple[Path, int], list] | None = None
        for source in map(Path, sources):
            if is_saved_dataset(source):
                self._add_dataset(source)
            elif source.is_dir():
                photos = sorted(path for path in source.rglob("*") if _is_photo(path) and not _is_hidden(path, source))
                if not photos:
                    raise ValueError(f"The folder {source} holds no photographs ({_kinds()}).")
                for path in photos:
                    self._add(path.relative_to(source).with_suffix("").as_posix(), partial(read_photo_bytes, path))
            elif source.suffix.lower() == ".parquet" and source.is_file():
                self._add_parquet(source)
            elif _is_photo(source):
                self._add(source.stem, partial(read_photo_bytes, source))
            else:
                raise FileNotFoundError(f"{source} is neither a folder, a Parquet file nor an image ({_kinds()}).")

    def _add(self, image_id: str, reader: Callable[[], bytes]) -> None:
        image_id = normal_form(image_id)
        if image_id in self._readers:
            raise ValueError(f"Two photographs have the id {image_id!r}.")
        self._readers[image_id] = reader

    def _add_table(self, path: Path, readers: Iterable[tuple[object, Callable[[], bytes]]]) -> None:
        own: dict[str, Callable[[], bytes]] = {}
        for number, (image_id, reader) in enumerate(readers, start=1):
            if image_id is None:
                raise ValueError(f"{path}, row {number}: image_id is missing.")
            own.setdefault(normal_form(str(image_id)), reader)
        for image_id, reader in own.items():
            self._add(image_id, reader)

    def _add_parquet(self, path: Path) -> None:
        import pyarrow.parquet as pq  # only the bulk commands need it
        from pyarrow import ArrowException

        try:
            file = pq.ParquetFile(path)
            _check_columns(file.schema_arrow, f"{path} is not a Parquet file of photographs")
            self._add_table(
                path,
                (
                    (image_id, partial(self._read_row_group, path, group, row))
                    for group in range(file.num_row_groups)
                    for row, image_id in enumerate(
                        file.read_row_group(group, columns=["image_id"])["image_id"].to_pylist()
                    )
                ),
            )
        except (OSError, ArrowException) as error:
            raise ValueError(f"{path} is not a Parquet file of photographs: {error}") from error

    def _read_row_group(self, path: Path, group: int, row: int) -> bytes:
        import pyarrow.parquet as pq

        if self._row_group is None or self._row_group[0] != (path, group):
            cells = pq.ParquetFile(path).read_row_group(group, columns=[IMAGE])[IMAGE].to_pylist()
            self._row_group = ((path, group), cells)
        return _photo_bytes(self._row_group[1][row], path.parent)

    def _add_dataset(self, path: Path) -> None:
        tables = [table for table, _ in open_tables(path)]
        for table in tables:
            _check_columns(table.schema, f"{path} is not a dataset of photographs")
        self._add_table(
            path,
            (
                (image_id, partial(_read_cell, table[IMAGE], row, path))
                for table in tables
                for row, image_id in enumerate(table["image_id"].to_pylist())
            ),
        )

    def __len__(self) -> int:
        return len(self._readers)

    def __contains__(self, image_id: str) -> bool:
        return normal_form(image_id) in self._readers

    def __iter__(self) -> Iterator[str]:
        """The ids in the order in which reading them is cheapest."""
        return iter(self._readers)

    def read(self, image_id: str) -> bytes:
        """The encoded photograph. Raises `KeyError` for an unknown id and `PhotoError`, which names it."""
        try:
            return self._readers[normal_form(image_id)]()
        except PhotoError as error:
            raise _named(image_id, error) from error

    def open(self, image_id: str) -> Image.Image:
        """The photograph as an RGB image. Raises `KeyError` for an unknown id and `PhotoError`, which names it."""
        data = self.read(image_id)
        try:
            return open_photo(data)
        except PhotoError as error:
            raise _named(image_id, error) from error

    def digest(self, image_id: str) -> str:
        """SHA-256 of the encoded photograph: the same id with other bytes is another photograph."""
        return hashlib.sha256(self.read(image_id)).hexdigest()


def _named(image_id: str, error: PhotoError) -> PhotoError:
    return PhotoError(f"The photograph {image_id!r} cannot be used. {error}")


def _is_photo(path: Path) -> bool:
    return path.suffix.lower() in photo_suffixes() and path.is_file()


def _is_hidden(path: Path, folder: Path) -> bool:
    return any(part.startswith(".") for part in path.relative_to(folder).parts)


def _kinds() -> str:
    return ", ".join(sorted(photo_suffixes()))


def _check_columns(schema, problem: str) -> None:
    missing = {"image_id", IMAGE} - set(schema.names)
    if missing:
        raise ValueError(f"{problem}: it has no column {sorted(missing)}.")
    kind = schema.field(IMAGE).type
    if not _holds_photographs(kind):
        raise ValueError(f"{problem}: its column {IMAGE!r} holds {kind}, not bytes, paths or both.")


def _holds_photographs(kind) -> bool:
    """Whether cells of a column's type are `{bytes, path}`, bytes or paths."""
    from pyarrow import types

    if types.is_struct(kind):
        return bool({kind.field(i).name for i in range(kind.num_fields)} & {"bytes", "path"})
    if types.is_dictionary(kind):
        kind = kind.value_type
    is_bytes = types.is_binary(kind) or types.is_large_binary(kind) or types.is_binary_view(kind)
    is_path = types.is_string(kind) or types.is_large_string(kind) or types.is_string_view(kind)
    return is_bytes or is_path or types.is_null(kind)


def _read_cell(column, row: int, folder: Path) -> bytes:
    return _photo_bytes(column[row].as_py(), folder)


def _photo_bytes(cell: object, folder: Path) -> bytes:
    """The photograph of a table's cell: `{bytes, path}`, bytes, or a path, from `folder` or from the working one."""
    if isinstance(cell, dict):
        cell = cell.get("bytes") or cell.get("path")
    if isinstance(cell, str) and cell:
        return read_photo_bytes(next((p for p in (folder / cell, Path(cell)) if p.is_file()), folder / cell))
    return cell or b""
