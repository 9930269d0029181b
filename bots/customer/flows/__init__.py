"""One file per flow: greet, qualify, offers, stop, handover."""
