"""Settings files as people, editors and failing disks leave them, each with what must become of it.

    python tests/corpus/settings_files.py FOLDER

makes them all. `KINDS` is the table: a name, the bytes, and words of the refusal; none: it is read.
"""

import sys
from pathlib import Path

GOOD = b"[train]\nepochs = 3\n"
DEEP = 100_000

KINDS: dict[str, tuple[bytes, str]] = {
    "empty": (b"", ""),
    "comments": (b"# nothing yet\n\n", ""),
    "plain": (GOOD, ""),
    "windows-lines": (GOOD.replace(b"\n", b"\r\n"), ""),
    "no-last-line-end": (GOOD.rstrip(), ""),
    "byte-order-mark": (b"\xef\xbb\xbf" + GOOD, ""),
    "dotted": (b"train.epochs = 3\n", ""),
    "integer-for-number": (b"[detect]\nstep = 2\n", ""),
    "zeros": (bytes(300), "not a TOML file"),
    "utf-16": (GOOD.decode().encode("utf-16"), "not a TOML file"),
    "latin-1": (b'[train]\ngroup_by = "gr\xf6\xdfe"\n', "not a TOML file"),
    "binary": (b"\x89PNG\r\n\x1a\n" + bytes(40), "not a TOML file"),
    "json": (b'{"train": {"epochs": 3}}', "not a TOML file"),
    "yaml": (b"train:\n  epochs: 3\n", "not a TOML file"),
    "page": (b"<!DOCTYPE html><html></html>", "not a TOML file"),
    "conflict": (b"<<<<<<< HEAD\n" + GOOD + b"=======\n", "not a TOML file"),
    "cut-in-a-table": (b"[train]\nepochs = 3\n[det", "not a TOML file"),
    "cut-in-a-text": (b'[model]\nnet = "valid-sm', "not a TOML file"),
    "key-twice": (GOOD + b"epochs = 4\n", "not a TOML file"),
    "table-twice": (GOOD + b"[train]\nseed = 1\n", "not a TOML file"),
    "nested-lists": (b"a = " + b"[" * DEEP, "not a TOML file"),
    "nested-tables": (b"a = " + b"{a = " * DEEP, "not a TOML file"),
    "nested-keys": (b"a." * 2000 + b"a = 1", "unknown key 'a'"),
    "long-number": (b"[train]\nseed = 1" + b"0" * 5000, "not a TOML file"),
    "long-hexadecimal": (b"[train]\nepochs = 0x" + b"f" * 5000, "'train.epochs'"),
    "long-text": (b'[model]\ncrop = "' + b"x" * 500_000 + b'"', "'model.crop'"),
    "many-keys": (b"".join(b"k%d = 1\n" % i for i in range(50_000)), "unknown key"),
    "large": (GOOD + b"#" * 2_000_000, "more than 1,000,000 bytes; FCN_DETECT_MAX_BYTES"),
    "unknown-key": (b"[train]\nepoch = 3\n", "did you mean 'epochs'?"),
    "unknown-table": (b"[detct]\nkeep = 0.1\n", "did you mean 'detect'?"),
    "hostile-key": (b'["\\u001b[2J\\n"]\n', "unknown key"),
    "value-for-table": (b"train = 3\n", "'train' is 3"),
    "list-of-tables": (b"[[train]]\nepochs = 3\n", "'train' is [{'epochs': 3}]"),
    "text-for-number": (b'[train]\nepochs = "many"\n', "'train.epochs' is 'many'"),
    "fraction-for-count": (b"[train]\nepochs = 2.5\n", "'train.epochs' is 2.5"),
    "date-for-number": (b"[train]\nepochs = 1979-05-27\n", "'train.epochs'"),
    "negative": (b"[train]\nepochs = -3\n", "'train.epochs' is -3"),
    "not-a-number": (b"[detect]\nkeep = nan\n", "'detect.keep' is nan"),
    "infinite": (b"[detect]\nmax_enlargement = inf\n", "'detect.max_enlargement' is inf"),
    "share-above-one": (b"[augment]\nflip = 1.5\n", "'augment.flip' is 1.5"),
    "size-without-times": (b'[model]\ncrop = "64"\n', "not a size"),
    "size-of-zero": (b'[model]\ncrop = "0x128"\n', "'model.crop"),
    "size-of-a-country": (b'[model]\ncrop = "64000x128000"\n', "'model.crop"),
    "window-above-crop": (b'[model]\ncrop = "8x8"\nwindow = "9x8"\n', "larger than the crop"),
    "box-of-three": (b"[model]\nobject_box = [1, 2, 3]\n", "'model.object_box"),
    "box-outside-crop": (b"[model]\nobject_box = [0, 0, 65, 128]\n", "object box"),
    "box-inside-out": (b"[model]\nobject_box = [60, 0, 4, 128]\n", "object box"),
    "two-ways-to-show": (b"[detect]\nthreshold = 0.5\nfalse_alarms = 1\n", "not both"),
}


def make_corpus(folder: Path) -> None:
    """All kinds of file, `KIND.toml`, in a folder that is made."""
    folder.mkdir(parents=True, exist_ok=True)
    for name, (content, _) in KINDS.items():
        (folder / f"{name}.toml").write_bytes(content)


if __name__ == "__main__":
    make_corpus(Path(sys.argv[1]))
    print(f"{len(KINDS)} kinds of settings file")
