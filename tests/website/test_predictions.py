"""A Predict box hides what answers it until the reader has guessed, or asks for everything."""

import re

import pytest
from bs4 import BeautifulSoup

from course import SITE, chapters
from tests.support import PAGES, PHONE
from website.extensions import page_predictions

WITH_PREDICTIONS = [
    page for page in PAGES
    if (SITE / page).exists() and "predict admonition" in (SITE / page).read_text("utf-8")
]  # fmt: skip
HIDDEN = ".bd-article :is(.after-guess, .answer p:not(.admonition-title))"


def parts(page: str) -> list:
    """The boxes of a built page, and the outputs that wait for a guess, in order."""
    soup = BeautifulSoup((SITE / page).read_text("utf-8"), "html.parser")
    return soup.select("article :is(.predict, .after-guess, .answer)")


def test_every_chapter_predicts(site):
    assert set(WITH_PREDICTIONS) == {f"{name}.html" for name in chapters()}


@pytest.mark.parametrize("page", WITH_PREDICTIONS)
def test_each_prediction_has_an_output_that_waits_and_one_answer(page, site):
    found: list[list] = []
    for part in parts(page):
        if "predict" in part["class"]:
            found.append([part])
        else:
            found[-1].append(part)
    for box, *waiting in found:
        question = box.get_text(" ", strip=True)
        assert sum("answer" in part["class"] for part in waiting) == 1, f"no Answer: {question}"
        assert any("cell_output" in part["class"] for part in waiting), f"no output: {question}"


@pytest.mark.slow
@pytest.mark.parametrize("page_name", WITH_PREDICTIONS)
def test_all_of_it_is_hidden_until_a_guess_and_stays_open_afterwards(page_name, served, page):
    page.goto(f"{served}/{page_name}", wait_until="load")
    waiting = page.locator(HIDDEN)
    assert waiting.count() > 3
    assert not any(part.is_visible() for part in waiting.all())
    boxes = page.locator(".predict")
    for box in boxes.all():
        form = box.locator("form")
        if form.count():
            form.get_by_role("textbox").fill("7")
            form.get_by_role("button", name="Guess").click()
        elif box.locator(".choices").count():
            box.locator(".choices button").last.press("Enter")
        else:
            box.get_by_role("button", name="I have a guess").press("Enter")
        if box.locator(".choices").count():
            assert re.match(r"[✓✗]?\s*You said ", box.get_by_role("status").inner_text())
    assert all(part.is_visible() for part in waiting.all())
    page.reload(wait_until="load")
    assert all(part.is_visible() for part in waiting.all()), "what was guessed is not remembered"
    again = boxes.first.get_by_role("button", name="Guess again")
    again.press("Enter")
    assert not waiting.first.is_visible()
    assert page.evaluate("document.querySelector('.predict').contains(document.activeElement)")


@pytest.mark.slow
def test_a_choice_is_compared_with_the_answer(served, page):
    page.goto(f"{served}/book/refresher.html", wait_until="load")
    first, second = page.locator(".predict").nth(0), page.locator(".predict").nth(1)
    first.get_by_role("button", name="X @ W", exact=True).click()
    assert first.get_by_role("status").inner_text() == "You said X @ W; it is X @ X."
    assert first.get_by_role("button", name="X @ W").get_attribute("aria-pressed") == "true"
    second.get_by_role("button", name="(2,)", exact=True).click()
    assert second.get_by_role("status").inner_text() == "You said (2,), and so it is."


@pytest.mark.slow
def test_one_switch_shows_everything_on_every_page(served, page):
    page.goto(f"{served}/book/refresher.html", wait_until="load")
    switch = page.get_by_role("switch", name="Show what the predictions hide")
    switch.focus()
    page.keyboard.press("Space")
    for name in ("refresher", "rnn-loop"):
        page.goto(f"{served}/book/{name}.html", wait_until="load")
        assert all(part.is_visible() for part in page.locator(HIDDEN).all())
    page.get_by_role("switch").press("Space")
    assert not any(part.is_visible() for part in page.locator(HIDDEN).all())


@pytest.mark.slow
@pytest.mark.browser_context_args(java_script_enabled=False)
@pytest.mark.parametrize("page_name", WITH_PREDICTIONS[:2])
def test_without_scripts_nothing_is_hidden(page_name, served, page):
    page.goto(f"{served}/{page_name}", wait_until="load")
    assert all(part.is_visible() for part in page.locator(HIDDEN).all())


@pytest.mark.slow
@pytest.mark.browser_context_args(viewport=PHONE, has_touch=True)
def test_what_one_guesses_with_is_as_large_as_a_thumb(served, page):
    page.goto(f"{served}/book/refresher.html", wait_until="load")
    for button in page.locator(".predict button:visible, .answer button:visible").all():
        box = button.bounding_box()
        assert box["height"] >= 44 and box["width"] >= 44, button.inner_text()


def test_a_right_choice_that_is_not_offered_stops_the_build():
    from docutils import nodes

    item = nodes.list_item("", nodes.paragraph("", "a tenth"))
    box = nodes.admonition("", nodes.bullet_list("", item), classes=["predict"])
    answer = nodes.admonition("", nodes.paragraph("", "", nodes.strong("", "A third.")))
    warned = []
    page_predictions.log.logger.addFilter(lambda record: warned.append(record.getMessage()))
    page_predictions._offer(box, answer)
    assert "has to begin with the right one in bold, not 'A third'" in warned[0]
