"""Exchange: what comes in as files, what goes out as files, what is known of one person, and how they are forgotten."""
