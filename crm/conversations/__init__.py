"""The threads with customers: what was said, by whom, who has it, what was noted."""
