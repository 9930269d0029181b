"""The people: contacts and their identities, what they agreed to, and the staff."""
