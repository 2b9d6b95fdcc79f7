"""Lighthouse finds nothing to say on accessibility, good practice and search engines."""

import pytest

from course import ROOT, SITE
from tests.support import chromium, missing
from website import bench

PAGES = ["book/index", "book/rnn-loop", "exercises/rnn/rnn"]  # one of each kind; `make bench`: all


@pytest.mark.slow
def test_one_page_of_each_kind_has_full_marks(site):
    chromium()
    if not (ROOT / "node_modules" / "lighthouse").exists():
        missing("Lighthouse is not there; `make test` gets it")
    root = bench.serve(SITE)
    jobs = [(f"{root}/{page}.html", "mobile", bench.CATEGORIES[1:]) for page in PAGES]
    found = list(bench.lighthouse(jobs))
    assert [result["address"] for result in found] == [address for address, *_ in jobs]
    for result in found:
        assert result["failed"] == []
        assert result["scores"] == {"accessibility": 100, "best-practices": 100, "seo": 100}
