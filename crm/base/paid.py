"""Paid: one of the events that come in: money moved somewhere else, and somebody tells of it."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Payment:
    """Money moved, as a bank, a wallet or a till tells: `amount` counts hundredths, below zero what went back; `external_id` names it there.

    `number` is what stood beside it: an order's, an invoice's, or something nobody knows; `currency` "" = the firm's own.
    """

    external_id: str
    number: str
    amount: int
    currency: str
    at: int
    method: str = ""
    reference: str = ""
    sender: None = None
