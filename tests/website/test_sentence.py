"""The nets that read the reader's own sentence in the page, as numpy does on a kernel."""

import json

import numpy as np
import pytest
from lesson import nets, sentence
from playwright.sync_api import Page, expect

from course import SITE
from tests.support import DESKTOP, PATIENCE, PHONE, need
from tests.website.support import axe_finds, walk

PAGE = "book/trained.html"
LONG = (
    '"You are very kind, sir, I am sure," said Elizabeth; "but I have no intention of dancing, and '
    "my sister, who is in Derbyshire with Mrs. Gardiner, has no more than I. Pray, do ask Mr. "
    "Collins instead!!"
)
# Counts how often a net reads a character, whenever nets.js comes.
COUNTED = """
let made;
window.steps = 0;
Object.defineProperty(window, "nets", { get: () => made, set: (nets) => {
  const { createModel } = nets;
  made = { createModel: (...given) => {
    const model = createModel(...given);
    const { step } = model;
    return { ...model, step: (...seen) => { window.steps += 1; return step(...seen); } };
  } };
} });
"""

SEEN = """() => {
  const { nets } = document.querySelector(".sentence").seen;
  const plain = ([name, { probs, heads }]) =>
    [name, { probs: [...probs], heads: heads.flat().map((head) => [...head]) }];
  return Object.fromEntries(Object.entries(nets).map(plain));
}"""


class Reading:
    """A page with the figure in it, as a reader has it."""

    def __init__(self, tab: Page, address: str):
        self.tab, self.trouble, self.asked = tab, [], []
        tab.set_default_timeout(PATIENCE)
        tab.on("pageerror", lambda error: self.trouble.append(str(error)))
        tab.on("console", lambda m: m.type == "error" and self.trouble.append(m.text))
        tab.on("request", lambda r: self.asked.append(r.url))
        tab.goto(address)
        self.box = tab.locator(".sentence")
        self.field = self.box.get_by_role("textbox", name="Your sentence")

    def come_near(self) -> None:
        self.box.scroll_into_view_if_needed()
        self.seen_after(sentence.FIRST[: sentence.CURSOR])

    def type(self, text: str) -> None:
        self.field.click()
        self.tab.keyboard.press("Control+a")
        self.tab.keyboard.insert_text(text)
        self.seen_after(text)

    def seen_after(self, text: str) -> dict:
        """What the page says of each net once it has read `text`."""
        found = "text => document.querySelector('.sentence').seen?.read === text"
        self.tab.wait_for_function(found, arg=text)
        return self.tab.evaluate(SEEN)


@pytest.fixture(scope="module")
def reading(browser, strict):
    """The page with the figure in view; fails on any error, and on a request to another host."""
    context = browser.new_context()
    tab = context.new_page()
    tab.add_init_script(COUNTED)
    page = Reading(tab, f"{strict}/{PAGE}")
    first = [*page.asked]
    page.come_near()
    page.before = first
    yield page
    assert page.trouble == []
    assert [url for url in page.asked if not url.startswith((strict, "data:"))] == []
    context.close()


def agree(page: dict, text: str) -> None:
    """What the page and what numpy say after `text`, for every character."""
    for name, here in sentence.read(text).items():
        np.testing.assert_allclose(page[name]["probs"], here.probabilities, atol=1e-3)
        heads = [head[-128:] for head in here.heads]
        assert len(page[name]["heads"]) == len(heads)
        for ours, theirs in zip(heads, page[name]["heads"], strict=True):
            np.testing.assert_allclose(theirs, ours, atol=1e-3)


@pytest.mark.slow
def test_nothing_of_the_nets_is_fetched_before_they_come_near(reading):
    def weights(urls):
        return [url for url in urls if "nets.js" in url or f"/figures/{PAGE[:-5]}/" in url]

    assert not [url for url in weights(reading.before) if url.endswith(".js")]
    assert len([url for url in weights(reading.asked) if url.endswith(".js")]) == 1 + len(
        sentence.NETS
    )


@pytest.mark.slow
def test_every_probability_is_numpys_wherever_the_cursor_stands(reading):
    assert len(LONG) == sentence.LONGEST
    reading.type(LONG)
    agree(reading.seen_after(LONG), LONG)  # beyond the transformer's 128 characters
    expect(reading.box).to_contain_text("It sees the last 128 characters.")
    for keys, n in ((["ArrowLeft"] * 10, 190), (["Control+Home", "ArrowRight"], 1)):
        for key in keys:
            reading.tab.keyboard.press(key)
        agree(reading.seen_after(LONG[:n]), LONG[:n])
    reading.tab.keyboard.press("Delete")  # the field is full
    reading.tab.keyboard.insert_text("I")  # in the middle: what follows is read anew when asked for
    agree(reading.seen_after(LONG[0] + "I"), LONG[0] + "I")


@pytest.mark.slow
def test_a_key_at_the_end_of_a_long_sentence_is_one_step_of_each_net(reading):
    reading.type(LONG[:-1])

    def steps(key: str, text: str) -> int:
        before = reading.tab.evaluate("steps")
        reading.tab.keyboard.press(key)
        reading.seen_after(text)
        return reading.tab.evaluate("steps") - before

    assert steps("x", LONG[:-1] + "x") == len(sentence.NETS)
    assert steps("Backspace", LONG[:-1]) == 0
    assert steps("ArrowLeft", LONG[:-2]) == 0
    assert steps("y", LONG[:-2] + "y") == len(sentence.NETS)


@pytest.mark.slow
def test_the_first_sentence_shows_a_word_that_no_net_brings_back(reading):
    reading.tab.reload()
    reading.come_near()
    rows = reading.box.locator("table tbody tr")
    expect(rows.nth(5)).to_contain_text("then comes “r”")
    shares = [float(cell.strip(" %")) for cell in rows.nth(5).locator("td").all_inner_texts()]
    here = sentence.read(sentence.FIRST[: sentence.CURSOR])
    wanted = [100 * one.probabilities[nets.text.encode("r")[0]] for one in here.values()]
    np.testing.assert_allclose(shares, wanted, atol=0.1)
    assert max(shares) < 5
    bits = [float(cell) for cell in rows.nth(6).locator("td").all_inner_texts()]
    np.testing.assert_allclose(bits, [one.bits for one in here.values()], atol=0.01)
    kept = [int(cell.replace(",", "")) for cell in rows.nth(7).locator("td").all_inner_texts()]
    assert kept == [one.kept for one in here.values()]


@pytest.mark.slow
def test_what_the_novel_lacks_is_said_and_left_out(reading):
    reading.field.fill("Mr. Darcy’s café costs 7€ — no?")
    reading.seen_after("Mr. Darcy's cafe costs 7 -- no?")
    assert sentence.spoken("Mr. Darcy’s café costs 7€ — no?") == (
        "Mr. Darcy's cafe costs 7 -- no?", "€",
    )  # fmt: skip
    expect(reading.box).to_contain_text("The novel has no €, so the nets do not read it.")
    reading.field.fill("")
    expect(reading.box.locator("caption")).to_contain_text("have read nothing yet")
    reading.type(LONG)
    reading.tab.keyboard.press("z")
    assert reading.field.input_value() == LONG


@pytest.mark.slow
def test_by_keyboard_a_head_is_chosen_and_the_nets_write_what_numpy_writes(reading):
    start = "Elizabeth "
    reading.type(start)
    tab = reading.tab
    tab.keyboard.press("Tab")
    expect(reading.box.get_by_role("radio").first).to_be_focused()
    tab.keyboard.press("ArrowDown")
    expect(reading.box).to_contain_text("Bars: what block 1, head 2 of the transformer looks at")
    tab.keyboard.press("Tab")
    button = reading.box.get_by_role("button", name="Let them write")
    expect(button).to_be_focused()
    tab.keyboard.press("Tab")
    tab.keyboard.press("Home")
    expect(reading.box.locator("output")).to_have_text("0.0")
    tab.keyboard.press("Shift+Tab")
    tab.keyboard.press("Enter")
    expect(reading.box.get_by_role("button", name="Stop")).to_be_hidden()
    expect(button).to_be_focused()
    counts = reading.box.locator(".sentence-count").all_inner_texts()
    texts = reading.box.locator(".sentence-text").all_text_contents()
    for name, count, text in zip(sentence.NETS, counts, texts, strict=True):
        wanted, _ = sentence.write(name, start, 40, 0)
        assert text.startswith(start + wanted)
        kept = sentence.read(text)[name].kept
        assert "400 characters, " in count and f" {kept:,} bytes kept" in count
    said = reading.box.locator("[aria-live]")
    expect(said).to_contain_text("Written. RNN: 400 characters")


@pytest.mark.slow
def test_writing_can_be_stopped(reading):
    reading.box.get_by_role("button", name="Let them write").click()
    stop = reading.box.get_by_role("button", name="Stop")
    stop.evaluate("button => button.click()")  # before it is done, however fast it is
    expect(stop).to_be_hidden()
    expect(reading.box.get_by_role("button", name="Let them write")).to_be_enabled()


@pytest.mark.slow
def test_what_changed_is_read_out_after_the_last_key(reading):
    reading.type("Mr. Darc")
    here = sentence.read("Mr. Darc")
    each = [
        f"{sentence.NETS[name]} y, {100 * one.probabilities.max():.0f} percent"
        for name, one in here.items()
    ]
    said = reading.box.locator("[aria-live]")
    expect(said).to_have_text(f"After Mr. Darc: {'; '.join(each)}.")


@pytest.mark.slow
@pytest.mark.parametrize("dark", [False, True])
def test_axe_finds_nothing(reading, dark):
    assert axe_finds(reading.tab, ".sentence", dark) == []


@pytest.mark.slow
@pytest.mark.parametrize("screen", [PHONE, {"width": 320, "height": 256}])
def test_on_a_phone_and_at_400_percent_nothing_is_wider_than_the_screen(screen, page, strict):
    page.set_viewport_size(screen)
    reading = Reading(page, f"{strict}/{PAGE}")
    reading.come_near()
    reading.type(LONG)
    assert page.evaluate("document.documentElement.scrollWidth") <= screen["width"]
    cut = page.evaluate(
        "[...document.querySelectorAll('.sentence *:not(.visually-hidden)')].filter((e) => "
        "e.getBoundingClientRect().right > innerWidth + 1).map((e) => e.outerHTML)"
    )
    assert cut == []


@pytest.mark.slow
@pytest.mark.parametrize("screen", [DESKTOP, PHONE])
def test_its_room_is_kept_before_it_lives(screen, page, strict):
    """What stands below it stays where it is when the nets have come."""
    page.set_viewport_size(screen)
    reading = Reading(page, f"{strict}/{PAGE}")
    reading.come_near()
    kept = reading.box.evaluate("box => parseFloat(getComputedStyle(box).minHeight)")
    assert abs(reading.box.evaluate("box => box.offsetHeight") - kept) < 10


@pytest.mark.slow
def test_on_paper_and_without_scripts_there_is_a_still_figure(reading, new_context, strict):
    reading.tab.emulate_media(media="print")
    expect(reading.box.locator("img.lesson-figure")).to_be_visible()
    expect(reading.field).to_be_hidden()
    reading.tab.emulate_media(media="screen")
    expect(reading.box.locator("img.lesson-figure")).to_be_hidden()
    plain = new_context(java_script_enabled=False).new_page()
    plain.goto(f"{strict}/{PAGE}")
    still = plain.locator(".sentence img.lesson-figure")
    expect(still).to_be_visible()
    assert "RNN gives it" in still.get_attribute("alt")


@pytest.mark.slow
def test_opened_from_a_folder_the_nets_read_all_the_same(page):
    Reading(page, (SITE / PAGE).as_uri()).come_near()


@pytest.mark.slow
def test_firefox_says_what_numpy_says(strict):
    firefox = need("firefox-esr", "firefox-esr")
    saw = walk("sentence.mjs", firefox, f"{strict}/{PAGE}", strict, json.dumps(LONG))
    for read, said in saw["read"]:
        agree(said, read)
    assert [len(read) for read, _ in saw["read"]] == [len(LONG), len(LONG) - 1, 1]
    assert saw["wrote"] and saw["trouble"] == []
