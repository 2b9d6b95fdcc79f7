"""Twenty things that a learner would type: the page that answers is among the first results."""

import pytest

QUERIES = {  # a page in any of these answers
    "softmax": ("attention", "glossary"),
    "vanishing gradient": ("measured", "rnn-loop", "glossary"),
    "why divide by sqrt": ("attention",),
    "kv cache": ("all-at-once", "where-rnns-win", "choose", "glossary"),
    "cosine similarity": ("word-vectors", "word_vectors", "glossary"),
    "teacher forcing": ("all-at-once", "glossary"),
    "hidden state": ("rnn-loop", "memory", "glossary"),
    "layer norm": ("transformer-block", "glossary"),
    "residual connection": ("transformer-block", "glossary"),
    "causal mask": ("attention", "glossary"),
    "multi head attention": ("attention",),
    "positional encoding": ("attention", "glossary", "transformer-block"),
    "king queen analogy": ("word-vectors", "word_vectors"),
    "forget gate": ("measured", "glossary"),
    "quadratic complexity": ("measured", "complexity"),
    "which is faster": ("measured",),
    "parallel scan": ("complexity", "all-at-once", "glossary"),
    "backpropagation": ("rnn", "rnn-loop", "glossary"),
    "how is my notebook graded": ("how-grading-works",),
    "broadcasting": ("refresher",),
    "rnn_cell": ("rnn", "rnn-loop"),
    "lossy compression": ("memory", "seed-text"),
    "state tracking": ("where-rnns-win", "choose"),
}
FIRST = 3


@pytest.mark.slow
@pytest.mark.parametrize("query", QUERIES)
def test_the_page_that_answers_comes_first(query, served, page):
    page.goto(f"{served}/search.html?q={query.replace(' ', '+')}")
    page.wait_for_function(
        "document.querySelector('#search-results .search-summary')?.textContent.match(/\\d/)"
    )
    links = page.locator("#search-results ul.search > li > a").all()[:10]
    addresses = [link.get_attribute("href").partition("?")[0] for link in links]
    found = [address.rpartition("/")[2].partition(".html")[0] for address in addresses]
    assert set(found[:FIRST]) & set(QUERIES[query]), found


@pytest.mark.slow
def test_excerpts_are_the_words_of_a_page_and_not_its_menus(served, page):
    page.goto(f"{served}/search.html?q=softmax")
    page.wait_for_function("document.querySelectorAll('#search-results p.context').length > 5")
    for excerpt in page.locator("#search-results p.context").all_inner_texts():
        assert "softmax" in excerpt.lower()
        assert ".ipynb" not in excerpt and "Contents" not in excerpt


@pytest.mark.slow
def test_a_search_that_finds_nothing_says_what_to_do(served, page):
    page.goto(f"{served}/search.html?q=zzqqxy")
    page.get_by_text("Fewer words find more").first.wait_for()
