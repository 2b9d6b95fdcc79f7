"""Every internal link of the built site leads somewhere: pages, anchors, scripts, styles, pictures.

Addresses of the site itself (the sitemap's, the 404 page's, those of the previews that other sites
show) and of files in the repository (launch and source buttons) count as internal.
"""

import re
import subprocess
from html.parser import HTMLParser
from pathlib import Path
from urllib.parse import parse_qs, unquote, urlsplit

import pytest
import yaml

from course import ROOT

CONFIG = yaml.safe_load((ROOT / "_config.yml").read_text("utf-8"))
BASE = CONFIG["sphinx"]["config"]["html_baseurl"]
REPOSITORY = CONFIG["repository"]["url"]
LINKS = ("href", "src", "action", "poster", "data")
CSS_URL = re.compile(r"""url\(\s*["']?([^"')]+)""")


class Page(HTMLParser):
    """The ids of a page and what it points to."""

    def __init__(self, text: str):
        super().__init__()
        self.ids, self.links = [], []
        self.feed(text)

    def handle_starttag(self, tag, attributes):
        attributes = {name: value or "" for name, value in attributes}
        self.ids += [attributes[name] for name in ("id",) if name in attributes]
        self.links += [attributes[name] for name in LINKS if name in attributes]
        self.links += [
            candidate.split()[0]
            for candidate in filter(str.strip, attributes.get("srcset", "").split(","))
        ]
        self.links += CSS_URL.findall(attributes.get("style", ""))
        content = attributes.get("content", "")
        if attributes.get("http-equiv", "").lower() == "refresh":
            self.links.append(content.partition("url=")[2])
        elif tag == "meta" and content.startswith(("https://", "http://")):
            self.links.append(content)

    handle_startendtag = handle_starttag


def pages(site: Path) -> dict[Path, Page]:
    # The theme leaves two of its templates among its files.
    paths = (p for p in site.rglob("*.html") if "_static" not in p.relative_to(site).parts)
    return {p: Page(p.read_text("utf-8")) for p in paths}


def target(url: str, page: Path, site: Path) -> Path | None:
    """The file that `url` means on `page`; None when it is not the site's own."""
    if url.startswith(BASE):
        place = site / unquote(urlsplit(url[len(BASE) :]).path)
    elif urlsplit(url).scheme or urlsplit(url).netloc:
        return None
    elif url.startswith(urlsplit(BASE).path):
        place = site / unquote(urlsplit(url[len(urlsplit(BASE).path) :]).path)
    else:
        path = unquote(urlsplit(url).path)
        place = page.parent / path if path else page
    place = Path(*place.parts).resolve()
    return place / "index.html" if place.is_dir() else place


def broken(site: Path) -> list[str]:
    """A sentence for each link that leads nowhere and for each id that is given twice."""
    site = site.resolve()
    found = pages(site)
    problems = []
    for page, content in found.items():
        name = page.relative_to(site)
        twice = sorted({i for i in content.ids if content.ids.count(i) > 1})
        problems += [f"{name}: the id {i} is given twice" for i in twice]
        for url in dict.fromkeys(content.links):
            place = target(url, page, site)
            fragment = unquote(urlsplit(url).fragment)
            if place is None:
                continue
            if not place.is_file() or not place.is_relative_to(site):
                problems.append(f"{name}: {url} does not exist")
            elif fragment and place in found and fragment not in found[place].ids:
                problems.append(f"{name}: {url} has no such anchor")
    for sheet in site.rglob("*.css"):
        for url in dict.fromkeys(CSS_URL.findall(sheet.read_text("utf-8", "replace"))):
            place = target(url, sheet, site)
            if place and not url.startswith("#") and not place.is_file():
                problems.append(f"{sheet.relative_to(site)}: {url} does not exist")
    for sitemap in site.glob("sitemap.xml"):
        for url in re.findall(r"<loc>(.*?)</loc>", sitemap.read_text("utf-8")):
            place = target(url, sitemap, site)
            if place is None or not place.is_file():
                problems.append(f"sitemap.xml: {url} does not exist")
    return problems


def test_every_internal_link_and_anchor_leads_somewhere(site):
    assert not broken(site), "\n".join(broken(site))


def test_links_into_the_repository_name_files_that_it_holds(site):
    """Launch buttons (Binder, Colab) and the links to sources."""
    command = ["git", "ls-files", "--cached", "--others", "--exclude-standard"]
    held = set(subprocess.run(command, cwd=ROOT, capture_output=True, text=True).stdout.split("\n"))
    owner_and_name = urlsplit(REPOSITORY).path
    seen = set()
    for page, content in pages(site.resolve()).items():
        for url in content.links:
            parts = urlsplit(url)
            inside = parts.path.partition(owner_and_name)[2]
            named = re.fullmatch(r"/(?:blob|tree|raw|edit)/main/(.+)", inside)
            opened = [p.removeprefix("lab/tree/") for p in parse_qs(parts.query).get("urlpath", [])]
            for path in [*opened, *([unquote(named[1])] if named else [])]:
                seen.add(parts.netloc)
                assert path in held, f"{page.name}: {url}"
    assert {"mybinder.org", "colab.research.google.com"} <= seen


PLANTED = {
    '<a href="gone.html">x</a>': "gone.html does not exist",
    '<a href="b.html#gone">x</a>': "b.html#gone has no such anchor",
    '<a href="#gone">x</a>': "#gone has no such anchor",
    '<img src="gone.png">': "gone.png does not exist",
    '<script src="../gone.js"></script>': "../gone.js does not exist",
    '<link rel="stylesheet" href="gone.css?v=1">': "gone.css?v=1 does not exist",
    '<p style="background: url(gone.svg)">': "gone.svg does not exist",
    '<meta http-equiv="refresh" content="0; url=gone/index.html">': "gone/index.html does not",
    f'<meta property="og:image" content="{BASE}gone.png">': "gone.png does not exist",
    f'<a href="{urlsplit(BASE).path}gone.html">x</a>': "gone.html does not exist",
    '<p id="twice"></p><p id="twice"></p>': "the id twice is given twice",
    '<a href="../../outside.html">x</a>': "does not exist",
}


@pytest.mark.parametrize("html", PLANTED)
def test_a_planted_dead_link_is_found(html, tmp_path):
    (tmp_path / "outside.html").touch()
    (tmp_path / "site" / "sub").mkdir(parents=True)
    (tmp_path / "site" / "sub" / "b.html").write_text('<h1 id="there">b</h1>')
    alive = '<a href="b.html#there">b</a> <a href="https://example.org/gone">away</a> '
    (tmp_path / "site" / "sub" / "a.html").write_text(alive)
    assert broken(tmp_path / "site") == []
    (tmp_path / "site" / "sub" / "a.html").write_text(alive + html)
    assert [p for p in broken(tmp_path / "site") if PLANTED[html] in p], broken(tmp_path / "site")


def test_a_dead_picture_in_a_style_sheet_and_a_dead_page_in_the_sitemap_are_found(tmp_path):
    (tmp_path / "a.css").write_text("a { background: url('gone.svg') } b { mask: url(data:x) }")
    (tmp_path / "sitemap.xml").write_text(f"<loc>{BASE}gone.html</loc>")
    assert [p.partition(": ")[0] for p in broken(tmp_path)] == ["a.css", "sitemap.xml"]
