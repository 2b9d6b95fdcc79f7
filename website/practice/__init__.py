"""Exercises that run in the page: editor, worker, runner."""
