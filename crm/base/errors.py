"""The small tree of errors; a docstring is the message for the log, faces translate each class once."""


class DragomanError(Exception):
    """Something was refused."""

    def __init__(self, detail: str = "") -> None:
        super().__init__(detail or (type(self).__doc__ or "").strip())
        self.detail = detail


class Busy(DragomanError):
    """Too much is waiting; try again in a second."""


class Forbidden(DragomanError):
    """This actor may not do that."""


class LastManager(Forbidden):
    """Somebody has to stay a manager."""


class LastOwner(LastManager):
    """Somebody has to stay an owner."""


class Locked(Forbidden):
    """Too many wrong tries; a quarter of an hour must pass."""


class StepUp(Forbidden):
    """Whoever wants this must show that it is they; `detail` says what for, `about` the very deed."""

    def __init__(self, detail: str = "", about: str = "") -> None:
        super().__init__(detail)
        self.about = about


class Late(DragomanError):
    """Something newer was done before this arrived; `detail` says what stands."""


class NotFound(DragomanError):
    """There is no such thing, or not for this actor."""


class Invalid(DragomanError):
    """What was given cannot be used."""


class Expired(DragomanError):
    """This button or link is no longer good."""


class Taken(DragomanError):
    """Somebody else has this conversation; `detail` is their name."""


class Stale(DragomanError):
    """Newer messages have come that were not seen yet."""


class Unreachable(DragomanError):
    """The customer cannot be written to there."""


class Lost(DragomanError):
    """Another node has taken over this piece of work."""


class Misconfigured(DragomanError):
    """A setting is missing or wrong."""
