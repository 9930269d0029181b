"""Follow-ups and promotions: what is said without being asked, and to whom."""
