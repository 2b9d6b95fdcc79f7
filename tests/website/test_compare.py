"""Two builds of the book are compared by what they say, not by how it is marked up."""

import pytest
from bs4 import BeautifulSoup

from course import SITE
from website.compare import differences, words

PAGE = SITE / "book" / "rnn-loop.html"
# what a build may change, and whether a reader would notice
CHANGES = {
    "a class": ('<p class="', '<p class="new ', False),
    "a space": ("</p>\n<p>", "</p>  <p>", False),
    "a link's sign": (">#</a>", ">¶</a>", False),
    "a word": ("hidden state", "hidden stat", True),
    "a formula": ('alttext="', 'alttext="x', True),
    "a heading": ("<h2>", "<h2>Not ", True),
    "what a picture shows": (' alt="', ' alt="Not ', True),
    "a slider's values": ("data-labels=\"[", "data-labels=\"[&quot;0&quot;, ", True),
}  # fmt: skip


@pytest.mark.parametrize("change", CHANGES)
def test_what_a_reader_would_notice_is_a_difference(change, site, tmp_path):
    before, after, noticed = CHANGES[change]
    text = PAGE.read_text("utf-8")
    assert before in text
    other = tmp_path / "book" / PAGE.name
    other.parent.mkdir()
    (tmp_path / "_static").symlink_to(site / "_static")
    other.write_text(text.replace(before, after), "utf-8")
    assert bool(list(differences(PAGE, other))) == noticed


def test_words_formulas_and_pictures_of_a_page_are_read(site):
    said = words(PAGE)
    assert "2 · The RNN loop" in said
    assert any(line.startswith("$") for line in said)
    pictures = BeautifulSoup(PAGE.read_text("utf-8"), "html.parser").select("article img[alt]")
    assert pictures and {f"[{' '.join(img['alt'].split())}]" for img in pictures} <= set(said)


def test_a_page_that_is_missing_is_a_difference(site, tmp_path):
    assert list(differences(PAGE, tmp_path / "gone.html")) == ["the page is not there"]
