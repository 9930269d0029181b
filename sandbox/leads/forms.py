"""What each maker of forms posts when somebody has filled one in: the bytes, signed or with its word in them, as its own description shows them."""

import hashlib
import hmac
import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from urllib.parse import urlencode

JSON = {"Content-Type": "application/json"}


@dataclass(frozen=True, slots=True)
class Filled:
    """A form somebody has filled in: `number` counts them, `more` are the questions of this form alone."""

    number: int
    name: str = "Ani Sargsyan"
    phone: str = "+37491000005"
    email: str = "ani@mail.example"
    message: str = ""
    more: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Posted:
    """A request as it leaves the maker."""

    headers: Mapping[str, str]
    body: bytes


def google(filled: Filled, key: str, *, test: bool = False) -> Posted:
    """Google Ads: columns with their ids, the key in the body."""
    columns = [("Full Name", "FULL_NAME", filled.name), ("User Phone", "PHONE_NUMBER", filled.phone), ("User Email", "EMAIL", filled.email)]
    asked = [("What do you need?", "what_do_you_need?", filled.message), *((question, question.lower(), answer) for question, answer in filled.more.items())]
    told = [{"column_name": name, "string_value": value, "column_id": number} for name, number, value in [*columns, *asked] if value]
    lead = f"TeSter-{'0' * 40}" if test else f"EAIaIQobChMI{filled.number:08}"
    ad = {"form_id": 40000000000, "campaign_id": 123456, "adgroup_id": 20000000000, "creative_id": 30000000000, "gcl_id": f"Cj0K{filled.number:08}"}
    return Posted(JSON, json.dumps({"lead_id": lead, "user_column_data": told, "api_version": "1.0", **ad, "google_key": key, "is_test": test}).encode())


def vk(filled: Filled, group: int, secret: str) -> Posted:
    """VK's Callback API: questions with their keys, the word in the body."""
    asked = [("first_name", "Имя", filled.name), ("phone_number", "Номер телефона", filled.phone), ("email", "Email", filled.email)]
    own = [("custom_0", "Что вам нужно?", filled.message), *((f"custom_{place}", *one) for place, one in enumerate(filled.more.items(), 1))]
    answers = [{"key": key, "question": question, "answer": answer} for key, question, answer in [*asked, *own] if answer]
    lead = {"lead_id": filled.number, "group_id": group, "user_id": 55_500_000 + filled.number, "form_id": 3, "form_name": "Shelves", "ad_id": 98765}
    event = {"type": "lead_forms_new", "event_id": f"e{filled.number:010}", "v": "5.199", "object": {**lead, "answers": answers}}
    return Posted(JSON, json.dumps({"group_id": group, **event, "secret": secret}).encode())


def confirmation(group: int, secret: str) -> Posted:
    """VK's first look at a server."""
    return Posted(JSON, json.dumps({"type": "confirmation", "group_id": group, "secret": secret, "v": "5.199"}).encode())


def tilda(filled: Filled, key: str, header: str = "X-Api-Key") -> Posted:
    """Tilda: a form with its own numbers beside the fields, and the cookie with the marks of the first visit."""
    fields = {"Name": filled.name, "Phone": filled.phone, "Email": filled.email, "Textarea": filled.message, **filled.more}
    cookies = "_ga=GA1.2; TILDAUTM=utm_source%3Dgoogle%7C%7C%7Cutm_medium%3Dcpc; previousUrl=shop.example%2F"
    told = {**fields, "tranid": f"1234567:{filled.number:08}", "formid": "form123456789", "formname": "Contact", "COOKIES": cookies}
    headers = {"Content-Type": "application/x-www-form-urlencoded", **({header: key} if key else {})}
    return Posted(headers, urlencode({name: value for name, value in told.items() if value}).encode())


def probe() -> Posted:
    """What Tilda sends when an address is entered."""
    return Posted({"Content-Type": "application/x-www-form-urlencoded"}, b"test=test")


def anything(filled: Filled, secret: str) -> Posted:
    """A program of somebody's own: JSON as they like it, signed."""
    fields = {"id": filled.number, "name": filled.name, "phone": filled.phone, "email": filled.email, "message": filled.message, **filled.more}
    body = json.dumps({name: value for name, value in fields.items() if value != ""}, ensure_ascii=False).encode()
    return Posted({**JSON, "X-Signature": hmac.new(secret.encode(), body, hashlib.sha256).hexdigest()}, body)


def leadgen(filled: Filled, page: str, form: str) -> dict[str, object]:
    """The entry of Meta's webhook: it names the lead, and that is all."""
    value = {"leadgen_id": lead_number(filled), "page_id": page, "form_id": form, "created_time": 1_764_000_000 + filled.number}
    return {"id": page, "time": 1_764_000_000, "changes": [{"field": "leadgen", "value": value}]}


def lead_number(filled: Filled) -> str:
    """How Meta numbers it."""
    return str(5_550_000_000_000_000 + filled.number)
