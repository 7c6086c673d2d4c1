"""Every kind of annotations, results and corrections is read, or refused in one line."""

import os
import re

import pytest
from corpus.annotation_files import KINDS, make_kind

from fcn_detect.errors import DataError
from fcn_detect.formats import read_annotations, read_corrections, read_results

READERS = {
    "annotations": read_annotations,
    "results": read_results,
    "corrections": read_corrections,
}


def test_the_corpus_has_good_files_and_bad_ones_of_each_reader():
    for reader in READERS:
        says = [kind.says for kind in KINDS if kind.reader == reader]
        assert "" in says
        assert len(says) - says.count("") >= 10
    assert len({kind.name for kind in KINDS}) == len(KINDS)


@pytest.mark.parametrize("kind", KINDS, ids=lambda kind: kind.name)
def test_a_file_is_read_or_refused_in_one_line(kind, tmp_path):
    path = make_kind(kind, tmp_path)
    if not kind.says:
        READERS[kind.reader](path)
        return
    with pytest.raises(DataError) as caught:
        READERS[kind.reader](path)
    message = str(caught.value)
    assert re.search(kind.says, message)
    assert str(tmp_path) in message
    assert message.isprintable()
    assert len(message) < 1000 + len(str(tmp_path))


@pytest.mark.parametrize("name", ["a.json", "xml/a.xml", "a.jsonl"])
def test_a_pipe_is_not_opened(name, tmp_path):
    (tmp_path / "xml").mkdir()
    os.mkfifo(tmp_path / name)
    path = tmp_path / ("xml" if name.startswith("xml") else name)
    with pytest.raises(DataError):
        (read_results if name.endswith("l") and path.is_fifo() else read_annotations)(path)
    if name == "a.json":
        with pytest.raises(DataError):
            read_corrections(path)


def test_a_pipe_among_the_pictures_is_not_opened(tmp_path):
    kind = next(kind for kind in KINDS if kind.name == "yolo-plain")
    path = make_kind(kind, tmp_path)
    os.mkfifo(path / "images" / "b.png")
    with pytest.raises(DataError, match="no regular file"):
        read_annotations(path)


def test_the_variable_raises_a_limit(tmp_path, monkeypatch):
    kind = next(kind for kind in KINDS if kind.name == "voc-large")
    path = make_kind(kind, tmp_path)
    monkeypatch.setenv("FCN_DETECT_MAX_BYTES", "20000000")
    assert len(read_annotations(path).images) == 1
