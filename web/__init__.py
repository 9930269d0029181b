"""The pages and scripts a visitor sees."""
