"""Picking: how often something of the price list is taken, while it is not yet of the deal; pure."""

from collections.abc import Mapping, Sequence
from dataclasses import replace

from crm.base.pricing import Line
from crm.sales.products import Goods, line_from


def picks_of(lines: Sequence[Line]) -> dict[int, int]:
    """How much of each product there is in lines, in thousandths."""
    found: dict[int, int] = {}
    for line in lines:
        if line.product_id is not None:
            found[line.product_id] = found.get(line.product_id, 0) + line.quantity_m
    return found


def merged(lines: Sequence[Line], picks: Mapping[int, int], goods: Mapping[int, Goods]) -> tuple[Line, ...]:
    """The lines with so much of each product as was picked: what is no other stays as it is, with its price and discount; what is new comes at the end.

    A product of which nothing is picked goes; one that stands in two lines and is picked otherwise is one line from now on.
    """
    before, told = picks_of(lines), set()
    found: list[Line] = []
    for line in lines:
        number = line.product_id
        if number is None or picks.get(number, 0) == before[number]:
            found.append(line)
        elif picks.get(number, 0) > 0 and number not in told:
            found.append(replace(line, quantity_m=picks[number]))
        if number is not None:
            told.add(number)
    fresh = (number for number, much in picks.items() if much > 0 and number not in before and number in goods)
    return (*found, *(line_from(goods[number], picks[number]) for number in fresh))
