"""A Sphinx extension of the book: each page gets the scripts that it needs, once."""

from sphinx.application import Sphinx


def _once(app: Sphinx, pagename: str, templatename: str, context: dict, doctree) -> None:
    """Drop inline scripts that are registered twice: declaring a constant again is an error."""
    seen, kept = set(), []
    for script in context.get("script_files", []):
        key = getattr(script, "attributes", {}).get("body") or str(script)
        if key not in seen:
            seen.add(key)
            kept.append(script)
    context["script_files"] = kept


def setup(app: Sphinx) -> dict:
    app.connect("html-page-context", _once, priority=900)
    return {"version": "1", "parallel_read_safe": True, "parallel_write_safe": True}
