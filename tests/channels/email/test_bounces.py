"""What machines say of our mail comes back to the delivery it was about, and only on proof."""

import pytest

from channels.email.bounces import reason
from channels.email.mail import Report, ReportKind
from channels.email.parse import Reading
from crm.base.events import Arrival, OptOut, Status, Unknown
from crm.base.outbound import Reason
from tests.channels.email.letters import KEY, read, told


@pytest.mark.parametrize(
    ("name", "why"),
    [
        ("bounce", Reason.BAD_ADDRESS),
        ("bounce_full", Reason.REJECTED),
        ("bounce_by_id", Reason.BAD_ADDRESS),
        ("bounce_qmail", Reason.BAD_ADDRESS),
        ("bounce_google", Reason.BAD_ADDRESS),
        ("bounce_nameless", Reason.BAD_ADDRESS),
        ("bounce_answering", Reason.REJECTED),
    ],
)
def test_a_bounce_fails_the_delivery_it_names(name: str, why: Reason) -> None:
    event = told(name)
    assert isinstance(event, Status)
    assert (event.arrival, event.ref, event.ids, event.reason) == (Arrival.FAILED, "d456", (), why)
    assert event.detail


def test_without_a_signed_name_the_ids_sent_back_are_told() -> None:
    event = told("bounce_unknown_id")
    assert isinstance(event, Status)
    assert (event.ref, event.ids) == ("", ("stored-7@provider.example",))


def test_a_delay_is_not_a_failure() -> None:
    assert told("bounce_delayed") == Unknown("delayed", at=told("bounce_delayed").at)


def test_a_relayed_mail_has_arrived() -> None:
    event = told("bounce_relayed")
    assert isinstance(event, Status)
    assert (event.arrival, event.ref) == (Arrival.DELIVERED, "d456")


def test_a_receipt_means_it_was_read() -> None:
    event = told("opened")
    assert isinstance(event, Status)
    assert (event.arrival, event.ref) == (Arrival.READ, "d456")


@pytest.mark.parametrize("name", ["complaint", "complaint_outlook"])
def test_a_complaint_about_our_own_mail_is_an_opt_out(name: str) -> None:
    event = told(name)
    assert isinstance(event, OptOut)
    assert (event.sender.external_id, event.ref) == ("anna@mail.example", "d456")


def test_a_complaint_anybody_could_have_written_is_none() -> None:
    assert isinstance(told("complaint_forged"), Unknown)
    stranger = Reading(frozenset({"sales@shop.example"}), keys=(b"another key",))
    assert isinstance(told("complaint", reading=stranger), Unknown)


def test_a_bounce_with_a_token_of_another_house_names_no_delivery() -> None:
    event = told("bounce", reading=Reading(frozenset({"sales@shop.example"}), keys=(b"another key",)))
    assert isinstance(event, Status)
    assert event.ref == ""


def test_an_old_key_still_proves_a_bounce() -> None:
    event = told("bounce", reading=Reading(frozenset({"sales@shop.example"}), keys=(b"new key", KEY)))
    assert isinstance(event, Status)
    assert event.ref == "d456"


@pytest.mark.parametrize("name", ["vacation_marked", "list_mail", "no_reply", "gmail_en"])
def test_other_mail_is_no_report(name: str) -> None:
    assert read(name).report is None


@pytest.mark.parametrize(
    ("code", "why"),
    [
        ("5.1.1", Reason.BAD_ADDRESS),
        ("5.1.10", Reason.BAD_ADDRESS),
        ("5.2.1", Reason.BAD_ADDRESS),
        ("5.1.8", Reason.REJECTED),
        ("5.2.2", Reason.REJECTED),
        ("5.7.1", Reason.REJECTED),
        ("5.3.4", Reason.BAD_CONTENT),
        ("4.4.7", Reason.REJECTED),
        ("", Reason.REJECTED),
    ],
)
def test_only_what_is_said_of_the_address_counts_against_it(code: str, why: Reason) -> None:
    assert reason(Report(ReportKind.BOUNCE, status=code)) == why
