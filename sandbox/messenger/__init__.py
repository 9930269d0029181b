"""A page in Messenger and an account on Instagram, pretended: the Send API, files whose addresses expire, and the people on the other side."""
