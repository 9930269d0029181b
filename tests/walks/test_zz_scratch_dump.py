from tests.walks.test_managers import *  # noqa
from tests.walks import test_managers as t

async def test_zz(office):
    import json
    await t.test_a_promotion_reaches_who_agreed_and_never_again_who_said_stop(office)
    for c in ("/today","/leads","/followup"):
        await t.says(office, c, "")
    import asyncio
    m=(await office.hands.chat("mariam", bot="staff"))["messages"]
    out=[]
    for x in m:
        out.append(f"[{x['from']}] {x['text']}\n   {[[b['text'] for b in r] for r in x.get('buttons') or []]}")
    open("/tmp/mariam_chat.txt","w").write("\n----\n".join(out))
