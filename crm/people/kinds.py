"""Kind: what somebody is to the firm."""

from enum import StrEnum


class Kind(StrEnum):
    """What somebody is to the firm."""

    CUSTOMER = "customer"
    SUPPLIER = "supplier"
    PARTNER = "partner"
