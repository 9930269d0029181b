"""The customer bot: flows as pure values, the same on every channel."""
