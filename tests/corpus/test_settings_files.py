"""Every kind of settings file is read, or refused in one line that names the file."""

import pytest
from corpus.settings_files import KINDS, make_corpus

from fcn_detect.config import Settings, check_settings, read_settings
from fcn_detect.errors import SettingsError


@pytest.fixture(scope="module")
def corpus(tmp_path_factory):
    folder = tmp_path_factory.mktemp("settings")
    make_corpus(folder)
    return folder


def test_the_corpus_has_good_files_and_bad_ones():
    read = [name for name, (_, says) in KINDS.items() if not says]
    assert len(read) >= 5
    assert len(KINDS) - len(read) >= 20


@pytest.mark.parametrize("name", KINDS)
def test_settings_are_read_or_refused_in_one_line(name, corpus):
    path, says = corpus / f"{name}.toml", KINDS[name][1]
    if not says:
        settings = read_settings(path)
        assert settings.train.epochs in (3, Settings().train.epochs)
        assert check_settings(settings.model_dump(mode="json")) == settings
        return
    with pytest.raises(SettingsError) as caught:
        read_settings(path)
    message = str(caught.value)
    assert says in message
    assert message.startswith(str(path))
    assert message.isprintable()
    assert len(message) < 1000 + len(str(path))


@pytest.mark.parametrize("place", ["nowhere.toml", ""])
def test_what_is_no_file_is_refused(place, tmp_path):
    with pytest.raises(SettingsError, match=r"no such settings file|[Ii]s a directory"):
        read_settings(tmp_path / place)
