"""The business: people, conversations, what is sent, leads and follow-ups. Knows no platform and no network."""
