"""The settings of the book for plain Sphinx: `_config.yml`, read without Jupyter Book.

usage: sphinx-build -c website/plain_sphinx . FOLDER     (`make next` does it)

Jupyter Book 1 is a Sphinx that reads `_config.yml`, and holds Sphinx and its theme where they were
in 2025. This file is the way out: what Jupyter Book adds to the settings stands here.
"""

import os
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
sys.path[:0] = [str(ROOT), str(ROOT / "book")]

from course import settings  # noqa: E402

book = settings()
ours = book["sphinx"]["config"]

extensions = [
    "myst_nb",
    "sphinx_external_toc",
    "sphinx_multitoc_numbering",
    "sphinx_design",
    "sphinx_togglebutton",
    "sphinx_copybutton",
    "sphinxcontrib.bibtex",
    *book["sphinx"]["extra_extensions"],
    *book["sphinx"]["local_extensions"],
]
author, copyright = book["author"], book["copyright"]
html_title = book["title"]
exclude_patterns = [*book["exclude_patterns"], "_build", "**.ipynb_checkpoints"]
external_toc_path = str(ROOT / "_toc.yml")
external_toc_exclude_missing = book["only_build_toc_files"]
numfig = True
suppress_warnings = ["myst.domains"]

myst_enable_extensions = book["parse"]["myst_enable_extensions"]
myst_url_schemes = ["mailto", "http", "https"]

# What has run for Jupyter Book does not run again where the cache is named.
nb_execution_mode = book["execute"]["execute_notebooks"]
nb_execution_cache_path = os.environ.get("NB_CACHE", "")
nb_execution_timeout = book["execute"]["timeout"]
nb_execution_raise_on_error = book["execute"]["raise_on_error"]
nb_execution_excludepatterns = book["execute"]["exclude_patterns"]

html_theme = "sphinx_book_theme"
html_logo = str(ROOT / book["logo"])
html_favicon = str(ROOT / book["html"]["favicon"])
html_sourcelink_suffix = ""
html_theme_options = {
    "home_page_in_toc": True,
    "search_bar_text": "Search this book...",
    "path_to_docs": book["repository"]["path_to_book"],
    "repository_url": book["repository"]["url"],
    "repository_branch": book["repository"]["branch"],
    "launch_buttons": book["launch_buttons"],
    "use_repository_button": book["html"]["use_repository_button"],
    "use_issues_button": book["html"]["use_issues_button"],
    "use_edit_page_button": book["html"]["use_edit_page_button"],
    **ours["html_theme_options"],
}
globals().update({name: value for name, value in ours.items() if name != "html_theme_options"})
# Sphinx takes these from the folder of this file.
html_static_path = [str(ROOT / folder) for folder in ours["html_static_path"]]
bibtex_bibfiles = [str(ROOT / file) for file in book["bibtex_bibfiles"]]
templates_path = [str(ROOT / folder) for folder in ours["templates_path"]]
