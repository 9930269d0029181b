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
    "calls": "channels.calls:Calls",
}
"""Account kind to the class behind it, named rather than imported: a platform's library loads only where it is used."""
