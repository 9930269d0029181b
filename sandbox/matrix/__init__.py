"""A pretended Matrix server: rooms, people in them, and the client-server API as one account's program sees it, as strict as the real one."""
