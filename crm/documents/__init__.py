"""Papers: quotes, invoices, contracts and acts, numbered without gaps, drawn in a process of their own and answered with a button."""
