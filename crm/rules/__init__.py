"""Rules: what happens by itself: an event, conditions, deeds; as data with versions, on record, within the rights of whoever made it."""
