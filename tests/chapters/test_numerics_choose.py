"""Choose: every number of the table of jobs is computed, and the figures say in words what fits."""

import math
import re

import matplotlib.pyplot as plt
import nbformat
import pytest
from lesson import roofline
from lesson.figures import choose as figures
from lesson.roofline import H100, NAMED

from course import ROOT

NB = nbformat.read(ROOT / "book/choose.ipynb", as_version=4)
NUMBER = re.compile(r"\d+(?:[.,]\d+)*")
GIVEN = {"72"}  # million cycles a second, from the datasheet


def table_of_jobs() -> list[list[str]]:
    [cell] = [cell.source for cell in NB.cells if cell.source.startswith("| Job |")]
    rows = [line for line in cell.splitlines() if line.startswith("| ")]
    return [row.strip("| ").split(" | ") for row in rows[1:]]


def test_each_number_of_the_table_of_jobs_is_printed_or_given_by_its_job():
    outputs = [out for cell in NB.cells if cell.cell_type == "code" for out in cell.outputs]
    printed = set(NUMBER.findall("\n".join(out.text for out in outputs)))
    rows = table_of_jobs()
    assert len(rows) == 8
    for job, _, because, reverse in rows:
        for number in NUMBER.findall(f"{because} {reverse}"):
            assert number in printed | GIVEN | set(NUMBER.findall(job)), (job, number)


def test_accelerators_for_five_hundred_users():
    users = {name: roofline.users_that_fit(NAMED[name], H100, 8192) for name in NAMED}
    assert math.ceil(500 / users["Llama 3.1 8B"]) == 9
    assert math.ceil(500 / users["Nemotron-H 8B"]) == 2


def test_bars_say_who_does_not_fit():
    models = list(NAMED.values())
    fig, alt = figures.token_time(models, H100, context=8192, users=64, bytes_each=2)
    plt.close(fig)
    assert "Llama 3.1 8B 25.0 ms, but only 59 fit" in alt and "xLSTM 7B 6.5 ms;" in alt


def test_weights_that_do_not_fit_are_said_in_the_figure():
    fig, alt = figures.users_by_context(H100, width=8192, query_heads_per_key=8, bytes_each=2)
    plt.close(fig)
    assert "transformer 0 at 8,192" in alt
    assert "the weights alone do not fit" in [text.get_text() for text in fig.axes[0].texts]


@pytest.mark.parametrize(
    "count, text",
    [(1, "1 B"), (999, "999 B"), (1000, "1.0 kB"), (614_400, "614 kB"), (36.864e9, "36.9 GB")],
)
def test_amount(count, text):
    assert figures.amount(count) == text
