"""A Sphinx extension of the book: each page gets the scripts that it needs, once, and none of them
keeps its text from showing.

The theme and Jupyter Book's extensions put all of theirs on every page. `NEEDED_BY` says what in a
page's text calls for which; a script that is not named there goes everywhere. What the theme's own
templates load is decided in `templates/`.
"""

import re

from sphinx.application import Sphinx

from website.extensions import connect

NEEDED_BY = {
    "clipboard.min.js": 'class="highlight',
    "copybutton.js": 'class="highlight',
    "predict.js": r'class="[^"]*\bpredict\b',
    "togglebutton.js": r'class="[^"]*\b(dropdown|toggle)\b',
    "toggleHint": r'class="[^"]*\b(dropdown|toggle)\b',
    "toggleOpenOnPrint": r'class="[^"]*\b(dropdown|toggle)\b',
    "togglebuttonSelector": r'class="[^"]*\b(dropdown|toggle)\b',
    "design-tabs.js": "sd-tab-set",
    "sentence.js": 'class="sentence"',
    # Formulas are typeset by page_math.py.
    "mathjax": None,
    "MathJax": None,
    # Live code would need a server; cells are run in Binder, JupyterLab or Colab.
    "sphinx-thebe.js": None,
    "THEBE_JS_URL": None,
    # Settings of a version switcher and of a search while typing, which the book has not.
    "DOCUMENTATION_OPTIONS.": None,
}
THEBE = re.compile(
    r'\s*<script type="text/x-thebe-config">.*?</script>\s*<script>kernelName = .*?</script>', re.S
)


def _diet(app: Sphinx, pagename: str, templatename: str, context: dict, doctree) -> None:
    """Keep a page's scripts once each, all of them deferred; drop those that nothing calls for."""
    if app.builder.name != "html":
        return
    context["body"] = body = THEBE.sub("", context.get("body", ""))
    kept = {}
    for script in context.get("script_files", []):
        attributes = getattr(script, "attributes", {})
        text = attributes.get("body") or str(getattr(script, "filename", script))
        sign = next((sign for part, sign in NEEDED_BY.items() if part in text), "")
        if sign is None or not re.search(sign, body) or text in kept:
            continue
        # The search page's own scripts are not deferred, and need these.
        if not {"body", "async"} & set(attributes) and templatename != "search.html":
            # a new one: all pages share what Sphinx hands out
            script = type(script)(script.filename, **(attributes | {"defer": "defer"}))
        kept[text] = script
    context["script_files"] = list(kept.values())


def setup(app: Sphinx) -> dict:
    connect(app, "html-page-context", _diet)
    return {"version": "1", "parallel_read_safe": True, "parallel_write_safe": True}
