"""What became of a queue, in words: how it goes, how fast, whose customers come to it, and what its people can do; pure."""

from collections.abc import Mapping

from crm.base.i18n import N_

KINDS: Mapping[str, str] = {
    "language_on": N_("speaks a language"),
    "language_off": N_("does not speak a language"),
    "skill_on": N_("good at something"),
    "skill_off": N_("not good at it any more"),
    "way": N_("how customers come to somebody"),
    "accept_ms": N_("time to accept"),
    "cap": N_("how many at a time"),
    "answer_within": N_("time for a first answer"),
    "next_within": N_("time for further answers"),
    "absent_ms": N_("when somebody is away"),
    "as_firm": N_("as the firm’s"),
    "channel": N_("whose customers a channel brings"),
}
