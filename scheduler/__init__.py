"""What runs by itself: the loops that work off due rows, and the clock that wakes them."""
