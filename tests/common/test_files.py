"""Files of results are tried before the work, also by several processes at once."""

from concurrent.futures import ThreadPoolExecutor

import pytest

from vqa.common.files import check_writable


def test_many_may_try_one_file_at_once(tmp_path):
    with ThreadPoolExecutor(8) as pool:
        list(pool.map(check_writable, [tmp_path / "out.json"] * 400))
    assert not list(tmp_path.iterdir())


def test_a_file_that_cannot_be_written_is_named(tmp_path):
    (tmp_path / "file").write_text("")
    with pytest.raises(ValueError, match="There is no folder .*file to write out.json to"):
        check_writable(tmp_path / "file" / "out.json")
    long = tmp_path / ("x" * 255)
    with pytest.raises(ValueError, match="x{255} cannot be written: File name too long"):
        check_writable(long)
