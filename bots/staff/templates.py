"""What a manager is told about texts with fields: what may stand in them, and why one cannot be used."""

from crm.base.i18n import Translator
from crm.base.template import BadTemplate


def fields(tr: Translator) -> str:
    """What may stand in a text."""
    known = tr("{name}, {company}, {need} and {rep} are filled in for each customer.")
    return f"{known} {tr('{name|friend} says what stands there when it is not known.')}"


def refusal(tr: Translator, error: BadTemplate) -> str:
    """Why a text cannot be used, and what to do."""
    return tr("This text cannot be used. {why} Type it again.", why=tr(error.phrase, **error.fields))
