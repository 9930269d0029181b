"""A pretended Twilio: its REST API, strict as the real one, telephones that text and ring, and callbacks that are signed."""
