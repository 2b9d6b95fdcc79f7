"""A page loads what it needs, no more, and shows its text before any of it has come."""

import base64
import gzip
import io
import re
import shutil
from pathlib import Path

import pytest
from fontTools.ttLib import TTFont
from sphinx.errors import ExtensionError

from course import SITE
from tests.support import PAGES
from website.extensions import page_stylesheet

EVERYWHERE = {
    "documentation_options.js",
    "doctools.js",
    "sphinx_highlight.js",
    "sphinx-book-theme.js",
    "bootstrap.js",
    "pydata-sphinx-theme.js",
    "course.js",
    "memory.js",
}
WITH_PRACTICE = {"practice.js"}
WITH_SENTENCE = {"sentence.js"}
FIRST = re.compile(r"inline-\w+\.js")  # light or dark is known before anything is painted
WITH_PREDICTIONS = {"predict.js"}
WITH_CODE = {"clipboard.min.js", "copybutton.js"}
WITH_ANSWERS = {"togglebutton.js"}
WITH_TABS = {"design-tabs.js"}
BUDGET = 160_000  # bytes, compressed: text, style and scripts of a page
# What the theme and its extensions would load, in their order.
SHEETS = [
    "basic.css",
    "styles/pydata-sphinx-theme.css",
    "pygments.css",
    "styles/sphinx-book-theme.css",
    "togglebutton.css",
    "copybutton.css",
    "mystnb.*.css",
    "sphinx-design.min.css",
    "course.css",
]


def scripts(html: str) -> dict[str, str]:
    """The tag of each script file of a page, by file name."""
    tags = re.findall(r'<script\b[^>]*\bsrc="[^"]*"[^>]*>', html)
    return {re.search(r'src="[^"]*?([^/"?]+)(\?[^"]*)?"', tag)[1]: tag for tag in tags}


@pytest.mark.parametrize("page", PAGES)
def test_page_has_the_scripts_that_it_needs_and_waits_for_one_of_few_bytes(page, site):
    html = (SITE / page).read_text("utf-8")
    text = html[html.index("<article") : html.index("</article>")]
    allowed = set(EVERYWHERE)
    allowed |= WITH_PREDICTIONS if re.search(r'class="[^"]*\bpredict\b', text) else set()
    allowed |= WITH_CODE if 'class="highlight' in text else set()
    allowed |= WITH_ANSWERS if re.search(r'class="[^"]*\b(dropdown|toggle)\b', text) else set()
    allowed |= WITH_TABS if "sd-tab-set" in text else set()
    allowed |= WITH_PRACTICE if 'class="practice"' in text else set()
    allowed |= WITH_SENTENCE if 'class="sentence"' in text else set()
    found = scripts(html)
    [first] = filter(FIRST.fullmatch, found)
    assert (SITE / "_static" / "scripts" / first).stat().st_size < 1000
    del found[first]
    assert set(found) == allowed
    assert all(re.search(r"\bdefer\b", tag) for tag in found.values()), found
    assert len(re.findall('rel="stylesheet"', html)) == 1


@pytest.mark.parametrize("page", PAGES)
def test_text_style_and_scripts_of_a_page_are_few_bytes(page, site):
    path = SITE / page
    html = path.read_text("utf-8")
    tags = [*scripts(html).values(), re.search('<link [^>]*rel="stylesheet"[^>]*>', html)[0]]
    files = [re.search(r'(?:src|href)="([^"?]*)', tag)[1] for tag in tags]
    sizes = {name: len(gzip.compress((path.parent / name).read_bytes())) for name in files}
    sizes[page] = len(gzip.compress(html.encode()))
    assert sum(sizes.values()) < BUDGET, sizes


def test_every_icon_of_a_page_is_in_the_icon_font(site):
    css = (SITE / "_static" / "book.css").read_text("utf-8")
    fonts = re.findall(r"src:url\(data:font/woff;base64,([^)]*)\)", css)
    glyphs = [set(TTFont(io.BytesIO(base64.b64decode(f))).getBestCmap()) for f in fonts]
    named = set(re.findall("[\ue000-\uf8ff]", css))
    assert len(named) >= 30
    assert {ord(sign) for sign in named} <= set.union(*glyphs)
    for page in PAGES:
        for classes in re.findall(r'<i class="([^"]*)"', (SITE / page).read_text("utf-8")):
            shape = set(classes.split()) - {"fa-solid", "fa-brands", "fab", "fas", "fa-lg"}
            shape.discard("theme-switch")
            for name in shape:
                assert re.search(rf'\.{name}:before\b[^{{]*{{content:\s*"[\ue000-\uf8ff]"', css), (
                    name
                )


@pytest.mark.parametrize("kind", [".ttf", ".woff2"])
def test_the_icons_are_found_in_either_kind_of_font_that_a_theme_ships(kind, site, tmp_path):
    shipped = Path("_static", "vendor", "fontawesome", "webfonts")
    (tmp_path / shipped).mkdir(parents=True)
    for font in (site / shipped).glob(f"*{kind}"):
        shutil.copy(font, tmp_path / shipped)
    css = page_stylesheet._icons(tmp_path / "_static", 'a:before{content:"\uf002"}')
    fonts = re.findall(r"src:url\(data:font/woff;base64,([^)]*)\)", css)
    assert len(fonts) == 2
    assert TTFont(io.BytesIO(base64.b64decode(fonts[0]))).getBestCmap().keys() == {0xF002}


def test_a_theme_without_the_icons_is_refused(tmp_path):
    with pytest.raises(ExtensionError, match=r"no icon font fa-solid-900 as \.ttf or \.woff2"):
        page_stylesheet._icons(tmp_path, "")


@pytest.mark.slow
@pytest.mark.browser_context_args(reduced_motion="reduce")
@pytest.mark.parametrize("name", ["book/index.html", "book/rnn-loop.html", "search.html"])
def test_the_one_style_sheet_looks_as_all_of_them_do(name, served, page):
    """No element, in light or dark, is drawn otherwise with the sheets that the one replaces."""
    sheets = [next((SITE / "_static").glob(s)).relative_to(SITE / "_static") for s in SHEETS]
    page.goto(f"{served}/{name}", wait_until="load")
    look = """async theme => { document.documentElement.dataset.theme = theme;
      delete document.documentElement.dataset.fresh; // what is laid out later has no size yet
      document.body.offsetWidth; // asks for the fonts
      await document.fonts.ready;
      document.getAnimations().forEach(animation => animation.finish());
      const looks = [];
      for (const element of document.querySelectorAll('body, body *:not(.explore-said)')) {
        for (const part of [null, '::before', '::after']) {
          const style = getComputedStyle(element, part);
          if (part && style.content === 'none') continue;
          const drawn = [...style].filter(name => !name.startsWith('--'));
          looks.push(`${element.tagName}.${element.getAttribute('class')}${part ?? ''} ` +
            drawn.map(name => `${name}:${style.getPropertyValue(name)}`).join(';'));
        }
      }
      return looks; }"""
    ours = {theme: page.evaluate(look, theme) for theme in ("light", "dark")}
    root = "../" * name.count("/")
    links = [f"{root}_static/{sheet.as_posix()}" for sheet in sheets]
    page.evaluate(
        """async links => {
          const ours = document.querySelector('link[rel=stylesheet]');
          const added = links.map(href =>
            Object.assign(document.createElement('link'), {rel: 'stylesheet', href}));
          const loaded = added.map(link =>
            new Promise((done, fail) => { link.onload = done; link.onerror = fail; }));
          ours.after(...added); await Promise.all(loaded); ours.remove();
        }""",
        links,
    )
    for theme, before in ours.items():
        after = page.evaluate(look, theme)
        differ = [pair for pair in zip(before, after, strict=True) if pair[0] != pair[1]]
        assert not differ, (
            f"{theme}: {len(differ)} elements, the first: {first_difference(*differ[0])}"
        )


def first_difference(one: str, other: str) -> str:
    pairs = zip(one.split(";"), other.split(";"), strict=True)
    return f"{one[:80]}: " + ", ".join(f"{a} / {b}" for a, b in pairs if a != b)[:300]


@pytest.mark.parametrize("page", PAGES)
def test_formulas_are_typeset_and_can_be_listened_to(page, site):
    html = (SITE / page).read_text("utf-8")
    formulas = re.findall(
        r'<(span|div) class="[^"]*\bmath notranslate[^>]*>(.*?)</math>', html, re.S
    )
    assert len(formulas) == len(re.findall(r'class="[^"]*\bmath notranslate', html))
    for _, inside in formulas:
        assert "<svg" in inside and "<math" in inside and "\\(" not in inside
    assert set(re.findall(r'<use href="#([^"]*)"', html)) == set(
        re.findall(r'<path id="(shape-\d+)"', html)
    )
