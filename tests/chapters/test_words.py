"""The word vectors are the ones their script makes, and a word is looked up or refused clearly."""

import importlib.util
import inspect

import numpy as np
import pytest
from lesson import words

spec = importlib.util.spec_from_file_location("make_glove", words.DATA / "make_glove.py")
make_glove = importlib.util.module_from_spec(spec)
spec.loader.exec_module(make_glove)


def test_the_file_is_the_one_that_its_script_makes():
    with np.load(words.DATA / "glove.npz") as file:
        assert file["recipe"].tobytes() == make_glove.recipe(), "run book/data/make_glove.py"


def test_the_vocabulary_has_what_was_wanted_and_nothing_that_was_left_out():
    names, vectors = words.load()
    assert vectors.shape == (len(names), 100) == (2000, 100)
    assert len(set(names)) == len(names)
    assert make_glove.wanted() <= set(names)
    assert not make_glove.listed("left_out.txt") & set(names)
    assert names[:3] == ("the", "of", "to"), "most frequent first"
    assert (words.DATA / "glove.npz").stat().st_size < 200_000


def test_packing_keeps_every_number_to_half_a_step_and_writes_the_same_bytes(tmp_path):
    vectors = np.random.default_rng(0).normal(size=(50, 100)) * np.geomspace(1e-2, 10, 50)[:, None]
    names = [f"w{i}" for i in range(50)]
    for name in ("one.npz", "two.npz"):
        make_glove.pack(names, vectors, tmp_path / name)
    assert (tmp_path / "one.npz").read_bytes() == (tmp_path / "two.npz").read_bytes()
    with np.load(tmp_path / "one.npz") as file:
        back = file["codes"] * file["scale"].astype(float)[:, None]
        assert file["words"].tobytes().decode().split() == names
    step = np.abs(vectors).max(axis=1, keepdims=True) / 127
    assert (np.abs(back - vectors) <= 0.57 * step).all()  # 0.5, and what float16 rounds the step by


def test_choosing_keeps_the_order_of_frequency_and_refuses_a_missing_word(monkeypatch):
    monkeypatch.setattr(make_glove, "wanted", lambda: {"rare", "the"})
    monkeypatch.setattr(make_glove, "listed", lambda name: {"war"})
    monkeypatch.setattr(make_glove, "N_WORDS", 4)
    assert make_glove.choose(["the", ",", "war", "of", "a", "to", "in", "rare"]) == [
        *["the", "of", "to", "rare"]
    ]
    with pytest.raises(ValueError, match="rare"):
        make_glove.choose(["the", "of", "to", "in"])


def test_hello_is_the_published_row():
    # first numbers of "hello" in glove.6B.100d.txt, as quoted in datascience.stackexchange 30075
    published = [0.26688, 0.39632, 0.6169, -0.77451, -0.1039, 0.26697]
    assert np.allclose(words.vector("hello")[:6], published, atol=0.01)


def test_the_sentence_is_five_rows_of_the_table():
    names, vectors = words.load()
    rows = [names.index(word) for word in ["the", "cat", "sat", "on", "mat"]]
    assert (words.sentence() == vectors[rows]).all() and words.sentence().shape == (5, 100)
    assert (words.sentence("The CAT") == vectors[rows[:2]]).all()


@pytest.mark.parametrize("look_up", [words.index, words.vector, words.sentence])
def test_an_unknown_word_is_refused_with_its_neighbours_in_spelling(look_up):
    with pytest.raises(LookupError, match=r"'kitten2' is not among the 2,000 words.*kitten"):
        look_up("kitten2")


def test_the_table_cannot_be_changed_by_a_cell():
    for shared in (words.load()[1], words.vector("cat")):
        with pytest.raises(ValueError, match="read-only"):
            shared += 1


def test_a_typical_neighbour_and_a_typical_analogy():
    names, vectors = words.load()
    unit = vectors / np.linalg.norm(vectors, axis=1, keepdims=True)
    assert names[(unit @ words.vector("cat")).argsort()[-2]] == "dog"
    king, man, woman = (words.vector(w) for w in ("king", "man", "woman"))
    best = [names[i] for i in (unit @ (king - man + woman)).argsort()[::-1][:2]]
    assert best == ["king", "queen"]


def test_every_relation_has_at_least_eleven_pairs_of_known_words():
    for relation, pairs in words.analogies().items():
        assert len(pairs) >= 11, relation
        for pair in pairs:
            assert [words.index(word) for word in pair]


def test_every_public_function_says_what_it_returns():
    for name, function in inspect.getmembers(words, inspect.isfunction):
        if function.__module__ == words.__name__ and not name.startswith("_"):
            assert function.__doc__, name
