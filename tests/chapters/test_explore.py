"""What `explore` refuses, and in which words."""

import matplotlib.pyplot as plt
import pytest
from lesson import explore


def draw(values, H, radius):
    fig, ax = plt.subplots(figsize=(1, 1))
    ax.set_title(values[H])
    return fig, f"{H} units of radius {radius}"


GRID = {"H": [16, 32], "radius": [0, 0.9]}


@pytest.mark.parametrize(
    "start, grid, sentence",
    [
        ({"H": 64}, GRID, "start['H'] is 64; the values of H are 16, 32"),
        ({"h": 16}, GRID, "start names 'h'; the parameters are H, radius"),
        ({}, {"H": [16], "radius": [0, 1]}, "H needs at least two values, got 1"),
        ({}, {"H": range(31), "radius": [0, 1]}, "62 frames; a page carries between 2 and 60"),
        ({}, {}, "a page carries between 2 and 60"),
    ],
)
def test_a_control_that_cannot_be_is_named_with_its_choices(start, grid, sentence):
    with pytest.raises(ValueError) as error:
        explore(draw, {16: "a", 32: "b"}, start=start, **grid)
    assert sentence in str(error.value)


def test_a_frame_without_alt_text_is_refused():
    with pytest.raises(ValueError, match="alt text"):
        explore(lambda H: (plt.figure(), " "), H=[1, 2])


def test_start_takes_a_value_and_data_comes_before_the_parameters():
    box = explore(draw, {16: "a", 32: "b"}, start={"H": 32, "radius": 0.9}, **GRID)
    assert [control.index for control in box.controls] == [1, 1]
