"""A mail provider, pretended: people with mailboxes, submission by SMTP, IMAP with IDLE, faults, and a human side in JSON."""
