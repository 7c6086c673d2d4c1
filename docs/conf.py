"""How Sphinx makes a site of this folder: `make docs`."""

import sys
from importlib.metadata import version as installed_version
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parent))  # the two directives

project = "fcn_detect"
author = "The fcn_detect authors"
project_copyright = "2026, the fcn_detect authors"
version = release = installed_version("fcn-detect")

extensions = [
    "command_help",
    "myst_parser",
    "settings_table",
    "sphinx.ext.autodoc",
    "sphinx.ext.napoleon",
    "sphinx_copybutton",
]
highlight_language = "text"
default_role = "code"  # docstrings mark code with single backticks, as Markdown does
myst_heading_anchors = 3

autodoc_typehints = "description"
autodoc_typehints_description_target = "documented_params"
autodoc_member_order = "bysource"
napoleon_use_ivar = True
napoleon_custom_sections = [("Source", "notes_style")]

html_theme = "furo"
html_title = "fcn_detect"
html_show_sphinx = False
html_copy_source = False
