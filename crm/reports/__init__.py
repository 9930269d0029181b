"""Reports: what the rows say, read only, for those who may see it."""
