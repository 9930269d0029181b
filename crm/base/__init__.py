"""What everything stands on: the store, the values that cross borders, text, time and money."""
