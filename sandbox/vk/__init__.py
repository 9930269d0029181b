"""A pretended VK: a community's API as strict as the real one, people who write to it, and a courier who brings what happens."""
