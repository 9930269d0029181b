"""Measurements, printed; absolute figures never fail."""
