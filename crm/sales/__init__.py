"""Selling: leads, and in time deals, tasks, prices and orders."""
