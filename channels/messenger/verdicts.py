"""What the Send API's own error numbers mean; what all of Graph shares stands in `channels/graph.py`."""

from channels.graph import PAUSE, Table, Wait
from crm.base.outbound import Reason

UNKNOWN = 1
"""An error of this number has come for messages that arrived all the same, so nobody knows."""

TABLE: Table = {
    (10, 2018278): Reason.WINDOW_CLOSED,
    (10, 2018065): Reason.WINDOW_CLOSED,
    (10, 2534022): Reason.WINDOW_CLOSED,
    (10, 2018108): Reason.BLOCKED,
    (10, 1893063): Reason.ACCOUNT_PROBLEM,
    # A comment that has its private reply already, is too old for one, or takes none.
    10900: Reason.WINDOW_CLOSED,
    10901: Reason.WINDOW_CLOSED,
    10903: Reason.WINDOW_CLOSED,
    551: Reason.BLOCKED,
    (200, 1545041): Reason.BLOCKED,
    (100, 2018001): Reason.BAD_ADDRESS,
    (100, 2018218): Reason.BAD_ADDRESS,
    (100, 2018292): Reason.BAD_ADDRESS,
    (100, 2534014): Reason.BAD_ADDRESS,
    100: Reason.BAD_CONTENT,
    1200: Wait(PAUSE),
}
