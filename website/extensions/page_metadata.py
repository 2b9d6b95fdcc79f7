"""A Sphinx extension of the book: what its pages say about themselves.

Version and date in the footer, a description and a picture for search engines and link previews,
and the page that a server shows where there is none.
"""

import html
import re
import textwrap
from pathlib import Path
from urllib.parse import urlsplit

import matplotlib as mpl
import yaml
from docutils import nodes
from PIL import Image, ImageDraw, ImageFont
from sphinx.application import Sphinx
from sphinx.util.osutil import relative_uri

from course import ROOT, contents, edition

CARD = (1200, 630)  # what link previews show without cropping
INK, MUTED, RNN, ATTENTION = "#1b1b1f", "#5b5f66", "#0072b2", "#d55e00"


def version() -> str:
    """The course's version and the day of its last change, as the footer says it."""
    number, day = edition()
    return f"Version {number} · {day.day} {day:%B %Y}"


def _footer(app: Sphinx, config) -> None:
    config.html_theme_options["extra_footer"] = (
        f'<p class="course-version">{version()} · Text and figures: CC BY 4.0. Code: MIT.</p>'
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
    words = yaml.safe_load((ROOT / "book" / "descriptions.yml").read_text("utf-8"))
    description = words.get(pagename)
    if description is None:
        return  # a test asks for one
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
            figure = figure.convert("RGB").resize(shape, Image.LANCZOS)
        sheet.paste(figure, ((CARD[0] - shape[0]) // 2, 170))
    else:
        text = textwrap.fill(description, 50)
        draw.multiline_text((60, 200), text, INK, ImageFont.truetype(plain, 36), spacing=16)
    path.parent.mkdir(parents=True, exist_ok=True)
    sheet.quantize(128).save(path, optimize=True)


def _missing(app: Sphinx):
    """The page that a server shows for an address that it does not know."""
    if app.builder.name != "html":
        return
    env = app.env
    here = "404"

    def entry(page):
        address = relative_uri(here, app.builder.get_target_uri(page))
        return f'<li><a href="{address}">{env.titles[page].astext()}</a></li>'

    lists = "".join(
        f"<h2>{caption}</h2><ul>{''.join(map(entry, pages))}</ul>"
        for caption, pages in contents()[1:]
        if all(page in env.titles for page in pages)
    )
    body = f"""<section><h1>This page does not exist</h1>
<p>It may have moved, or the address has a typing error. Search the course or choose a page.</p>
<form class="missing-search" role="search" action="search.html" method="get">
<input type="search" name="q" aria-label="Search the course" placeholder="Search the course"/>
<button type="submit">Search</button></form>{lists}</section>"""
    yield here, {"title": "This page does not exist", "body": body}, "page.html"


def _absolute(app: Sphinx, exception) -> None:
    """The 404 page is shown at any depth, so its addresses begin at the server's root."""
    page = Path(app.outdir) / "404.html"
    if exception or not page.exists():
        return
    root = urlsplit(app.config.html_baseurl).path
    text = page.read_text("utf-8")
    text = re.sub(r'\b(href|src|action)="(?!#|/|[a-z]+:)(?:\./)?', rf'\1="{root}', text)
    text = re.sub(r'data-content_root="[^"]*"', f'data-content_root="{root}"', text)
    page.write_text(text, "utf-8")


def _sitemap(app: Sphinx, exception) -> None:
    """All pages, also those that this build had no need to write again."""
    if exception or app.builder.name != "html":
        return
    pages = (app.builder.get_target_uri(page) for page in sorted(app.env.found_docs))
    urls = "".join(f"<url><loc>{app.config.html_baseurl}{page}</loc></url>" for page in pages)
    space = "http://www.sitemaps.org/schemas/sitemap/0.9"
    text = f'<?xml version="1.0" encoding="utf-8"?>\n<urlset xmlns="{space}">{urls}</urlset>\n'
    (Path(app.outdir) / "sitemap.xml").write_text(text, "utf-8")


def setup(app: Sphinx) -> dict:
    app.connect("config-inited", _footer)
    app.connect("doctree-read", _read)
    app.connect("html-page-context", _describe, priority=400)  # before opengraph's
    app.connect("html-collect-pages", _missing)
    app.connect("build-finished", _absolute)
    app.connect("build-finished", _sitemap)
    return {"env_version": 2, "parallel_read_safe": True, "parallel_write_safe": True}
