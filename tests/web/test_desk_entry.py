"""The door of the staff inbox over HTTP: links, cookies, sessions, and forms that other pages send."""

import asyncio
import re

from sqlalchemy import select

from crm.base.actors import Rep, Role, System
from crm.base.db import Session
from crm.base.time import DAY
from crm.people import reps
from crm.people.logins import Letterbox, Login, WebSession
from tests.conftest import NOON
from tests.crm.fake import counts, fire, rows
from tests.web.front_desk import FrontDesk, Visitor, contents, cookie, visitor


async def test_whoever_is_not_logged_in_reads_how_to_get_in(desk: FrontDesk, outside: Visitor, ann: int) -> None:
    for path in ("/desk", f"/desk/c/{ann}", "/desk/sessions"):
        answer = await outside.get(path, **{"Accept-Language": "en"})
        assert (answer.status, "Ann" in outside.page, "/web" in outside.page) == (401, False, True)
    assert (await outside.get(f"/desk/now?c={ann}")).status == 401
    assert (await outside.get(f"/desk/c/{ann}/files/1")).status == 404


async def test_looking_at_a_link_logs_nobody_in_and_changes_nothing(desk: FrontDesk, outside: Visitor, rep: Rep) -> None:
    secret = await desk.link(rep)
    before = await contents(desk)
    for _ in range(3):
        assert (await outside.get(f"/desk/login/{secret}")).status == 200
        assert (await outside.client.head(f"/desk/login/{secret}")).status == 200
    assert await contents(desk) == before
    assert (await outside.enter(secret)).status == 303


async def test_a_link_works_once(desk: FrontDesk, outside: Visitor, rep: Rep) -> None:
    secret = await desk.link(rep)
    assert (await outside.enter(secret)).headers["Location"] == "/desk"
    assert (await outside.enter(secret)).status == 403
    assert await counts(desk.store, WebSession) == {"web_sessions": 1}


async def test_of_fifty_presses_on_one_link_one_gets_in(desk: FrontDesk, outside: Visitor, rep: Rep) -> None:
    secret = await desk.link(rep)
    await outside.get(f"/desk/login/{secret}")
    fields = {"secret": secret, "nonce": outside.hidden("nonce")}
    answers = await asyncio.gather(
        *(outside.client.post("/desk/login", data=fields, headers={"Origin": outside.origin}, allow_redirects=False) for _ in range(50))
    )
    assert sorted(answer.status for answer in answers) == [303] + [403] * 49
    assert await counts(desk.store, WebSession) == {"web_sessions": 1}


async def test_a_link_that_another_browser_opened_is_not_used_by_this_one(desk: FrontDesk, outside: Visitor, rep: Rep) -> None:
    secret = await desk.link(rep)
    async with visitor(desk.app()) as other:
        await other.get(f"/desk/login/{secret}")
        answer = await outside.post("/desk/login", {"secret": secret, "nonce": other.hidden("nonce")})
    assert answer.status == 403
    assert await rows(desk.store, select(Login.used_at)) == [None]


async def test_a_guessed_link_is_refused_in_words(outside: Visitor) -> None:
    for guess in ("x" * 22, "short", "%00%ff%80", "..%2F..%2Fetc%2Fpasswd", "a" * 4000, "%f0%9f%92%a9" * 10):
        answer = await outside.enter(guess)
        assert (answer.status, "Set-Cookie" in answer.headers) == (403, False), guess


async def test_a_link_left_at_the_machine_lets_in_once(desk: FrontDesk, outside: Visitor, rep: Rep) -> None:
    box = Letterbox(desk.folder / "logins")
    box.drop("left-at-the-machine", rep.id, now=NOON)
    assert (await outside.enter("left-at-the-machine")).status == 303
    assert box.find("left-at-the-machine", now=NOON) is None
    assert (await outside.enter("left-at-the-machine")).status == 403


async def test_the_cookie_is_for_this_page_alone(desk: FrontDesk, outside: Visitor, rep: Rep) -> None:
    kept = cookie(await outside.enter(await desk.link(rep)), "desk")["desk"]
    assert (kept["httponly"], kept["samesite"], kept["path"], kept["secure"]) == (True, "Strict", "/", "")
    assert kept["max-age"] == str(14 * 24 * 3600)
    assert kept.value not in repr(await contents(desk))


async def test_behind_https_the_cookie_is_secure_and_bound_to_the_host(desk: FrontDesk, rep: Rep) -> None:
    async with visitor(desk.app(public_url="https://crm.example")) as opened:
        answer = await opened.get("/desk/login/x")
        nonce = cookie(answer, "__Host-desk-login")["__Host-desk-login"]
        fields = {"secret": await desk.link(rep), "nonce": nonce.value}
        sent = {"Origin": "https://crm.example", "Cookie": f"__Host-desk-login={nonce.value}"}
        answer = await opened.client.post("/desk/login", data=fields, headers=sent, allow_redirects=False)
        kept = cookie(answer, "__Host-desk")["__Host-desk"]
    assert (answer.status, kept["secure"], kept["httponly"], kept["path"], kept["domain"]) == (303, True, True, "/", "")


async def test_each_login_has_a_key_of_its_own_and_the_browsers_old_one_ends(desk: FrontDesk, outside: Visitor, rep: Rep) -> None:
    first = cookie(await outside.enter(await desk.link(rep)), "desk")["desk"].value
    second = cookie(await outside.enter(await desk.link(rep)), "desk")["desk"].value
    assert first != second
    async with visitor(desk.app()) as thief:
        assert (await thief.get("/desk", Cookie=f"desk={first}")).status == 401
        assert (await thief.get("/desk", Cookie=f"desk={second}")).status == 200


async def test_a_made_up_cookie_is_nobody(outside: Visitor) -> None:
    for key in ("", "x", "x" * 43, "\u00ff" * 30, "'; DROP TABLE web_sessions; --"):
        assert (await outside.get("/desk", Cookie=f"desk={key}")).status == 401, key


async def test_pages_forbid_everything_they_do_not_need(tigran: Visitor, ann: int) -> None:
    for path in ("/desk", f"/desk/c/{ann}", "/desk/sessions", "/desk/login/x", f"/desk/now?c={ann}", "/desk/c/999999", f"/desk/c/{ann}/files/1"):
        answer = await tigran.get(path)
        policy = answer.headers["Content-Security-Policy"]
        assert policy.startswith("default-src 'none'; script-src 'self'; style-src 'self';")
        assert "frame-ancestors 'none'" in policy
        assert "unsafe" not in policy
        assert "no-store" in answer.headers["Cache-Control"]
        assert answer.headers["X-Content-Type-Options"] == "nosniff"
        assert answer.headers["Referrer-Policy"] == "same-origin"
        assert not re.search(r"<script(?![^>]* src=\"/static/)|\sstyle=|\son[a-z]+=", tigran.page)


FORMS = [("/desk/c/{ann}", {"deed": "take"}), ("/desk/c/{ann}", {"deed": "reply", "text": "hi", "seen": "999999999"}), ("/desk/sessions", {"end": "here"})]


async def test_a_form_from_another_page_changes_nothing(desk: FrontDesk, tigran: Visitor, ann: int) -> None:
    await tigran.get(f"/desk/c/{ann}")
    known = {"token": tigran.hidden("token"), "once": tigran.hidden("once")}
    before = await contents(desk)
    for origin in ("https://evil.example", "null", "", "http://127.0.0.1:1", "http://[", "file://", tigran.origin + ".evil.example"):
        for path, fields in FORMS:
            assert (await tigran.post(path.format(ann=ann), known | fields, origin=origin)).status == 403, origin
    assert await contents(desk) == before


async def test_a_form_without_the_sessions_token_changes_nothing(desk: FrontDesk, tigran: Visitor, ann: int) -> None:
    async with visitor(desk.app()) as other:
        await other.enter(await desk.link(await desk.member("ruben")))
        await other.get("/desk/sessions")
    await tigran.get(f"/desk/c/{ann}")
    before = await contents(desk)
    for token in ("", "x", other.hidden("token")):
        for path, fields in FORMS:
            assert (await tigran.post(path.format(ann=ann), {"once": tigran.hidden("once"), **fields, "token": token})).status == 403, token
    assert await contents(desk) == before


async def test_reading_changes_nothing(desk: FrontDesk, tigran: Visitor, ann: int) -> None:
    before = await contents(desk)
    paths = ("/desk", f"/desk/c/{ann}", f"/desk/c/{ann}?done=close", f"/desk/c/{ann}?deed=close&token={'x' * 32}", f"/desk/now?c={ann}", "/desk/sessions")
    for path in paths:
        assert (await tigran.get(path)).status == 200
        await tigran.client.head(path)
    for method in ("PUT", "DELETE", "PATCH"):
        assert (await tigran.client.request(method, f"/desk/c/{ann}", headers={"Origin": tigran.origin})).status == 405
    assert (await tigran.client.post("/desk", headers={"X-HTTP-Method-Override": "GET"})).status == 405
    assert await contents(desk) == before


BODIES = [
    ("application/json", b"{}", 415),
    ("text/plain", b"deed=take", 415),
    ("multipart/form-data; boundary=x", b"--x--", 403),
    ("application/x-www-form-urlencoded", b"a=1&" * 200_000, 413),
    ("application/x-www-form-urlencoded", b"a=1&" * 30, 400),
    ("application/x-www-form-urlencoded", b"\xff\xfe", 400),
    ("application/x-www-form-urlencoded", b"", 403),
]


async def test_a_body_that_no_form_of_ours_sends_is_refused(tigran: Visitor, ann: int) -> None:
    for kind, body, status in BODIES:
        headers = {"Origin": tigran.origin, "Content-Type": kind}
        assert (await tigran.client.post(f"/desk/c/{ann}", data=body, headers=headers, allow_redirects=False)).status == status, kind


WRONG = [
    {"deed": "drop"},
    {"deed": ""},
    {"once": "x"},
    {"once": "a" * 65},
    {"once": "ա" * 20},
    {"deed": "reply", "text": "  "},
    {"deed": "reply", "text": "a" * 10_001},
    {"deed": "later:1y"},
    {"deed": "later"},
]


async def test_what_cannot_be_used_is_said_and_changes_nothing(desk: FrontDesk, tigran: Visitor, ann: int) -> None:
    before = await contents(desk)
    for wrong in WRONG:
        fields = {"deed": "take", **wrong}
        assert (await tigran.do(ann, fields.pop("deed"), **fields)).status == 400, wrong
        assert "This cannot be used." in tigran.page
    assert await contents(desk) == before


async def test_a_conversation_that_is_not_there_is_not_found(tigran: Visitor) -> None:
    await tigran.get("/desk/sessions")
    known = {"token": tigran.hidden("token"), "once": "o" * 20, "deed": "take"}
    for number in ("0", "999999", "-1", "٣", "1e3", "9" * 30, "x"):
        assert (await tigran.get(f"/desk/c/{number}")).status == 404, number
        assert (await tigran.post(f"/desk/c/{number}", known)).status == 404, number


async def test_who_is_removed_is_out_at_once_with_a_form_in_hand(desk: FrontDesk, tigran: Visitor, rep: Rep, ann: int) -> None:
    await tigran.get(f"/desk/c/{ann}")
    await fire(desk.store, rep)
    before = await contents(desk)
    assert (await tigran.again(ann, "take")).status == 401
    assert (await tigran.get("/desk")).status == 401
    assert await contents(desk) == before


async def test_another_role_means_logging_in_again(desk: FrontDesk, tigran: Visitor, rep: Rep, ann: int) -> None:
    await tigran.get(f"/desk/c/{ann}")

    def promote(session: Session) -> None:
        reps.invite(session, System("test"), Role.MANAGER, "p", now=NOON)
        reps.join(session, "p", address=rep.address, name=rep.name, language="en", now=NOON + 1)

    await desk.store.write(promote)
    desk.now += 2
    assert (await tigran.again(ann, "take")).status == 401


async def test_sessions_are_listed_and_ended(desk: FrontDesk, tigran: Visitor, rep: Rep) -> None:
    async with visitor(desk.app()) as laptop:
        await laptop.enter(await desk.link(rep))
        await tigran.get("/desk/sessions")
        assert tigran.page.count('class="agent"') == 2
        assert (await tigran.post("/desk/sessions", {"token": tigran.hidden("token"), "end": "others"})).status == 303
        assert ((await laptop.get("/desk")).status, (await tigran.get("/desk")).status) == (401, 200)


async def test_logging_out_ends_this_session_and_forgets_the_key(desk: FrontDesk, tigran: Visitor) -> None:
    await tigran.get("/desk/sessions")
    answer = await tigran.post("/desk/sessions", {"token": tigran.hidden("token"), "end": "here"})
    assert (answer.status, cookie(answer, "desk")["desk"].value) == (303, "")
    assert await counts(desk.store, WebSession) == {"web_sessions": 0}


async def test_a_session_slides_while_it_is_used_and_ends_when_it_is_not(desk: FrontDesk, tigran: Visitor) -> None:
    desk.now += 10 * DAY
    assert cookie(await tigran.get("/desk"), "desk")["desk"]["max-age"] == str(14 * 24 * 3600)
    desk.now += 10 * DAY
    assert (await tigran.get("/desk")).status == 200
    desk.now += 14 * DAY
    assert (await tigran.get("/desk")).status == 401
