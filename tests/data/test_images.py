"""`vqa.data.images`: photographs by id, from Parquet files and from folders."""

import io

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from PIL import Image

from vqa.data.images import ImageStore
from vqa.processing.photos import PhotoError


def photo(shade: int, format: str = "PNG") -> bytes:
    buffer = io.BytesIO()
    Image.new("RGB", (7, 5), (shade, 0, 0)).save(buffer, format)
    return buffer.getvalue()


def parquet(path, rows: dict, row_group_size: int = 2):
    images = [{"bytes": data, "path": None} for data in rows.values()]
    pq.write_table(pa.table({"image_id": list(rows), "image": images}), path, row_group_size=row_group_size)
    return path


@pytest.fixture
def shades() -> dict[str, bytes]:
    return {f"row-{i}": photo(10 * i) for i in range(5)}


def test_parquet_rows_come_back_in_any_order(tmp_path, shades):
    store = ImageStore([parquet(tmp_path / "a.parquet", shades)])
    assert len(store) == 5 and list(store) == list(shades)
    assert "row-3" in store and "row-5" not in store
    for key in ["row-4", "row-0", "row-3", "row-2", "row-1", "row-4"]:  # across row groups and back
        assert store.read(key) == shades[key]
    assert store.open("row-3").getpixel((0, 0)) == (30, 0, 0)


def test_a_row_group_is_read_once_while_its_rows_are_asked_for(tmp_path, shades, monkeypatch):
    store = ImageStore([parquet(tmp_path / "a.parquet", shades)])
    reads = []
    read_row_group = pq.ParquetFile.read_row_group

    def counted(self, group, **options):
        reads.append(group)
        return read_row_group(self, group, **options)

    monkeypatch.setattr(pq.ParquetFile, "read_row_group", counted)
    for key in store:
        store.read(key)
    assert reads == [0, 1, 2]


def test_several_sources_make_one_store(tmp_path, shades):
    folder = tmp_path / "photos"
    (folder / "deep").mkdir(parents=True)
    (folder / "dog.PNG").write_bytes(photo(1))
    (folder / "deep" / "cat.jpeg").write_bytes(photo(2, "JPEG"))
    (folder / "notes.txt").write_text("not a photograph")
    (folder / "album.jpg").mkdir()
    single = tmp_path / "single.webp"
    single.write_bytes(photo(3, "WEBP"))
    store = ImageStore([folder, parquet(tmp_path / "a.parquet", shades), single])
    assert set(store) == {"dog", "deep/cat", "single", *shades}
    assert store.open("dog").getpixel((0, 0)) == (1, 0, 0)
    assert store.read("row-1") == shades["row-1"]


def test_two_photographs_of_one_id_are_an_error(tmp_path, shades):
    (tmp_path / "photos").mkdir()
    for name in ("dog.png", "dog.jpg"):
        (tmp_path / "photos" / name).write_bytes(photo(1))
    with pytest.raises(ValueError, match="'dog'"):
        ImageStore([tmp_path / "photos"])
    twice = [parquet(tmp_path / f"{name}.parquet", shades) for name in "ab"]
    with pytest.raises(ValueError, match="'row-0'"):
        ImageStore(twice)


def test_what_is_no_source_is_named(tmp_path):
    text = tmp_path / "words.txt"
    text.write_text("words")
    (tmp_path / "empty").mkdir()
    for source in (tmp_path / "missing.parquet", tmp_path / "missing.jpg", text):
        with pytest.raises(FileNotFoundError, match=source.name):
            ImageStore([source])
    with pytest.raises(ValueError, match="holds no photographs"):
        ImageStore([tmp_path / "empty"])


def test_a_file_that_is_no_parquet_of_photographs_is_named(tmp_path):
    broken = tmp_path / "broken.parquet"
    broken.write_bytes(b"PAR1 and nothing else")
    empty = tmp_path / "empty.parquet"
    empty.write_bytes(b"")
    no_ids, no_images = tmp_path / "no-ids.parquet", tmp_path / "no-images.parquet"
    pq.write_table(pa.table({"image": ["x"]}), no_ids)
    pq.write_table(pa.table({"image_id": ["x"]}), no_images)
    for path in (broken, empty, no_ids, no_images):
        with pytest.raises(ValueError, match=f"{path.name} is not a Parquet file of photographs"):
            ImageStore([path])


def test_a_bad_photograph_is_reported_when_it_is_opened_and_not_before(tmp_path):
    rows = {"good": photo(9), "text": b"words", "empty": b"", "none": None}
    store = ImageStore([parquet(tmp_path / "a.parquet", rows)])
    assert len(store) == 4
    for key in ("text", "empty", "none"):
        with pytest.raises(PhotoError):
            store.open(key)
    assert store.open("good").getpixel((0, 0)) == (9, 0, 0)


def test_an_unknown_id_is_a_key_error(tmp_path, shades):
    store = ImageStore([parquet(tmp_path / "a.parquet", shades)])
    with pytest.raises(KeyError, match="nobody"):
        store.open("nobody")
