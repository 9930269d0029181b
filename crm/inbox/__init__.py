"""The way in: what was kept, and what is made of it."""
