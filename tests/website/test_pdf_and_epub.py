"""The book on paper and for e-readers: whole, with true page numbers, figures and live links."""

import ctypes
import re
import shutil
import zipfile
from concurrent.futures import ThreadPoolExecutor
from xml.etree import ElementTree

import pypdfium2 as pdfium
import pytest
from pypdfium2 import raw

from tests.support import chromium
from website import epub, one_document, sliders
from website import pdf as printing

pytestmark = pytest.mark.slow
X = "{http://www.w3.org/1999/xhtml}"


@pytest.fixture(scope="module")
def book(site):
    return one_document.pages(site)


@pytest.fixture(scope="module")
def pdf(site, tmp_path_factory):
    chromium()
    path = tmp_path_factory.mktemp("paper") / "book.pdf"
    # in a thread of its own, as the tests' browser has the loop of this one
    with ThreadPoolExecutor() as thread:
        thread.submit(printing.print_book, site, path).result()
    return path


@pytest.fixture(scope="module")
def printed(pdf):
    with pdfium.PdfDocument(pdf) as document:
        yield document


@pytest.fixture(scope="module")
def texts(printed):
    return [squeeze(page.get_textpage().get_text_range()) for page in printed]


def squeeze(text: str) -> str:
    """Without white space: that of a PDF is where its lines break."""
    return re.sub(r"\s+", "", text)


@pytest.fixture(scope="module")
def chapters(printed):
    """(title, page) of each first-level entry of the outline."""
    entries = printed.get_toc(max_depth=6)
    return [(e.get_title(), e.get_dest().get_index() + 1) for e in entries if e.level == 0]


def test_the_outline_has_each_page_of_the_book_in_order(chapters, book):
    titles = ["Contents", "The course in brief", *(printing.plain(page.title) for page in book[1:])]
    assert [squeeze(title) for title, _ in chapters] == [squeeze(title) for title in titles]


def test_the_page_numbers_are_true(printed, chapters, texts):
    first = dict(chapters)["The course in brief"]
    contents = "".join(texts[1 : first - 1])
    sections = 0
    for entry in printed.get_toc(max_depth=2):
        title, page = squeeze(entry.get_title()), entry.get_dest().get_index() + 1
        assert title in texts[page - 1], f"{title} is not on page {page}"
        assert page == 1 or str(page) in texts[page - 1][:200], f"page {page} does not say so"
        said = f"{title}{page}" in contents
        if entry.level == 0 and title != "Contents":
            assert said, f"the contents do not say that {title} begins on page {page}"
        sections += entry.level == 1 and said
    assert sections > 40


def test_references_between_chapters_say_the_page(chapters, texts):
    pages = dict(chapters)
    _, (brief_title, first), (_, end), *_ = chapters
    assert brief_title == "The course in brief"
    brief = "".join(texts[first - 1 : end - 1])
    for title in ("Notation", "Glossary"):
        assert f"{title.lower()}(p.{pages[title]})" in brief.lower()


def test_every_slider_is_there_with_its_positions(book, texts, site):
    n = 0
    for page in book:
        expected = sliders.on_page(site / f"{page.name}.html")
        figures = page.body.select("figure.slider")
        assert len(figures) == len(expected), page.name
        for figure, slider in zip(figures, expected, strict=True):
            first, *others = (img["alt"] for img in figure.find_all("img"))
            assert first == slider.at[slider.start].alt
            longest = max(len(control.labels) for control in slider.controls)
            assert len(set(others)) == len(others) == min(5, longest)
            assert set(others) <= {frame.alt for frame in slider.frames}
        n += len(figures)
    assert n > 15
    assert sum(text.count("Onthewebthisfiguremoves") for text in texts) == n


def test_no_page_is_blank_and_the_size_is_sane(printed, texts, pdf):
    assert 80 < len(printed) < 250
    empty = [i for i, text in enumerate(texts) if len(text) < 100]
    # a page may be one picture: its strokes, or its pixels, are objects of their own
    blank = [i + 1 for i in empty if sum(1 for _ in printed[i].get_objects()) < 20]
    assert not blank, f"blank: {blank}"
    assert 1e6 < pdf.stat().st_size < 15e6


def test_links_lead_to_places_of_the_book_or_to_the_web(printed):
    inside, outside = 0, set()
    for page in printed:
        position, link = ctypes.c_int(0), raw.FPDF_LINK()
        while raw.FPDFLink_Enumerate(page, position, link):
            target = raw.FPDFLink_GetDest(printed, link)
            if target:
                assert raw.FPDFDest_GetDestPageIndex(printed, target) > 0
                inside += 1
                continue
            action = raw.FPDFLink_GetAction(link)
            assert raw.FPDFAction_GetType(action) == raw.PDFACTION_URI, "a link that leads nowhere"
            buffer = ctypes.create_string_buffer(2000)
            raw.FPDFAction_GetURIPath(printed, action, buffer, len(buffer))
            outside.add(buffer.value.decode())
    assert all(url.startswith(("https://", "http://")) for url in outside), outside
    assert inside > 300 and len(outside) > 20, (inside, outside)


def test_math_is_typeset_and_screen_readers_have_tags(printed, texts):
    # only a figure's words may hold TeX, and those are not text
    assert not any(re.search(r"\\(frac|sqrt|mathrm|top)\b", text) for text in texts)
    assert raw.FPDFCatalog_IsTagged(printed)


@pytest.fixture(scope="module")
def ebook(site, tmp_path_factory):
    chromium()
    path = tmp_path_factory.mktemp("epub") / "book.epub"
    epub.write_epub(site, path)
    return zipfile.ZipFile(path)


def test_the_epub_is_well_formed_and_complete(ebook, book):
    first = ebook.infolist()[0]
    assert (first.filename, first.compress_type) == ("mimetype", zipfile.ZIP_STORED)
    assert ebook.read("mimetype") == b"application/epub+zip"
    for name in ebook.namelist():
        if name.endswith((".xhtml", ".svg", ".opf", ".xml")):
            ElementTree.fromstring(ebook.read(name))
    package = ElementTree.fromstring(ebook.read("book/package.opf"))
    listed = {f"book/{item.get('href')}" for item in package.iter() if item.get("href")}
    held = {n for n in ebook.namelist() if n.startswith("book/")} - {"book/package.opf"}
    assert listed == held
    spine = [item.get("idref") for item in package.iter() if item.get("idref")]
    assert spine == ["title", "nav", *(page.id for page in book)]


def test_the_epubs_links_pictures_and_formulas_are_alive(ebook, book):
    sheets = {
        name.removeprefix("book/"): ElementTree.fromstring(ebook.read(name))
        for name in ebook.namelist()
        if name.endswith(".xhtml")
    }
    ids = {name: {e.get("id") for e in sheet.iter()} for name, sheet in sheets.items()}
    for name, sheet in sheets.items():
        given = [e.get("id") for e in sheet.iter() if e.get("id")]
        assert len(given) == len(set(given)), f"{name}: an id is given twice"
        for image in sheet.iter(f"{X}img"):
            assert f"book/{image.get('src')}" in ebook.namelist()
        for link in sheet.iter(f"{X}a"):
            href = link.get("href") or "#"
            place, _, fragment = href.partition("#")
            if not re.match(r"https?:|mailto:", href) and href != "#":
                assert place in sheets, f"{name}: {href}"
                assert not fragment or fragment in ids[place], f"{name}: {href}"
    attention = sheets["attention.xhtml"]
    math = list(attention.iter("{http://www.w3.org/1998/Math/MathML}math"))
    assert len(math) > 10 and all(m.get("alttext") for m in math)
    assert "\\(" not in "".join(attention.itertext())
    figures = sum(len(page.body.select("figure")) for page in book)
    assert sum(len(list(s.iter(f"{X}figure"))) for s in sheets.values()) == figures


def test_the_epub_is_the_same_when_it_is_made_again(ebook, site, tmp_path):
    epub.write_epub(site, tmp_path / "again.epub")
    with open(ebook.filename, "rb") as first:
        assert (tmp_path / "again.epub").read_bytes() == first.read()


def test_the_first_page_offers_what_is_there_and_nothing_else(site, tmp_path):
    (tmp_path / "book").mkdir()
    shutil.copy(site / "book" / "index.html", tmp_path / "book")
    index = tmp_path / "book" / "index.html"
    names = [f"{one_document.NAME}.pdf", f"{one_document.NAME}.epub"]
    for present in ([], names[:1], names, []):
        for name in names:
            (tmp_path / name).unlink(missing_ok=True)
        for name in present:
            (tmp_path / name).write_bytes(b"x" * 1_500_000)
        one_document.offer(tmp_path)
        offered = re.findall(r'href="\.\./([^"]+\.(?:pdf|epub))"', index.read_text("utf-8"))
        assert offered == present
