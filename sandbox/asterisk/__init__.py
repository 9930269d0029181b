"""A pretended Asterisk: its manager interface over TCP, telling events that were recorded or made up."""
