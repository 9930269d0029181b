"""E-mail: mailboxes of the firm, read by IMAP and written from by SMTP. The class stands in `channel`, so that the worker loads nothing else."""
