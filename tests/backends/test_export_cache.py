import pytest

from fcn_detect.backends.cache_folder import cache_folder
from fcn_detect.backends.export_cache import cached_export


@pytest.fixture
def cache(tmp_path, monkeypatch):
    monkeypatch.setenv("FCN_DETECT_CACHE", str(tmp_path / "cache"))
    return tmp_path / "cache"


@pytest.fixture
def model(tmp_path):
    path = tmp_path / "m.safetensors"
    path.write_bytes(b"weights")
    return path


@pytest.fixture
def export():
    """Reads an export of two files, and counts how often it is written."""

    def write(path):
        export.written += 1
        path.write_text("graph")
        path.with_suffix(".bin").write_text("weights")

    def export(model, suffix=".xml", stride=None, library="numpy"):
        with cached_export(model, suffix, stride, library, write) as path:
            assert path.suffix == suffix
            return path.read_text() + path.with_suffix(".bin").read_text()

    export.written = 0
    return export


def test_a_model_is_exported_once(cache, model, export):
    assert [export(model) for _ in range(3)] == ["graphweights"] * 3
    assert export.written == 1
    assert [path.name for path in cache.iterdir()] == ["exports"]
    assert len(list((cache / "exports").iterdir())) == 1


@pytest.mark.usefixtures("cache")
def test_a_copy_of_a_model_shares_its_export(model, export, tmp_path):
    export(model)
    (tmp_path / "other.safetensors").write_bytes(model.read_bytes())
    export(tmp_path / "other.safetensors")
    assert export.written == 1


@pytest.mark.usefixtures("cache")
@pytest.mark.parametrize("change", [{"suffix": ".onnx"}, {"stride": 4}, {"library": "pillow"}])
def test_another_kind_stride_or_library_is_another_export(model, export, change):
    export(model)
    export(model, **change)
    assert export.written == 2


@pytest.mark.usefixtures("cache")
def test_a_changed_model_is_exported_again(model, export):
    export(model)
    model.write_bytes(b"better weights")
    export(model)
    assert export.written == 2


def _cut(path):
    path.write_bytes(path.read_bytes()[:-1])


@pytest.mark.parametrize("name", ["net.xml", "net.bin", "digests.json"])
@pytest.mark.parametrize(
    "damage",
    [_cut, lambda path: path.write_text("others"), lambda path: path.unlink()],
    ids=["cut", "replaced", "removed"],
)
def test_a_damaged_entry_is_made_again(cache, model, export, name, damage):
    export(model)
    (path,) = (cache / "exports").rglob(name)
    damage(path)
    assert export(model) == "graphweights"
    assert export.written == 2
    export(model)
    assert export.written == 2


@pytest.mark.parametrize("text", ["[]", "{}", "null", '{"net.xml": 3}'])
def test_digests_that_say_nothing_are_not_trusted(cache, model, export, text):
    export(model)
    (path,) = (cache / "exports").rglob("digests.json")
    path.write_text(text)
    export(model)
    assert export.written == 2


def test_without_a_folder_to_write_to_every_start_exports(tmp_path, model, export, monkeypatch):
    (tmp_path / "file").touch()
    monkeypatch.setenv("FCN_DETECT_CACHE", str(tmp_path / "file"))
    assert [export(model), export(model)] == ["graphweights"] * 2
    assert export.written == 2


def test_a_failed_export_leaves_nothing(cache, model):
    def fail(path):
        path.write_text("half")
        raise ValueError("no")

    with pytest.raises(ValueError, match="no"), cached_export(model, ".xml", None, "numpy", fail):
        pass
    assert list((cache / "exports").iterdir()) == []


def test_a_process_that_was_faster_wins(cache, model, export):
    theirs = []

    def write(path):
        theirs.append(export(model))  # another process writes the same entry meanwhile
        path.write_text("slow")

    with cached_export(model, ".xml", None, "numpy", write) as path:
        assert path.read_text() == "graph"  # and may be reading it by now
    assert len(list((cache / "exports").iterdir())) == 1


@pytest.mark.parametrize(
    "platform, variables, ending",
    [
        ("linux", {"XDG_CACHE_HOME": "/x"}, "/x/fcn-detect"),
        ("linux", {}, "/home/me/.cache/fcn-detect"),
        ("darwin", {}, "/home/me/Library/Caches/fcn-detect"),
        ("win32", {"LOCALAPPDATA": "/local"}, "/local/fcn-detect/Cache"),
        ("win32", {}, "/home/me/AppData/Local/fcn-detect/Cache"),
        ("linux", {"FCN_DETECT_CACHE": "/mine", "XDG_CACHE_HOME": "/x"}, "/mine"),
    ],
)
def test_the_folder_follows_the_platform(monkeypatch, platform, variables, ending):
    for name in ("FCN_DETECT_CACHE", "XDG_CACHE_HOME", "LOCALAPPDATA"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("HOME", "/home/me")
    monkeypatch.setattr("sys.platform", platform)
    for name, value in variables.items():
        monkeypatch.setenv(name, value)
    assert cache_folder().as_posix() == ending
