"""Four small nets that read text, in plain numpy with gradients by hand.

`RNN` and `LSTM` are one layer each; `Blocks` is the pre-norm block, with attention, a gated
recurrence or the delta rule as its mixer. `Trainer` trains any of them on `text`; `load` gives
those that were trained.
"""

from lesson.nets import text
from lesson.nets.block import Blocks
from lesson.nets.lstm import LSTM
from lesson.nets.net import Net
from lesson.nets.rnn import RNN
from lesson.nets.shipped import NETS, binary, load, names
from lesson.nets.trainer import Trainer

__all__ = ["LSTM", "NETS", "RNN", "Blocks", "Net", "Trainer", "binary", "load", "names", "text"]
