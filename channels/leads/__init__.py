"""Leads that are gathered elsewhere and brought to us: by advertisements' own forms, by site builders, by anything that can post."""
