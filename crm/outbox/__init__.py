"""The way out: what waits to be sent, the gate it passes, and the truth about what became of it."""
