"""A pretended telephone system: people ring the firm, somebody answers or nobody does, and the firm's server is told by signed events."""
