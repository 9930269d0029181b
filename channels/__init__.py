"""The platforms customers write on, one file or package each; a line here is all that makes one known."""

CHANNELS: dict[str, str] = {
    "telegram": "channels.telegram:Telegram",
    "webchat": "channels.webchat:Webchat",
    "form": "channels.form:Form",
    "email": "channels.email.channel:Email",
    "whatsapp": "channels.whatsapp:WhatsApp",
    "messenger": "channels.messenger:Messenger",
    "instagram": "channels.messenger:Instagram",
    "sms": "channels.sms:Sms",
    "smpp": "channels.smpp:Smpp",
    "calls": "channels.calls:Calls",
    "asterisk": "channels.asterisk:Asterisk",
    "viber": "channels.viber:Viber",
    "twilio": "channels.sms.twilio:TwilioSms",
    "voice": "channels.twilio_voice:Voice",
    "zadarma": "channels.zadarma:Zadarma",
    "mango": "channels.mango:Mango",
    "leads": "channels.leads.anything:Leads",
    "googleads": "channels.leads.google:GoogleAds",
    "metaleads": "channels.leads.meta:MetaLeads",
    "vkleads": "channels.leads.vk:VkLeads",
    "tilda": "channels.leads.tilda:Tilda",
    "vk": "channels.vk:Vk",
    "max": "channels.max:Max",
    "matrix": "channels.matrix:Matrix",
}
"""Account kind to the class behind it, named rather than imported: a platform's library loads only where it is used."""
