"""Catalogues of our phrases, one folder per language, and `extract`, which keeps them in step with the code."""
