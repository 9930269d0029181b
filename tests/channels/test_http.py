"""The rim of every HTTP door: who calls, how often, and what JSON is."""

import pytest
from aiohttp.test_utils import make_mocked_request

from channels.http import Budget, client_address, strict_json
from crm.base.errors import Invalid


@pytest.mark.parametrize(
    "body", ["[]", "5", "", "{", '{"a":1,"a":2}', '{"a":Infinity}', '{"a":' + "[" * 100_000, '{"a":' + "9" * 5000 + "}", "\ufeff{}", "{} {}"]
)
def test_json_is_read_strictly(body: str) -> None:
    with pytest.raises(Invalid):
        strict_json(body)


def test_deep_json_is_refused_and_shallow_taken() -> None:
    with pytest.raises(Invalid):
        strict_json('{"a":[[[[1]]]]}', depth=3)
    assert strict_json('{"a":[1]}', depth=3) == {"a": [1]}


@pytest.mark.parametrize(
    ("peer", "forwarded", "believed"),
    [
        ("203.0.113.9", "198.51.100.7", "203.0.113.9"),
        ("10.0.0.1", "198.51.100.7", "198.51.100.7"),
        ("10.0.0.1", "6.6.6.6, 198.51.100.7, 10.0.0.2", "198.51.100.7"),
        ("10.0.0.1", "<script>", "10.0.0.1"),
        ("10.0.0.1", "", "10.0.0.1"),
        ("2001:db8:1:2:3::4", "", "2001:db8:1:2::"),
        ("::ffff:203.0.113.9", "", "203.0.113.9"),
    ],
)
def test_a_forwarded_address_is_believed_only_from_our_own_proxy(peer: str, forwarded: str, believed: str) -> None:
    request = make_mocked_request("GET", "/", headers={"X-Forwarded-For": forwarded}).clone(remote=peer)
    assert client_address(request, ["10.0.0.0/8"]) == believed


def test_a_budget_refills_with_time_and_forgets_the_oldest_caller() -> None:
    budget = Budget(2, 10)
    assert [budget.take("a", 0), budget.take("a", 0), budget.take("a", 0)] == [0, 0, 5]
    assert budget.take("b", 0) == 0
    assert budget.take("a", 5000) == 0
    assert budget.take("a", 4000) > 0
