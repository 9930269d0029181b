"""Viber, pretended: bots, the people who write to them, and what it refuses."""
