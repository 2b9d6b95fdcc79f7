"""The small library that the chapters draw with.

`explore` turns a drawing function into sliders that need no kernel, `plots` is the shared style,
`words` the word vectors, `ledger` the table of claims, `nets` the nets that read; `figures/` holds
what one chapter alone draws.
"""

from lesson import ledger, plots, words
from lesson.explore import explore

__all__ = ["explore", "ledger", "plots", "words"]
