"""Laws of the whole project: its names, its pages, its settings files."""

import re
import subprocess
import sys
import tomllib
from pathlib import Path

import pytest

import fcn_detect

ROOT = Path(__file__).parent.parent


def test_every_public_name_is_there():
    for name in fcn_detect.__all__:
        assert getattr(fcn_detect, name).__name__ == name
        assert name in dir(fcn_detect)
    with pytest.raises(AttributeError, match="nonsense"):
        _ = fcn_detect.nonsense


def test_importing_the_package_imports_nothing_heavy():
    code = "import sys, fcn_detect; print([m for m in ('torch', 'numpy') if m in sys.modules])"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"


def test_the_changelog_knows_the_version():
    version = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]["version"]
    changelog = (ROOT / "CHANGELOG.md").read_text()
    released = re.findall(r"^## \[(\d[^\]]*)\]", changelog, re.MULTILINE)
    assert released[:1] in ([], [version])
    assert released or "## [Unreleased]" in changelog


def test_every_file_named_in_a_page_exists():
    pages = [ROOT / "README.md", ROOT / "CONTRIBUTING.md", *sorted((ROOT / "docs").rglob("*.md"))]
    packages = "|".join(path.parent.name for path in (ROOT / "fcn_detect").glob("*/__init__.py"))
    missing = []
    for page in pages:
        named = re.findall(r"`((?:docs|scripts|tests|configs)/[\w/.-]+)`", page.read_text())
        missing += [f"{page.name}: {name}" for name in named if not (ROOT / name).exists()]
        inside = re.findall(rf"`((?:{packages})/(?:\w+/)*[a-z_0-9]+\.py)`", page.read_text())
        missing += [
            f"{page.name}: {name}" for name in inside if not (ROOT / "fcn_detect" / name).exists()
        ]
    assert missing == []


def test_errors_are_reachable_from_the_package():
    code = "import fcn_detect; print(fcn_detect.errors.ConversionError.__name__)"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "ConversionError"
