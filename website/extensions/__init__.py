"""The Sphinx extensions of the book, a file each: `page_…` says what it does to a page.

Sphinx calls those who listen to an event by rising priority. `ORDER` is the order of ours among
themselves and among others, whose priority is 500 where nothing else is said.
"""

from collections.abc import Callable

from sphinx.application import Sphinx

ORDER = {
    "config-inited": {
        "page_metadata": 400,  # sphinx-notfound-page checks what this sets
    },
    "builder-inited": {
        "page_practice": 500,
    },
    "doctree-read": {
        "page_order": 400,  # Sphinx notes the titles (500)
        "page_cells": 500,
        "page_claims": 500,
        "page_metadata": 500,
    },
    "doctree-resolved": {
        "page_cells": 500,
        "page_claims": 500,
        "page_launch": 500,
        "page_nobreak": 500,
        "page_practice": 500,
        "page_predictions": 500,
    },
    # The HTML of a page's text is there; what it stands in is still to come.
    "html-page-context": {
        "page_metadata": 450,  # sphinx-notfound-page (400) · this · opengraph, which reads it
        "page_figures": 800,  # myst-nb adds the widgets' state · this takes it away
        "page_practice": 500,
        "page_launch": 900,  # the theme adds its buttons (501)
        "page_scripts": 900,  # everyone has added scripts; page_figures has taken the widgets'
    },
    # All pages are written.
    "build-finished": {
        "page_math": 800,
        "page_policy": 850,
        "page_stylesheet": 900,  # reads which classes and signs the pages use, the formulas' too
        "page_practice": 990,  # lists the files of the site
    },
}


def connect(app: Sphinx, event: str, listener: Callable) -> None:
    """Have `listener` called at the place that `ORDER` gives its module."""
    app.connect(event, listener, ORDER[event][listener.__module__.rpartition(".")[2]])
