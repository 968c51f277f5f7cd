"""Photographs by id, from Parquet files (columns `image_id`, `image {bytes, path}`) or from folders."""

from collections.abc import Iterable, Iterator
from pathlib import Path

from PIL import Image

from vqa.photos import open_photo, read_photo_bytes

SUFFIXES = {".jpg", ".jpeg", ".png", ".webp", ".gif", ".bmp", ".tif", ".tiff"}
_KINDS = ", ".join(sorted(SUFFIXES))


class ImageStore:
    """Maps an image id to the bytes of its photograph, read when asked for.

    A folder's photographs go by their path within it without the suffix (`photos/dog.jpg` is `dog`).
    """

    def __init__(self, sources: Iterable[str | Path]):
        """`sources` are Parquet files, image files and folders. Raises `FileNotFoundError` or `ValueError`."""
        self._entries: dict[str, Path | tuple[Path, int, int]] = {}
        self._row_group: tuple[tuple[Path, int], list[bytes]] | None = None
        for source in map(Path, sources):
            if source.is_dir():
                photos = sorted(p for p in source.rglob("*") if p.suffix.lower() in SUFFIXES and p.is_file())
                if not photos:
                    raise ValueError(f"The folder {source} holds no photographs ({_KINDS}).")
                for path in photos:
                    self._add(path.relative_to(source).with_suffix("").as_posix(), path)
            elif source.suffix == ".parquet" and source.is_file():
                self._add_parquet(source)
            elif source.suffix.lower() in SUFFIXES and source.is_file():
                self._add(source.stem, source)
            else:
                raise FileNotFoundError(f"{source} is neither a folder, a Parquet file nor an image ({_KINDS}).")

    def _add(self, image_id: str, entry) -> None:
        if image_id in self._entries:
            raise ValueError(f"Two photographs have the id {image_id!r}.")
        self._entries[image_id] = entry

    def _add_parquet(self, path: Path) -> None:
        import pyarrow.parquet as pq  # only the bulk commands need it
        from pyarrow import ArrowException

        try:
            file = pq.ParquetFile(path)
            missing = {"image_id", "image"} - set(file.schema_arrow.names)
            if missing:
                raise ValueError(f"{path} is not a Parquet file of photographs: it has no column {sorted(missing)}.")
            for group in range(file.num_row_groups):
                ids = file.read_row_group(group, columns=["image_id"])["image_id"].to_pylist()
                for row, image_id in enumerate(ids):
                    self._add(image_id, (path, group, row))
        except (OSError, ArrowException) as error:
            raise ValueError(f"{path} is not a Parquet file of photographs: {error}") from error

    def __len__(self) -> int:
        return len(self._entries)

    def __contains__(self, image_id: str) -> bool:
        return image_id in self._entries

    def __iter__(self) -> Iterator[str]:
        """The ids in the order in which reading them is cheapest."""
        return iter(self._entries)

    def read(self, image_id: str) -> bytes:
        """The encoded photograph. Raises `KeyError` for an unknown id."""
        entry = self._entries[image_id]
        if isinstance(entry, Path):
            return read_photo_bytes(entry)
        import pyarrow.parquet as pq

        path, group, row = entry
        if self._row_group is None or self._row_group[0] != (path, group):
            images = pq.ParquetFile(path).read_row_group(group, columns=["image"])["image"].to_pylist()
            self._row_group = ((path, group), [(image or {}).get("bytes") or b"" for image in images])
        return self._row_group[1][row]

    def open(self, image_id: str) -> Image.Image:
        """The photograph as an RGB image. Raises `KeyError` and `vqa.photos.PhotoError`."""
        return open_photo(self.read(image_id))
