"""A bracket is missing in one cell; the other two are right."""


def edit(notebook):
    for cell in notebook["cells"]:
        if cell["metadata"].get("nbgrader", {}).get("grade_id") == "rnn_cell":
            cell["source"] = "def rnn_cell(x, h, W_xh, W_hh, b):\n    return np.tanh(x @ W_xh + (h"
