"""All right, but the browser that downloaded it had one already."""

FILE = "rnn (1).ipynb"
