"""Exercises are solved in the page: wrong, named, mended, green, downloaded and graded."""

import json
import re

import pytest
from playwright.sync_api import Page, expect

from course import EXERCISES, SITE
from grading.assignment import assignments, grade_id, read
from tests.release.support import functions
from tests.support import PATIENCE, PHONE, missing, serving
from tests.website.support import Strict, axe_finds, show_everything
from website import figure_data

FORGETS = """
def rnn_cell(x, h, W_xh, W_hh, b):
    z = x @ W_xh + b
    return np.tanh(z)
"""
RIGHT = FORGETS.replace("x @ W_xh + b", "x @ W_xh + h @ W_hh + b")
ENDLESS = "def rnn_cell(*given):\n    while True:\n        pass\n"


@pytest.fixture(scope="module")
def with_python(strict) -> str:
    """The book on its server, with Python for its pages."""
    if not (SITE / "_static" / "practice" / "python").exists():
        missing("the book was built without Python for its pages; see `python -m website.pyodide`")
    return strict


class Practice:
    """One page of exercises, as a learner has it."""

    def __init__(self, tab: Page, root: str, assignment: str = "rnn"):
        self.tab, self.root = tab, root
        self.trouble: list[str] = []
        tab.set_default_timeout(PATIENCE)
        tab.on("pageerror", lambda error: self.trouble.append(str(error)))
        tab.on("console", lambda m: m.type == "error" and self.trouble.append(m.text))
        tab.on("request", lambda r: self.asked(r.url))
        self.requests: list[str] = []
        tab.goto(f"{root}/exercises/{assignment}/{assignment}.html")

    def asked(self, url: str) -> None:
        self.requests.append(url)
        if not url.startswith((self.root, "data:", "blob:")):
            self.trouble.append(f"asked {url}")

    def place(self, function: str):
        return self.tab.locator(f'.practice[data-function="{function}"]')

    def press(self, function: str, button: str) -> None:
        self.place(function).get_by_role("button", name=button, exact=True).click()

    def write(self, function: str, text: str) -> None:
        editor = self.place(function).locator(".cm-content")
        if not editor.count():
            self.press(function, "Write your answer")
        editor.click()
        self.tab.keyboard.press("Control+a")
        self.tab.keyboard.insert_text(text)

    def run(self, function: str) -> str:
        """Run the tests; what the status says when they are done."""
        self.press(function, "Run the tests")
        place = self.place(function)
        expect(place.get_by_role("button", name="Run the tests", exact=True)).to_be_enabled()
        expect(place.get_by_role("button", name="Stop", exact=True)).to_be_hidden()
        return place.get_by_role("status").inner_text()


@pytest.fixture(scope="module")
def practice(browser, with_python):
    """The page of `rnn`, with Python there after the first run; fails on any error or request."""
    context = browser.new_context(accept_downloads=True)
    page = Practice(context.new_page(), with_python)
    yield page
    assert page.trouble == []
    context.close()


@pytest.mark.slow
def test_nothing_is_fetched_before_it_is_asked_for(practice):
    names = {url.rpartition("/")[2].partition("?")[0] for url in practice.requests}
    assert {"practice.js", "practice.css", "memory.js"} <= names
    assert not names & {"editor.js", "worker.js", "runner.py", "pyodide.mjs", "rnn.ipynb"}
    assert not [name for name in names if name.endswith((".whl", ".wasm"))]


@pytest.mark.slow
def test_a_wrong_answer_is_named_and_a_right_one_is_green(practice):
    practice.write("rnn_cell", FORGETS)
    assert practice.run("rnn_cell") == "3 of 4 tests pass. Mend the first red one first."
    [failed] = practice.place("rnn_cell").locator(".practice-fail").all()
    assert "the example by hand: 2 of 2 numbers are wrong" in failed.inner_text()
    assert "The old state never enters" in failed.locator(".practice-why").inner_text()
    practice.write("rnn_cell", RIGHT)
    assert practice.run("rnn_cell") == "All 4 tests pass."
    points = practice.place("rnn_cell").locator(".practice-points").inner_text()
    assert points.startswith("Practice: 9 of 9 points by the tests that you see.")
    assert "only that counts" in points
    figure = practice.place("rnn_cell").locator("figure.practice-figure")
    expect(figure.locator("rect")).to_have_count(20 * len(figure_data.TEXT))
    expect(figure.locator("figcaption")).to_contain_text("right 14 times of 24")


@pytest.mark.slow
def test_an_error_points_at_its_line_in_the_editor(practice):
    practice.write("rnn_cell", "def rnn_cell(x, h, W_xh, W_hh, b):\n    return np.tanh(x @ W_hh)\n")
    assert practice.run("rnn_cell").startswith("0 of 4")
    place = practice.place("rnn_cell")
    expect(place.locator(".practice-line")).to_have_text("    return np.tanh(x @ W_hh)")
    assert "Line 2 of your code." in place.inner_text()
    practice.write("rnn_cell", "def rnn_cell(x, h:\n    pass\n")
    assert practice.run("rnn_cell") == "Your cell does not run yet, so none of its tests could."
    assert "SyntaxError" in place.inner_text()
    expect(place.locator(".practice-line")).to_have_count(1)


@pytest.mark.slow
def test_an_endless_loop_is_stopped_and_the_next_run_works(practice):
    practice.write("rnn_cell", ENDLESS)
    said = practice.run("rnn_cell")
    assert said.startswith("It was stopped after 10 seconds: it did not end."), said
    practice.write("rnn_cell", ENDLESS.replace("pass", "print('x' * 999)"))
    practice.press("rnn_cell", "Run the tests")
    expect(practice.place("rnn_cell").get_by_role("status")).to_have_text("Running …")
    practice.press("rnn_cell", "Stop")
    expect(practice.place("rnn_cell").get_by_role("status")).to_contain_text("You stopped it.")
    practice.write("rnn_cell", "print('-' * 50_000)\n" + RIGHT)
    assert practice.run("rnn_cell") == "All 4 tests pass."
    printed = practice.place("rnn_cell").locator(".practice-printed").inner_text()
    assert len(printed) < 10_100 and "more characters" in printed


@pytest.mark.slow
def test_watching_it_run_shows_shapes_and_marks_the_first_wrong_one(practice):
    wrong = RIGHT.replace(
        "z = x @ W_xh + h @ W_hh + b", "h = x @ W_xh\n    h = h[None] + b\n    z = h"
    )
    practice.write("rnn_cell", wrong)
    practice.press("rnn_cell", "Watch it run")
    table = practice.place("rnn_cell").get_by_role("table")
    table.wait_for()
    rows = [row.inner_text() for row in table.locator("tbody tr").all()]
    assert re.search(r"x \(3,\) float64\s+h \(2,\) float64\s+W_xh \(3, 2\) float64", rows[0])
    [odd] = table.locator(".practice-odd").all()
    assert "h = h[None] + b" in odd.inner_text()
    assert "h has shape (1, 2); the statement says (H,), here with d = 3, H = 2" in odd.inner_text()
    table.get_by_text("x (3,) float64").click()
    assert "[ 1.  2. -1.]" in table.inner_text()


@pytest.mark.slow
def test_edits_survive_a_reload_and_starting_over_asks_first(practice):
    practice.write("run_rnn", "# my own words\n")
    practice.tab.reload()
    editor = practice.place("run_rnn").locator(".cm-content")
    expect(editor).to_contain_text("# my own words")
    practice.tab.once("dialog", lambda dialog: dialog.dismiss())
    practice.press("run_rnn", "Start over")
    expect(editor).to_contain_text("# my own words")
    practice.tab.once("dialog", lambda dialog: dialog.accept())
    practice.press("run_rnn", "Start over")
    expect(editor).to_contain_text("# YOUR CODE HERE")


@pytest.mark.slow
def test_the_question_names_task_code_and_test_and_asks_for_a_hint(practice):
    practice.tab.context.grant_permissions(["clipboard-read", "clipboard-write"])
    practice.write("rnn_cell", FORGETS)
    practice.run("rnn_cell")
    practice.press("rnn_cell", "Copy my question")
    expect(practice.place("rnn_cell").get_by_role("status")).to_contain_text("Copied")
    text = practice.tab.evaluate("navigator.clipboard.readText()")
    for part in (
        "One step of the loop: from a word and the old state, the new state",
        "z = x @ W_xh + b",
        "The old state never enters",
        "Do not write the answer",
    ):
        assert part in text


@pytest.mark.slow
@pytest.mark.parametrize("assignment", assignments())
def test_answers_from_the_page_are_graded_as_they_are(assignment, browser, with_python, tmp_path):
    context = browser.new_context(accept_downloads=True)
    page = Practice(context.new_page(), with_python, assignment)
    reference = {grade_id(cell): cell.source for cell in read(assignment).cells}
    for function in functions(assignment):
        page.write(function, reference[function])
        if function != "measure":  # it times, and a page's clock is coarse
            assert page.run(function).startswith("All "), function
    with page.tab.expect_download() as download:
        page.tab.get_by_role("button", name="Download my notebook").click()
    path = tmp_path / "mine.ipynb"
    download.value.save_as(path)
    assert download.value.suggested_filename == f"{assignment}.ipynb"
    assert page.trouble == []
    context.close()

    mine = json.loads(path.read_text("utf-8"))
    released = json.loads((EXERCISES / assignment / f"{assignment}.ipynb").read_text("utf-8"))
    answered = 0
    for ours, theirs in zip(released["cells"], mine["cells"], strict=True):
        assert ours["metadata"] == theirs["metadata"] and ours.get("id") == theirs.get("id")
        if ours["source"] != theirs["source"]:
            answered += 1
            assert "".join(theirs["source"]) == reference[ours["metadata"]["nbgrader"]["grade_id"]]
    assert answered == len(functions(assignment))
    del mine["cells"], released["cells"]
    assert mine == released


@pytest.mark.slow
def test_a_notebook_from_elsewhere_can_be_opened(practice, tmp_path):
    theirs = json.loads((EXERCISES / "rnn" / "rnn.ipynb").read_text("utf-8"))
    for cell in theirs["cells"]:
        if cell["metadata"].get("nbgrader", {}).get("grade_id") == "rnn_cell":
            cell["source"] = RIGHT
    path = tmp_path / "worked on elsewhere.ipynb"
    path.write_text(json.dumps(theirs), "utf-8")
    practice.tab.once("dialog", lambda dialog: dialog.accept())
    chooser = practice.tab.locator(".practice-notebook input[type=file]")
    chooser.set_input_files(path)
    expect(practice.place("rnn_cell").locator(".cm-content")).to_contain_text("h @ W_hh")
    path.write_text("{}", "utf-8")
    chooser.set_input_files(path)
    said = practice.tab.locator(".practice-notebook").get_by_role("status")
    expect(said).to_have_text(re.compile("none of its cells belongs to this exercise"))


@pytest.mark.slow
def test_keyboard_alone_is_enough(practice):
    practice.tab.reload()
    place = practice.place("rnn_cell")
    editor = place.locator(".cm-content")
    editor.focus()
    practice.tab.keyboard.press("Control+a")
    practice.tab.keyboard.insert_text(RIGHT)
    practice.tab.keyboard.press("Control+Enter")
    expect(place.get_by_role("status")).to_have_text("All 4 tests pass.")
    practice.tab.keyboard.press("Tab")  # leaves the editor, for the first button below it
    expect(place.get_by_role("button", name="Run the tests", exact=True)).to_be_focused()


@pytest.mark.slow
@pytest.mark.parametrize("dark", [False, True])
def test_axe_finds_nothing_in_a_used_exercise(practice, dark):
    practice.write("rnn_cell", FORGETS)
    practice.run("rnn_cell")
    practice.press("run_rnn", "Watch it run")
    expect(practice.place("run_rnn").get_by_role("status")).not_to_be_empty()
    assert axe_finds(practice.tab, ".practice, .practice-notebook, .course-memory", dark) == []


@pytest.mark.slow
def test_on_a_phone_nothing_is_wider_than_the_screen(browser, with_python):
    context = browser.new_context(viewport=PHONE, has_touch=True, is_mobile=True)
    page = Practice(context.new_page(), with_python)
    page.write("rnn_cell", FORGETS)
    page.run("rnn_cell")
    page.press("rnn_cell", "Watch it run")
    page.place("rnn_cell").get_by_role("table").wait_for()
    wide = page.tab.evaluate("document.documentElement.scrollWidth")
    assert wide <= PHONE["width"]
    small = page.tab.evaluate(
        "[...document.querySelectorAll('.practice button')].filter((b) => b.offsetParent && "
        "b.getBoundingClientRect().height < 44).map((b) => b.textContent)"
    )
    assert small == []
    context.close()


@pytest.mark.slow
def test_the_device_remembers_says_so_and_forgets(practice):
    tab = practice.tab
    practice.write("rnn_cell", RIGHT)
    practice.run("rnn_cell")
    mark = tab.locator(".bd-links .current .course-mark, .bd-links .active .course-mark").first
    expect(mark).to_have_attribute("title", "1 of 3 functions pass")
    memory = tab.locator("details.course-memory")
    memory.locator("summary").click()
    with tab.expect_download() as download:
        memory.get_by_role("button", name="Save it as a file").click()
    kept = json.loads(download.value.path().read_text("utf-8"))
    assert kept["passed"]["rnn/rnn_cell"] is True and "h @ W_hh" in kept["answers"]["rnn/rnn_cell"]
    tab.once("dialog", lambda dialog: dialog.accept())
    memory.get_by_role("button", name="Forget all of it").click()
    expect(memory.get_by_role("status")).to_have_text("Forgotten.")
    expect(tab.locator(".course-mark")).to_have_count(0)
    memory.locator("input[type=file]").set_input_files(download.value.path())
    expect(mark).to_have_attribute("title", "1 of 3 functions pass")


@pytest.mark.slow
def test_without_a_network_the_kept_course_goes_on(browser, site):
    with serving(site, Strict) as root:
        context = browser.new_context()
        tab = context.new_page()
        show_everything(tab)  # the first figure of the chapter below answers a prediction
        page = Practice(tab, root)
        memory = page.tab.locator("details.course-memory")
        memory.locator("summary").click()
        memory.get_by_role("button", name="Keep the course for offline").click()
        expect(memory.get_by_role("status")).to_contain_text("Kept.")
    page.tab.goto(f"{root}/exercises/attention/attention.html")  # the server is gone
    page.write("softmax", "def softmax(z, axis=-1):\n    return np.exp(z)\n")
    assert "tests pass" in page.run("softmax")
    page.tab.goto(f"{root}/book/memory.html")
    expect(page.tab.locator("img.lesson-figure").first).to_be_visible()
    context.close()


@pytest.mark.slow
def test_opened_from_a_folder_the_page_says_where_to_go(page, site):
    page.goto((SITE / "exercises" / "rnn" / "rnn.html").as_uri())
    expect(page.locator(".practice-notebook")).to_contain_text("Opened from a folder")
    expect(page.get_by_role("button", name="Write your answer")).to_have_count(0)
