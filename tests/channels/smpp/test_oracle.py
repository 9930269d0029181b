"""SMPP as somebody else reads it: smpp34 as a codec, and as the centre on the other side of a real line."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass, field, replace
from pathlib import Path

import pytest
import smpp34
from hypothesis import given
from hypothesis import strategies as st

from channels.smpp import Smpp
from channels.smpp.pdu import Address, Command, Pdu, Short, Tag, decoded, short_of
from crm.base.events import Arrival, Event, Message, Status
from crm.base.outbound import Reason, RetryLater, Say, Undeliverable
from crm.base.sms import parts
from sandbox.smsc.server import Smsc
from sandbox.smsc.world import Centre
from tests.channels.smpp.stand import ANN, OPTIONS, Clock, firm, no_media
from tests.doors import Inbox
from tests.ports import free_port

TEXT = st.text(st.characters(min_codepoint=33, max_codepoint=126), max_size=20)
BYTE = st.integers(0, 255)
TLVS = st.lists(st.tuples(st.integers(0, 0xFFFF), st.binary(max_size=40)), max_size=4).map(tuple)
SHORTS = st.builds(
    Short,
    st.builds(Address, TEXT, BYTE, BYTE),
    st.builds(Address, TEXT, BYTE, BYTE),
    st.binary(max_size=254),
    esm=BYTE,
    registered=BYTE,
    coding=BYTE,
    tlvs=TLVS,
)
LONG = "Բարև ձեզ, ունենք նոր դարակներ 😀 " * 8


@given(SHORTS, st.integers(1, 0x7FFF_FFFF))
def test_what_we_write_is_read_alike(short: Short, number: int) -> None:
    read = smpp34.decode(Pdu(Command.SUBMIT_SM, number, short.encode()).encode())
    assert isinstance(read, smpp34.SubmitSm)
    assert (read.sequence_number, read.short_message, read.esm_class, read.data_coding) == (number, short.words, short.esm, short.coding)
    assert (read.source_addr, read.source_addr_ton, read.source_addr_npi) == (short.source.text, short.source.ton, short.source.npi)
    assert (read.destination_addr, read.registered_delivery) == (short.target.text, short.registered)
    assert tuple((one.tag, bytes(one.value)) for one in read.tlvs) == short.tlvs


@given(SHORTS)
def test_what_others_write_is_read_alike(short: Short) -> None:
    made = smpp34.DeliverSm(
        short.source.text,
        short.target.text,
        short.words,
        source_addr_ton=short.source.ton,
        source_addr_npi=short.source.npi,
        dest_addr_ton=short.target.ton,
        dest_addr_npi=short.target.npi,
        esm_class=short.esm,
        registered_delivery=short.registered,
        data_coding=short.coding,
        tlvs=[smpp34.Tlv(tag, value) for tag, value in short.tlvs],
    )
    pdu = decoded(made.encode())
    assert (pdu.command, short_of(pdu.body)) == (Command.DELIVER_SM, short)


@dataclass(slots=True)
class Peer:
    """A centre by smpp34: it takes what comes, or refuses with `status`; `esme` is us as it sees us."""

    server: smpp34.Server
    smpp: Smpp
    inbox: Inbox
    status: int = 0
    taken: list[smpp34.SubmitSmEvent] = field(default_factory=list)
    bound: "asyncio.Future[smpp34.Esme]" = field(default_factory=lambda: asyncio.get_running_loop().create_future())

    async def serve(self) -> None:
        while True:
            event = await self.server.next()
            if isinstance(event, smpp34.Esme) and not self.bound.done():
                self.bound.set_result(event)
            if isinstance(event, smpp34.SubmitSmEvent) and self.status:
                event.reject(self.status)
            elif isinstance(event, smpp34.SubmitSmEvent):
                self.taken.append(event)
                event.accept(f"id{len(self.taken)}")

    async def events(self, count: int) -> list[Event]:
        await self.inbox.until(count)
        return [event for raw in self.inbox.events for event in self.smpp.parse(raw)]


async def opened() -> tuple[smpp34.Server, int]:
    """A centre on a port that nobody else has taken meanwhile."""
    while True:
        port = free_port()
        server = smpp34.Server("127.0.0.1", port, system_id="peer")
        with suppress(smpp34.SmppError):
            await server.start()
            return server, port


@asynccontextmanager
async def peer(folder: Path, **changes: object) -> AsyncIterator[Peer]:
    """smpp34 as the operator, with us bound to it."""
    server, port = await opened()
    options = replace(OPTIONS, port=port, **changes)  # type: ignore[arg-type]
    made = Peer(server, Smpp(options, firm(folder, Clock())), Inbox())
    tasks = [asyncio.create_task(made.serve()), asyncio.create_task(made.smpp.listen(made.inbox))]
    try:
        async with asyncio.timeout(30):
            await made.bound
        yield made
    finally:
        for task in reversed(tasks):
            task.cancel()
            with suppress(asyncio.CancelledError):
                await task
        await made.smpp.close()
        await server.stop()


async def said(place: Peer, text: str) -> tuple[str, ...]:
    """Send, once our side knows that it is bound too."""
    while True:
        try:
            return (await place.smpp.send(ANN, Say(text), no_media)).ids
        except RetryLater as later:
            if later.answered:
                raise
            await asyncio.sleep(0.01)


@pytest.mark.parametrize("long", ["udh", "sar", "payload"])
async def test_a_long_text_reaches_somebody_elses_centre_whole(tmp_path: Path, long: str) -> None:
    async with peer(tmp_path, long=long) as place:
        ids = await said(place, LONG)
    texts = [bytes(next((one.value for one in event.tlvs if one.tag == Tag.MESSAGE_PAYLOAD), event.short_message)) for event in place.taken]
    assert len(ids) == len(texts) == (1 if long == "payload" else parts(LONG).parts)
    assert "".join(text[6 if long == "udh" else 0 :].decode("utf-16-be") for text in texts) == LONG
    assert {event.esm_class & 0x40 for event in place.taken} == {0x40 if long == "udh" else 0}


async def test_somebody_elses_refusals_are_understood(tmp_path: Path) -> None:
    async with peer(tmp_path) as place:
        await said(place, "hello")
        place.status = 0x58
        with pytest.raises(RetryLater):
            await said(place, "hello")
        place.status = 0x0B
        with pytest.raises(Undeliverable) as refused:
            await said(place, "hello")
    assert refused.value.reason is Reason.BAD_ADDRESS


async def test_a_receipt_and_a_word_come_from_somebody_elses_centre(tmp_path: Path) -> None:
    async with peer(tmp_path) as place:
        [number] = await said(place, "hello")
        esme = await place.bound
        tlvs = [smpp34.Tlv(Tag.RECEIPTED_MESSAGE_ID, number.encode() + b"\0"), smpp34.Tlv(Tag.MESSAGE_STATE, b"\x02")]
        first = await esme.deliver_sm("marani", b"", source_addr=ANN[1:], source_addr_ton=1, esm_class=0x04, tlvs=tlvs)
        second = await esme.deliver_sm("marani", "Այո".encode("utf-16-be"), source_addr=ANN[1:], source_addr_ton=1, data_coding=8)
        status, message = await place.events(2)
    assert first.is_success
    assert second.is_success
    assert isinstance(status, Status)
    assert (status.arrival, status.ids) == (Arrival.DELIVERED, (number,))
    assert isinstance(message, Message)
    assert (message.sender.external_id, message.text) == (ANN, "Այո")


@pytest.mark.parametrize("bind", ["TRX", "TX"])
async def test_somebody_elses_client_finds_our_pretended_centre_to_be_one(bind: str) -> None:
    async with Smsc(Centre()) as smsc:
        client = smpp34.Client("127.0.0.1", smsc.port, "marani", "sesame", bind_type=bind)
        session = await client.connect()
        taken = await session.submit_sm(ANN[1:], b"hello", source_addr="Marani", source_addr_ton=5, dest_addr_ton=1, registered_delivery=1)
        refused = await session.submit_sm("12", b"hello", dest_addr_ton=1)
        too_long = await session.submit_sm(ANN[1:], b"x" * 161, dest_addr_ton=1)
        receipt = await session.next() if bind == "TRX" else None
        await session.unbind()
        await client.stop()
    assert (taken.is_success, refused.command_status, too_long.command_status) == (True, 0x0B, 0x01)
    assert receipt is None or f"id:{taken.message_id}".encode() in receipt.short_message  # type: ignore[union-attr]
    assert [text.text for text in smsc.centre.phone(ANN).texts] == ["hello"]
