"""The follow-ups a new company starts with: three short, friendly words, each later than the one before."""

from dataclasses import dataclass

from crm.base.i18n import N_

HOUR = 3_600_000


@dataclass(frozen=True, slots=True)
class DefaultStep:
    """One follow-up: milliseconds of silence before it, and its English phrase with the fields name and company; `tr` says it in five languages."""

    delay: int
    phrase: str


DEFAULT_FOLLOWUPS = (
    DefaultStep(24 * HOUR, N_("Hello, {name}! This is {company}. Do you still have a question for us? Just answer here.")),
    DefaultStep(72 * HOUR, N_("Hello, {name}! {company} is still glad to help. Shall we go on?")),
    DefaultStep(168 * HOUR, N_("Hello, {name}! We will not disturb you any more. When you need {company}, write here at any time.")),
)
