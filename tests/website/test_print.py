"""A page printed from the browser is light, has no sidebars, and shows what its sliders show."""

import pypdfium2 as pdfium
import pytest
from PIL import ImageChops, ImageStat

pytestmark = pytest.mark.slow
HINTS = "article details:not(.hide, .course-memory)"
PAGE = "book/memory.html"


def printed(tab, path):
    tab.pdf(path=path, format="A4", print_background=True)
    with pdfium.PdfDocument(path) as document:
        text = "".join(page.get_textpage().get_text_range() for page in document)
        return text, [page.render(scale=0.5).to_pil().convert("L") for page in document]


@pytest.mark.browser_context_args(color_scheme="dark")
def test_a_page_in_dark_mode_prints_light_with_the_frame_that_is_shown(served, page, tmp_path):
    page.goto(f"{served}/{PAGE}", wait_until="networkidle")
    assert page.evaluate("document.documentElement.dataset.theme") == "dark"
    figures = page.locator("article img.lesson-figure").count()
    text, before = printed(page, tmp_path / "before.pdf")
    # a dark page has a mean near 20
    assert min(ImageStat.Stat(sheet).mean[0] for sheet in before) > 180
    squeezed = "".join(text.split())
    assert "Lossy,butwhosayswhatislost?" in squeezed
    dead = ("Clicktohide", "Clicktoshow")
    for nav in ("Howgradingworks,andwhatitpromises", "Ctrl+K", "Previous", *dead):
        assert nav not in squeezed
    assert "At best 8 words, for 8 × 8 numbers fill 64" in " ".join(text.split()), "answers unfold"
    assert page.evaluate("document.documentElement.dataset.theme") == "dark"
    loaded = (
        "[...document.querySelectorAll('article img.lesson-figure')].filter(i => i.naturalWidth)"
    )
    assert page.evaluate(f"{loaded}.length") == figures, "a picture had not come"
    page.get_by_role("switch", name="Show what the predictions hide").press("Space")
    page.locator(".explore input:visible").first.focus()
    page.keyboard.press("End")
    page.wait_for_function("document.querySelector('.explore img').complete")
    _, after = printed(page, tmp_path / "after.pdf")
    assert len(before) == len(after)
    changed = [
        i for i, (a, b) in enumerate(zip(before, after, strict=True))
        if ImageChops.difference(a, b).getbbox()
    ]  # fmt: skip
    # the figure, and the slider above it if a page ends between them
    assert 1 <= len(changed) <= 2, f"pages that changed with the slider: {changed}"


def test_an_exercise_prints_its_hints_and_folds_them_again(served, page, tmp_path):
    page.goto(f"{served}/exercises/rnn/rnn.html", wait_until="load")
    hints = page.locator(HINTS)
    hints.nth(1).evaluate("hint => hint.open = true")
    text, _ = printed(page, tmp_path / "exercise.pdf")
    said = " ".join(text.split())
    for words in (
        "Write the formula as it stands",
        "Start with h = h0",
        "makes the column-times-row",
    ):
        assert words in said
    for dead in ("click to unfold", "Show code cell", "Hide code cell"):
        assert dead not in said
    assert said.count("Hint") == hints.count() == 3
    page.wait_for_function(f"!document.querySelector('{HINTS}').open")
    assert hints.evaluate_all("all => all.map(hint => hint.open)") == [False, True, False]


@pytest.mark.browser_context_args(reduced_motion="reduce")
def test_nothing_moves_for_who_asked_for_less_motion(served, page):
    page.goto(f"{served}/{PAGE}", wait_until="load")
    moving = page.evaluate(
        """() => [document.documentElement, ...document.querySelectorAll('body *')].flatMap(e =>
          [null, '::before', '::after'].map(part => [e, getComputedStyle(e, part)]))
          .filter(([, s]) => s.scrollBehavior === 'smooth' || s.animationName !== 'none'
            || s.transitionProperty !== 'none' && parseFloat(s.transitionDuration) > 0)
          .map(([e]) => e.outerHTML.slice(0, 80))"""
    )
    assert not moving, moving[:5]
