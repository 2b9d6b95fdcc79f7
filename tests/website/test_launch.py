"""A page's notebook can be opened in Binder and Colab, and taken away as a file."""

import re
import urllib.request
from urllib.parse import urljoin

import pytest
import yaml

from course import ROOT, address, pages
from release.publish import LEARNER

NOTEBOOKS = [path for name in pages() if (path := ROOT / f"{name}.ipynb").exists()]
EXERCISES = [path for path in NOTEBOOKS if path.is_relative_to(ROOT / "exercises")]


def named(path):
    return path.stem


def page(site, path) -> str:
    return (site / path.relative_to(ROOT)).with_suffix(".html").read_text("utf-8")


def test_every_notebook_has_its_page(site):
    there = [*ROOT.glob("book/*.ipynb"), *ROOT.glob("exercises/*/*.ipynb")]
    assert sorted(there) == sorted(NOTEBOOKS), "add it to _toc.yml"


@pytest.mark.parametrize("path", NOTEBOOKS, ids=named)
def test_the_launch_buttons_open_this_notebook_in_the_learner_edition(site, path):
    place = path.relative_to(ROOT).as_posix()
    assert place.split("/")[0] in LEARNER
    branch = yaml.safe_load((ROOT / "_config.yml").read_text("utf-8"))["repository"]["branch"]
    # publish.yml pushes the learner edition there
    workflow = (ROOT / ".github/workflows/publish.yml").read_text("utf-8")
    assert f"git init -q -b {branch}" in workflow and f'.git" {branch}\n' in workflow
    name = address().removeprefix("https://github.com/")
    binder = f"https://mybinder.org/v2/gh/{name}/{branch}?urlpath=lab/tree/{place}"
    colab = f"https://colab.research.google.com/github/{name}/blob/{branch}/{place}"
    text = page(site, path)
    assert f'href="{binder}"' in text and f'href="{colab}"' in text


def test_the_first_page_opens_binder_s_first_page(site):
    text = (site / "book" / "index.html").read_text("utf-8")
    assert re.findall(r'href="https://mybinder\.org/[^"]*urlpath=([^"]*)"', text) == [
        "lab/tree/README.md"
    ]
    assert "colab.research" not in text, "Colab opens notebooks only"


@pytest.mark.parametrize("path", EXERCISES, ids=named)
def test_an_exercise_can_be_downloaded_as_it_is(site, path, served):
    link = re.search(r'<p class="take-away"><a href="([^"]*)" download>Download', page(site, path))
    place = path.relative_to(ROOT).with_suffix(".html").as_posix()
    with urllib.request.urlopen(urljoin(f"{served}/{place}", link[1])) as answer:
        assert answer.read() == path.read_bytes()
