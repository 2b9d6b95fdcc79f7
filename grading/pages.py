"""The pages that nbgrader makes of graded notebooks: nothing in them acts but nbgrader itself.

nbgrader_config.py puts `markdown2html` and `Harmless` into formgrader and into feedback, and
`FeedbackExporter` into `nbgrader generate_feedback`; `guard_formgrader` is called there.
"""

import base64
import hashlib
import html
import os
import re
import sys
from typing import Any
from urllib.parse import unquote

import nbformat
import nh3
from jinja2 import pass_context
from nbconvert.exporters import HTMLExporter
from nbconvert.filters.markdown_mistune import IPythonRenderer, MarkdownWithMath
from nbconvert.preprocessors import Preprocessor
from tornado.web import HTTPError
from traitlets import Bool

from grading.harmless import (
    LINK,
    OWN_DATA,
    TAGS,
    as_text,
    attachments,
    is_picture,
    without_commands,
)

MATHJAX = "https://cdnjs.cloudflare.com/ajax/libs/mathjax/"
POLICY = (
    "default-src 'none'; img-src data: {own}; style-src 'unsafe-inline' {own}; font-src {own};"
    " script-src 'unsafe-eval' {own} {inline}; connect-src {api}; base-uri 'none';"
    " form-action 'none'"
)
# what formgrader's template writes into its page as it is
NAMES = ["assignment_id", "notebook_id", "submission_id", "notebook_path"]
NAMES += ["student", "first_name", "last_name"]


# ---- HTML ---------------------------------------------------------------------------------------
def clean_html(page: str) -> str:
    """HTML of which only what is harmless is left; without ids, which nbgrader's scripts go by."""
    return nh3.clean(
        page,
        tags=TAGS,
        attributes={
            "a": {"href"},
            "img": {"src", "alt", "width", "height"},
            "ol": {"start"},
            "td": {"style", "colspan", "rowspan"},
            "th": {"style", "colspan", "rowspan"},
            "span": {"class"},
            "div": {"class"},
        },
        attribute_filter=_attribute,
        filter_style_properties={"text-align"},
        url_schemes={"http", "https", "mailto", "data"},
        set_tag_attribute_values={"a": {"target": "_blank"}},
        link_rel="noopener noreferrer nofollow",
    )


def _attribute(tag: str, name: str, value: str) -> str | None:
    if name == "href":
        return value if LINK.fullmatch(value) else None
    if name == "src":
        return value if re.fullmatch(OWN_DATA, value) else None
    if name == "class":  # the colours of program text
        return value if re.fullmatch(r"highlight|err|hll|[a-z]{1,2}\d?", value) else None
    return value


class Renderer(IPythonRenderer):
    """Markdown to HTML, with the pictures that are in the notebook and links to all others."""

    def image(self, text: str, url: str, title: str | None = None) -> str:
        name = url.removeprefix("attachment:")
        text = html.escape(html.unescape(text))
        if name == url:
            if re.fullmatch(OWN_DATA, url):
                return f'<img src="{url}" alt="{text}">'
            return f'<a href="{html.escape(url)}">{text or "a picture"}</a>'
        for kind, data in self.attachments.get(
            name, self.attachments.get(unquote(name), {})
        ).items():
            return f'<img src="data:{kind};base64,{data}" alt="{text}">'
        return f"[the picture {html.escape(name)} is not in the notebook]"

    def inline_html(self, html: str) -> str:
        return self._with_pictures(html)

    def block_html(self, html: str) -> str:
        return self._with_pictures(html)

    def _with_pictures(self, text: str) -> str:
        def embedded(match: re.Match) -> str:
            forms = self.attachments.get(match[1], self.attachments.get(unquote(match[1]), {}))
            return "".join(f'src="data:{kind};base64,{data}"' for kind, data in forms.items())

        return re.sub(r'src="attachment:([^"]*)"', embedded, text)


@pass_context
def markdown2html(context: Any, source: str) -> str:
    """nbconvert's filter of this name; what it gives cannot act in a browser."""
    given = getattr(context.get("cell"), "attachments", None)
    renderer = Renderer(escape=False, attachments=attachments(given), exclude_anchor_links=True)
    page = MarkdownWithMath(renderer=renderer).render(source)
    box = '<input class="task-list-item-checkbox" type="checkbox" disabled'
    page = page.replace(f"{box} checked/>", "\u2611 ").replace(f"{box}/>", "\u2610 ")
    return without_commands(clean_html(page))


class Harmless(Preprocessor):
    """A notebook without what could act in a page, whatever has become of it before."""

    enabled = Bool(True).tag(config=True)

    def preprocess(self, nb: nbformat.NotebookNode, resources: dict) -> tuple:
        kept = {k: v for k, v in nb.metadata.items() if k in ("kernelspec", "language_info")}
        nb.metadata = nbformat.from_dict(kept)
        nb.cells = [self._cell(cell, number) for number, cell in enumerate(nb.cells)]
        for name in NAMES:
            if name in resources:
                resources[name] = html.escape(str(resources[name] or ""))
        return nb, resources

    def _cell(self, cell: nbformat.NotebookNode, number: int) -> nbformat.NotebookNode:
        cell.id = f"cell-{number}"
        if cell.cell_type == "raw":
            cell = nbformat.v4.new_markdown_cell(as_text(cell.source), metadata=cell.metadata)
        kept = {k: cell.metadata[k] for k in ("nbgrader", "tags") if k in cell.metadata}
        tags = kept.get("tags", [])
        kept["tags"] = [tag for tag in tags if re.fullmatch(r"[\w-]+", str(tag))]
        mine = kept.get("nbgrader", {})
        if "grade_id" in mine:
            mine["grade_id"] = html.escape(str(mine["grade_id"]))
        cell.metadata = nbformat.from_dict(kept)
        if cell.cell_type == "code":
            cell.outputs = [shown for output in cell.outputs for shown in _output(output)]
            count = cell.get("execution_count")
            cell.execution_count = count if isinstance(count, int) else None
        return cell


def _output(output: nbformat.NotebookNode) -> list[nbformat.NotebookNode]:
    """An output as text, as a picture, or as HTML that is cleaned."""
    if output.output_type == "stream":
        name = "stderr" if output.get("name") == "stderr" else "stdout"
        return [nbformat.v4.new_output("stream", name=name, text=str(output.get("text", "")))]
    if output.output_type == "error":
        return [output]
    data, kept = output.get("data", {}), {}
    for kind, value in data.items():
        text = "".join(value) if isinstance(value, list) else str(value)
        if kind == "text/html":
            kept[kind] = clean_html(text)
        elif kind == "text/latex":
            kept[kind] = without_commands(text)
        elif kind in ("text/plain", "text/markdown") or is_picture(kind, text):
            kept[kind] = text
    if not kept:
        kept = {"text/plain": f"(not shown: {', '.join(sorted(map(str, data)))})"}
    return [nbformat.v4.new_output("display_data", data=kept)]


# ---- scripts ------------------------------------------------------------------------------------
class FeedbackExporter(HTMLExporter):
    """The feedback page, in which no script runs but MathJax."""

    def from_notebook_node(self, nb: Any, resources: Any = None, **kw: Any) -> Any:
        page, resources = super().from_notebook_node(nb, resources, **kw)
        policy = POLICY.format(own=MATHJAX, inline="", api="'none'")
        meta = f'<meta http-equiv="Content-Security-Policy" content="{policy}"/>'
        return page.replace("<head>", f"<head>\n{meta}", 1), resources


def guard_formgrader() -> None:
    """In formgrader's process: its pages take no orders from an address or from a submission.

    nbgrader 0.9 writes what stands in the address into its pages as it is, and runs the settings,
    which are a program, of whatever folder `/formgrader?path=` names: a link in an essay is enough
    for either.
    """
    handlers = sys.modules.get("nbgrader.server_extensions.formgrader.handlers")
    if handlers is None or hasattr(handlers.BaseHandler, "guarded"):
        return
    base, start, submission = (
        handlers.BaseHandler,
        handlers.FormgraderHandler,
        handlers.SubmissionHandler,
    )
    render, get, write = base.render, start.get, submission.write

    def render_escaped(self: Any, name: str, **given: Any) -> str:
        return render(self, name, **_escaped(given))

    def get_here(self: Any) -> Any:
        asked = self.get_argument("path", "")
        here = self.coursedir.root
        if asked and os.path.realpath(asked) != os.path.realpath(here):
            raise HTTPError(403, f"This server grades the course in {here} and no other.")
        return get(self)

    def write_with_policy(self: Any, page: str) -> None:
        static = f"{self.request.host}{self.base_url}/formgrader/static/"
        self.set_header("Content-Security-Policy", formgrader_policy(page, static))
        write(self, page)

    base.render, start.get, submission.write = render_escaped, get_here, write_with_policy
    base.guarded = True


def _escaped(value: Any) -> Any:
    if isinstance(value, dict):
        return {name: _escaped(part) for name, part in value.items()}
    return html.escape(value) if isinstance(value, str) else value


def formgrader_policy(page: str, static: str) -> str:
    """The scripts of a page are those that stand before the notebook in it, and no others."""
    own = page.partition('id="notebook"')[0]
    inline = re.findall(r"<script(?![^>]*\ssrc=)[^>]*>(.*?)</script>", own, re.S)
    inline += [html.unescape(code) for code in re.findall(r'\sonclick="([^"]*)"', own)]
    digests = [hashlib.sha256(code.encode()).digest() for code in inline]
    hashes = [f"'sha256-{base64.b64encode(digest).decode()}'" for digest in digests]
    return POLICY.format(
        own=f"{static} {MATHJAX}",
        inline=" ".join(["'unsafe-hashes'", *dict.fromkeys(hashes)]),
        api="'self'",
    )
