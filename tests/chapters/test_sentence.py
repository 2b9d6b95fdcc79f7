"""What four nets say of one sentence: the same as step by step, and refused in words."""

import asyncio
import html
import math
import re
from concurrent.futures import ThreadPoolExecutor

import numpy as np
import pytest
from lesson import nets, sentence

TEXT = (
    "It was the last of Mr. Wickham's letters; and Jane was not at all surprised by what he wrote. "
)
TEXT += "Mrs. Bennet was delighted with it."


@pytest.fixture(scope="module")
def seen() -> dict[str, sentence.Seen]:
    assert len(TEXT) == 128  # as far as the transformer sees
    return sentence.read(TEXT)


@pytest.mark.parametrize("name", sentence.NETS)
def test_read_says_what_a_net_says_that_reads_step_by_step(name, seen):
    net = nets.load(name)
    state, paid, p = net.start(), [], None
    for symbol in nets.text.encode(TEXT):
        if p is not None:
            paid.append(-math.log2(p[symbol]))
        logits, state = net.step(state, symbol)
        e = np.exp(logits - logits.max())
        p = e / e.sum()
    np.testing.assert_allclose(seen[name].probabilities, p, atol=1e-4)
    assert seen[name].bits == pytest.approx(np.mean(paid), abs=1e-3)


def test_heads_are_shares_and_only_the_transformer_has_them(seen):
    assert {name: len(one.heads) for name, one in seen.items()} == {
        "rnn": 0, "lstm": 0, "gated": 0, "transformer": 8,
    }  # fmt: skip
    np.testing.assert_allclose(seen["transformer"].heads.sum(axis=1), 1, atol=1e-5)


def test_what_is_kept_grows_in_the_transformer_alone_and_until_its_window_is_full(seen):
    kept = {name: one.kept for name, one in seen.items()}
    assert kept == {"rnn": 4 * 260, "lstm": 8 * 125, "gated": 8 * 64, "transformer": 1024 * 128}
    shorter, longer = sentence.read(TEXT[:64]), sentence.read(TEXT + TEXT[:64])
    for name, one in kept.items():
        assert longer[name].kept == one
        assert shorter[name].kept == (one / 2 if name == "transformer" else one)


def test_the_first_sentence_holds_a_word_that_the_novel_lacks_said_twice():
    word = "vampire"
    assert word not in nets.text.novel().lower()
    assert sentence.FIRST.count(word) == 2
    assert sentence.FIRST[: sentence.CURSOR].endswith(word[:-2])
    assert sentence.spoken(sentence.FIRST) == (sentence.FIRST, "")


@pytest.mark.parametrize(
    ("typed", "read", "left_out"),
    [("It’s “so”…", 'It\'s "so"...', ""), ("déjà — 5 €", "deja -- 5 ", "€"), ("ΩxΩ", "x", "Ω")],
)
def test_what_phones_write_is_read_as_the_novel_writes_it(typed, read, left_out):
    assert sentence.spoken(typed) == (read, left_out)


def test_a_net_writes_the_same_again_and_at_temperature_0_the_likeliest(seen):
    first, _ = sentence.write("gated", TEXT, 20, 0.8, seed=3)
    assert sentence.write("gated", TEXT, 20, 0.8, seed=3)[0] == first
    assert sentence.write("gated", TEXT, 20, 0.8, seed=4)[0] != first
    greedy, seconds = sentence.write("gated", TEXT, 1, 0)
    assert greedy == nets.text.decode([seen["gated"].probabilities.argmax()])
    assert seconds > 0


@pytest.mark.parametrize(("text", "cursor"), [("", None), ("x" * 201, None), ("abc", 4), ("a", 0)])
def test_what_is_no_sentence_is_refused(text, cursor):
    with pytest.raises(ValueError, match=r"1 to 200 characters .* got \d+ characters and cursor"):
        sentence.show(text, cursor)


def test_a_character_that_the_novel_lacks_is_named():
    with pytest.raises(ValueError, match="The novel has no '€'"):
        sentence.read("5 €")


def alt(figure: sentence.Sentence) -> str:
    return html.unescape(re.search('alt="([^"]*)"', figure.picture.value)[1])


@pytest.fixture
def thread():
    """Runs a function where no event loop runs: a browser test of this process may leave one."""
    with ThreadPoolExecutor(1) as pool:
        yield lambda function: pool.submit(function).result()


def test_the_widget_reads_what_is_typed_and_as_far_as_the_cursor(thread):
    thread(_type_and_move)


def _type_and_move():
    figure = sentence.show()
    assert "have read “A vampire came to Netherfield, and Mrs. Bennet hoped that the vampi”" in (
        alt(figure)
    )
    figure.field.value = "Mr. Darcy’s 5 €"
    assert "have read “Mr. Darcy's 5 ”" in alt(figure)
    assert "The novel has no €" in figure.said.value
    figure.cursor.value = 8
    assert "have read “Mr. Darc”. What comes is “y”. RNN gives it 99" in alt(figure)
    figure.field.value = ""
    assert "nothing to read" in figure.said.value
    figure.field.value = "x" * 300
    assert figure.field.value == "x" * 200


def test_on_a_kernel_the_picture_waits_for_the_last_key(thread):
    async def typed() -> list[str]:
        figure = sentence.show("Mr. ")
        seen = []
        for text in ("Mr. D", "Mr. Da"):
            figure.field.value = text
            seen.append(alt(figure))
        await asyncio.sleep(2 * sentence.PAUSE)
        return [*seen, alt(figure)]

    first, second, last = thread(lambda: asyncio.run(typed()))
    assert "“Mr. ”" in first and second == first and "“Mr. Da”" in last


def test_the_button_has_all_four_write_on():
    figure = sentence.show("Mr. Darcy ")
    figure.temperature.value = 0
    figure.button.click()
    for name, label in sentence.NETS.items():
        wanted, _ = sentence.write(name, "Mr. Darcy ", 30, 0)
        assert re.search(
            rf"<b>{label}</b>: [\d,]+ µs a character, [\d,]+ bytes kept<br>.*?<b>{wanted}",
            figure.written.value,
        )


def test_where_no_widget_can_be_there_is_a_picture_and_a_text():
    bundle = sentence.show("Mr. Darcy")._repr_mimebundle_()
    assert bundle["text/plain"].startswith("A sentence, read by four nets. The nets have read “Mr.")
    assert bundle["image/png"].startswith("iVBOR")
