"""The bots: what the firm replies to customers, and how its staff sees and steers."""
