"""The world outside Dragoman, pretended: a Bot API server and the people on its other side."""
