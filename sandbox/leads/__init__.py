"""Pretended makers of forms: advertisements, site builders and anything that posts; people fill in their forms, and the firm's server is told."""
