"""Meta's Graph API, pretended and strict: WhatsApp numbers, the people who write to them, the webhook that brings what they do."""
