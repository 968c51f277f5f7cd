"""`vqa.data.images`: photographs by id, from Parquet files and from folders."""

import hashlib
import io
import shutil

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from PIL import Image

from vqa.data.images import ImageStore
from vqa.processing.photos import FORMATS, PhotoError, photo_suffixes


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


def test_every_kind_of_file_that_can_be_opened_is_found_in_a_folder(tmp_path):
    Image.init()
    assert {".jfif", ".ppm", ".tif", ".apng"} <= photo_suffixes() and ".txt" not in photo_suffixes()
    assert (".avif" in photo_suffixes()) == ("AVIF" in FORMATS)
    for suffix in photo_suffixes():
        format = Image.registered_extensions()[suffix]
        mode = {".pbm": "1", ".pgm": "L", ".pfm": "F"}.get(suffix, "RGB")
        Image.new(mode, (7, 5), 1).save(tmp_path / f"{suffix[1:]}{suffix.upper()}", format)
    store = ImageStore([tmp_path])
    assert set(store) == {suffix[1:] for suffix in photo_suffixes()}
    for image_id in store:
        assert store.open(image_id).size == (7, 5)


def test_files_that_systems_hide_are_passed_over(tmp_path, capsys):
    (tmp_path / ".thumbnails").mkdir()
    for name in ("cat.png", "._cat.png", ".thumbnails/cat.png"):
        (tmp_path / name).write_bytes(photo(1))
    assert list(ImageStore([tmp_path])) == ["cat"]


def write_table(path, images, as_dataset):
    """A table of photographs, as a Parquet file or as `save_to_disk` lays it out."""
    table = pa.table({"image_id": [f"i{n}" for n in range(len(images))], "image": images})
    if not as_dataset:
        pq.write_table(table, path, row_group_size=2)
        return path
    path.mkdir()
    with pa.OSFile(str(path / "data.arrow"), "wb") as file, pa.ipc.new_stream(file, table.schema) as writer:
        writer.write_table(table)
    (path / "state.json").write_text('{"_data_files": [{"filename": "data.arrow"}]}')
    return path


@pytest.mark.parametrize("as_dataset", [False, True])
def test_a_table_holds_bytes_paths_or_both(tmp_path, monkeypatch, as_dataset):
    (tmp_path / "table").mkdir()
    monkeypatch.chdir(tmp_path)
    path = tmp_path / "table" / "photos.parquet"
    beside = (path if as_dataset else path.parent) / "beside.png"  # paths count from the table's folder
    pixels = {"whole": photo(1), "beside": photo(2), "here": photo(3)}
    bytes_only = [pixels["whole"], pixels["whole"]]
    paths = [str(tmp_path / "whole.png"), "beside.png", "here.png", "nowhere.png", None]
    for images in (bytes_only, paths, [{"bytes": None, "path": p} for p in paths]):
        write_table(path, images, as_dataset)
        for name, place in (("whole", tmp_path), ("here", tmp_path), ("beside", beside.parent)):
            (place / f"{name}.png").write_bytes(pixels[name])
        store = ImageStore([path])
        expected = [1, 1] if images is bytes_only else [1, 2, 3]
        assert [store.open(f"i{n}").getpixel((0, 0))[0] for n in range(len(expected))] == expected
        if images is not bytes_only:
            with pytest.raises(PhotoError, match=r"'i3' cannot be used.*no photograph at .*nowhere\.png"):
                store.open("i3")
            with pytest.raises(PhotoError, match="'i4' cannot be used. The file is empty"):
                store.open("i4")
        shutil.rmtree(path) if as_dataset else path.unlink()


def test_a_column_that_cannot_hold_photographs_is_told(tmp_path):
    for images, kind in (([1, 2], "int64"), ([[1], [2]], "list"), ([{"url": "x"}], "struct")):
        with pytest.raises(ValueError, match=f"its column 'image' holds {kind}.*, not bytes, paths or both"):
            ImageStore([write_table(tmp_path / "a.parquet", images, False)])
    pq.write_table(pa.table({"image_id": ["a", None], "image": [b"x", b"y"]}), tmp_path / "a.parquet")
    with pytest.raises(ValueError, match=r"a\.parquet, row 2: image_id is missing"):
        ImageStore([tmp_path / "a.parquet"])


def test_a_photograph_is_known_by_its_bytes(tmp_path):
    (tmp_path / "a.png").write_bytes(photo(1))
    (tmp_path / "b.png").write_bytes(photo(1))
    store = ImageStore([tmp_path])
    assert store.digest("a") == store.digest("b") == hashlib.sha256(photo(1)).hexdigest()
    (tmp_path / "b.png").write_bytes(photo(2))
    assert store.digest("b") != store.digest("a")


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
        with pytest.raises(PhotoError, match=f"The photograph '{key}' cannot be used"):
            store.open(key)
    assert store.open("good").getpixel((0, 0)) == (9, 0, 0)


def test_an_unknown_id_is_a_key_error(tmp_path, shades):
    store = ImageStore([parquet(tmp_path / "a.parquet", shades)])
    with pytest.raises(KeyError, match="nobody"):
        store.open("nobody")


NFC, NFD = "caf\u00e9", "cafe\u0301"


@pytest.mark.parametrize("written", [NFC, NFD])
def test_ids_that_look_the_same_are_the_same(tmp_path, written):
    (tmp_path / "photos").mkdir()
    (tmp_path / "photos" / f"{written}.png").write_bytes(photo(10))
    for source in (tmp_path / "photos", parquet(tmp_path / "a.parquet", {written: photo(10)})):
        store = ImageStore([source])
        assert list(store) == [NFC] and NFC in store and NFD in store
        assert store.read(NFC) == store.read(NFD) == photo(10)
    with pytest.raises(ValueError, match=f"Two photographs have the id '{NFC}'"):
        ImageStore([tmp_path / "photos", tmp_path / "a.parquet"])
