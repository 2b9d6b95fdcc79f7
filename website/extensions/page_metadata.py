"""A Sphinx extension of the book: what its pages say about themselves.

Version and date in the footer, a description and a picture for search engines and link previews,
and the page that a server shows where there is none.
"""

import html
import textwrap
from pathlib import Path
from urllib.parse import urlsplit

import matplotlib as mpl
from docutils import nodes
from PIL import Image, ImageDraw, ImageFont
from sphinx.application import Sphinx

from course import address, chapters, contents, descriptions, edition_in_words
from website.extensions import connect

CARD = (1200, 630)  # what link previews show without cropping
INK, MUTED, RNN, ATTENTION = "#1b1b1f", "#5b5f66", "#0072b2", "#d55e00"


def _configure(app: Sphinx, config) -> None:
    config.notfound_urls_prefix = urlsplit(config.html_baseurl).path
    config.myst_substitutions = {"chapters": _table()}
    config.html_theme_options["footer_content_items"] = ["extra-footer.html"]
    config.html_theme_options["extra_footer"] = (
        f'<p class="course-version">{edition_in_words()} · '
        "Text and figures: CC BY 4.0. Code: MIT · "
        f'<a href="{address()}">Source</a> · <a href="{address()}/issues">A mistake?</a> · '
        "Nothing on these pages asks another host or counts who reads them.</p>"
    )


def _table() -> str:
    """The chapters as a table, for the landing page; MyST puts in their titles."""
    head = "| Chapter | You will be able to … | Minutes |\n| --- | --- | --- |\n"
    return head + "".join(
        f"| [](/{name}.ipynb) | {about['able_to']} | {about['minutes']} |\n"
        for name in chapters()
        if "able_to" in (about := descriptions().get(name, {}))  # a test asks for it
    )


def _read(app: Sphinx, doctree: nodes.document) -> None:
    """Note the page's first picture; drop the first line of cells that only the tests read."""
    pictures = (n["uri"] for n in doctree.findall(nodes.image) if n["uri"].endswith(".png"))
    app.env.metadata[app.env.docname]["picture"] = next(pictures, "")
    for block in doctree.findall(nodes.literal_block):
        marker = "# NBVAL_CHECK_OUTPUT\n"
        if block.rawsource.startswith(marker) or block.astext().startswith(marker):
            text = block.astext().removeprefix(marker)
            block.rawsource = text
            block.children = [nodes.Text(text)]
            block.children[0].parent = block


def _describe(app: Sphinx, pagename: str, templatename: str, context: dict, doctree) -> None:
    if doctree is None or app.builder.name != "html":
        return
    if pagename not in descriptions():
        return  # a test asks for it
    description = descriptions()[pagename]["search"]
    meta = context["meta"] = dict(context["meta"] or {})
    title = app.env.titles[pagename].astext()
    picture = app.srcdir / meta["picture"] if meta.get("picture") else None
    name = f"_static/cards/{pagename.replace('/', '-')}.png"
    card(Path(app.outdir) / name, title, description, picture)
    url = app.config.html_baseurl + name
    meta |= {
        "og:description": description,
        "og:image": url,
        "og:image:alt": f"{title}: the first figure of the page" if picture else title,
        "og:image:width": str(CARD[0]),
        "og:image:height": str(CARD[1]),
    }
    context["metatags"] += (
        f'<meta name="description" content="{html.escape(description)}" />\n'
        '<meta name="twitter:card" content="summary_large_image" />\n'
    )


def card(path: Path, title: str, description: str, picture: Path | None) -> None:
    """Write the picture of a page that a shared link shows."""
    fonts = Path(mpl.get_data_path()) / "fonts" / "ttf"  # the same on every machine
    bold, plain = (str(fonts / f"DejaVuSans{style}.ttf") for style in ("-Bold", ""))
    sheet = Image.new("RGB", CARD, "white")
    draw = ImageDraw.Draw(sheet)
    draw.rectangle((0, 0, CARD[0] // 2, 12), fill=RNN)
    draw.rectangle((CARD[0] // 2, 0, CARD[0], 12), fill=ATTENTION)
    draw.text((60, 44), "RNNs vs Transformers", MUTED, ImageFont.truetype(plain, 26))
    size = 52 if len(title) < 36 else 38
    draw.text((60, 84), title, INK, ImageFont.truetype(bold, size))
    if picture and picture.exists():
        with Image.open(picture) as figure:
            room = CARD[0] - 120, CARD[1] - 190
            scale = min(room[0] / figure.width, room[1] / figure.height)
            shape = round(figure.width * scale), round(figure.height * scale)
            small = figure.convert("RGB").resize(shape, Image.Resampling.LANCZOS)
        sheet.paste(small, ((CARD[0] - shape[0]) // 2, 170))
    else:
        text = textwrap.fill(description, 50)
        draw.multiline_text((60, 200), text, INK, ImageFont.truetype(plain, 36), spacing=16)
    path.parent.mkdir(parents=True, exist_ok=True)
    sheet.quantize(128).save(path, optimize=True)


def _missing(app: Sphinx, pagename: str, templatename: str, context: dict, doctree) -> None:
    """What stands on the page that a server shows for an address that it does not know.

    sphinx-notfound-page makes the page, which is shown at any depth, so its addresses begin at the
    server's root.
    """
    if pagename != app.config.notfound_pagename:
        return
    pathto, titles = context["pathto"], app.env.titles

    def entry(page: str) -> str:
        return f'<li><a href="{pathto(page)}">{titles[page].astext()}</a></li>'

    lists = "".join(
        f"<h2>{caption}</h2><ul>{''.join(map(entry, names))}</ul>"
        for caption, names in contents()[1:]
        if all(name in titles for name in names)
    )
    context["content_root"] = app.config.notfound_urls_prefix  # the theme's scripts begin there
    context["title"] = "This page does not exist"
    context["body"] = f"""<section><h1>This page does not exist</h1>
<p>It may have moved, or the address has a typing error. Search the course or choose a page.</p>
<form class="missing-search" role="search" action="{pathto("search")}" method="get">
<input type="search" name="q" aria-label="Search the course" placeholder="Search the course"/>
<button type="submit">Search</button></form>{lists}</section>"""


def setup(app: Sphinx) -> dict:
    connect(app, "config-inited", _configure)
    connect(app, "doctree-read", _read)
    connect(app, "html-page-context", _describe)
    connect(app, "html-page-context", _missing)
    return {"env_version": 2, "parallel_read_safe": True, "parallel_write_safe": True}
