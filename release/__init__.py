"""The way out: from solutions and chapters to what learners and readers get."""
