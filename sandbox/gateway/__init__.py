"""A pretended SMS operator: a gateway on HTTP in a shape that can be chosen, telephones that get what it carries, and people who write from them."""
