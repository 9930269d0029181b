"""A pretended SMS centre: SMPP 3.4 over TCP, telephones that put the parts of a message together, and people who write from them."""
