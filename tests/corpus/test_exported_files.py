"""Every kind of exported file has its header read, or is refused in one line."""

import pytest
from corpus.exported_files import HEADER, KINDS, make_corpus

from fcn_detect.errors import ModelError
from fcn_detect.headers import read_export, read_header


@pytest.fixture(scope="module")
def corpus(tmp_path_factory):
    folder = tmp_path_factory.mktemp("exported")
    make_corpus(folder)
    return folder


@pytest.mark.parametrize("name", KINDS)
def test_an_exported_file_is_read_or_refused_in_one_line(name, corpus):
    path, says = corpus / name, KINDS[name][1]
    if not says:
        assert read_header(path) == HEADER
        assert read_export(path).parameters == 7
        return
    with pytest.raises(ModelError) as caught:
        read_both(path)
    message = str(caught.value)
    assert says in message
    assert message.startswith(str(path))
    assert message.isprintable()
    assert len(message) < 1000 + len(str(path))


def read_both(path):
    return read_header(path), read_export(path)
