"""Four small nets that read text, in plain numpy with gradients by hand.

`RNN` and `LSTM` are one layer each; `Blocks` is the pre-norm block, with attention, a gated
recurrence or the delta rule as its mixer. `trainer` trains any of them.
"""

from lesson.nets.block import Blocks
from lesson.nets.lstm import LSTM
from lesson.nets.net import Net
from lesson.nets.rnn import RNN

__all__ = ["LSTM", "RNN", "Blocks", "Net"]
