"""What the Send API takes and refuses, as strictly as its reference says: sizes, choices, windows, tags, templates, private replies."""

from sandbox.messenger.courier import Courier, between
from sandbox.messenger.shapes import GraphError, Json, invalid
from sandbox.messenger.site import DAY, Line, Person, Site

TOP = {"recipient", "message", "messaging_type", "tag", "sender_action", "payload", "reply_to"}
MESSAGE = {"text", "attachment", "quick_replies", "metadata", "template"}
TYPES = {"RESPONSE", "UPDATE", "MESSAGE_TAG", "UTILITY"}
HEARTS = {"love"}


class SendApi:
    """POST /me/messages of one site."""

    def __init__(self, site: Site, courier: Courier) -> None:
        self._site, self._courier = site, courier

    def send(self, asked: Json) -> Json:
        """Do one call and answer it; raises GraphError."""
        only(asked, TOP, "")
        if ("message" in asked) == ("sender_action" in asked):
            raise invalid("exactly one of message and sender_action is needed")
        recipient = asked.get("recipient")
        if not isinstance(recipient, dict) or len(recipient) != 1 or not {"id", "comment_id"} & set(recipient):
            raise invalid("recipient must be an id or a comment_id")
        if "sender_action" in asked:
            return self._act(self._person(recipient), asked)
        message = asked["message"]
        self._check(message)
        if "comment_id" in recipient:
            return self._reply_privately(recipient["comment_id"], message)
        person = self._person(recipient)
        self._in_time(person, asked, message)
        answered = (asked.get("reply_to") or {}).get("mid", "")
        if answered and self._site.line(answered) is None:
            raise invalid("the reply_to message does not exist")
        return self._post(person, message, asked.get("tag", ""), answered)

    def _person(self, recipient: Json) -> Person:
        person = self._site.person_of(recipient.get("id"))
        if person is None:
            raise invalid("No matching user found", 2018001)
        if person.blocked:
            raise GraphError(551, "This person isn't available right now.", 1545041)
        return person

    def _act(self, person: Person, asked: Json) -> Json:
        action, payload = asked["sender_action"], asked.get("payload") or {}
        if action in ("react", "unreact"):
            line = self._site.line(payload.get("message_id"))
            if line is None:
                raise invalid("no such message")
            if action == "react" and (not payload.get("reaction") or (self._site.instagram and payload["reaction"] not in HEARTS)):
                raise invalid("the reaction is not one of those allowed")
            line.reactions["page"] = payload.get("reaction", "") if action == "react" else ""
        elif action not in ("typing_on", "typing_off", "mark_seen") or payload:
            raise invalid("sender_action is not one of those allowed")
        return {"recipient_id": person.number}

    def _check(self, message: object) -> None:
        if not isinstance(message, dict):
            raise invalid("message must be an object")
        only(message, MESSAGE, "message")
        if sum(key in message for key in ("text", "attachment", "template")) != 1:
            raise invalid("a message is a text, an attachment or a template")
        if len(message.get("metadata", "")) > 1000:
            raise invalid("metadata is too long")
        if "text" in message:
            self._check_text(message["text"])
        if "attachment" in message:
            self._check_attachment(message["attachment"])
        if "template" in message:
            self._check_template(message["template"])
        self._check_choices(message.get("quick_replies", []))

    def _check_text(self, text: object) -> None:
        if not isinstance(text, str) or not text.strip():
            raise invalid("Message text may not be empty")
        if len(text.encode()) > 1000 if self._site.instagram else len(text) > 2000:
            raise invalid("Length of param message[text] must be less than or equal to the limit")

    def _check_choices(self, choices: list[Json]) -> None:
        if len(choices) > 13:
            raise invalid("at most 13 quick replies")
        for choice in choices:
            if choice.get("content_type") == "user_phone_number" and not self._site.instagram:
                continue
            if choice.get("content_type") != "text" or not 0 < len(choice.get("title", "")) <= 20 or not 0 < len(choice.get("payload", "")) <= 1000:
                raise invalid("a quick reply is a text with a title of 20 and a payload of 1000 characters at most")

    def _check_attachment(self, attachment: Json) -> None:
        sort, payload = attachment.get("type"), attachment.get("payload") or {}
        if sort == "template":
            buttons = payload.get("buttons", [])
            if payload.get("template_type") != "button" or not 0 < len(payload.get("text", "")) <= 640 or not 1 <= len(buttons) <= 3:
                raise invalid("a button template has a text of 640 characters and 1 to 3 buttons")
            if any(not 0 < len(one.get("title", "")) <= 20 or one.get("type") not in ("web_url", "postback") for one in buttons):
                raise invalid("a button is a web_url or a postback with a title of 20 characters at most")
        elif sort not in ("image", "audio", "video", "file") or set(payload) != {"attachment_id"}:
            raise invalid("an attachment is an image, audio, video or file by its attachment_id")
        elif self._site.uploads.get(payload["attachment_id"], ("", b""))[0] != sort:
            raise invalid("the attachment_id is not valid: upload the attachment again", 2018074)

    def _check_template(self, template: Json) -> None:
        only(template, {"name", "language", "components"}, "template")
        text = self._site.templates.get(template.get("name", ""))
        if self._site.instagram or text is None:
            raise invalid("the template does not exist or is not approved")
        given = [one for part in template.get("components", []) if part.get("type") == "body" for one in part.get("parameters", [])]
        if (
            len(given) != text.count("{{")
            or any(one.get("type") != "text" or not one.get("text") for one in given)
            or not template.get("language", {}).get("code")
        ):
            raise invalid("the parameters do not fit the template")

    def _in_time(self, person: Person, asked: Json, message: Json) -> None:
        sort, tag = asked.get("messaging_type"), asked.get("tag")
        if sort not in TYPES or (sort == "MESSAGE_TAG") != (tag == "HUMAN_AGENT") or (sort == "UTILITY") != ("template" in message):
            raise invalid("messaging_type and tag do not go together")
        since = self._site.now() - person.heard_at if person.heard_at is not None else 100 * DAY
        allowed = 7 * DAY if tag else 1000 * DAY if sort == "UTILITY" else DAY
        if since > allowed:
            raise GraphError(10, "This message is sent outside of allowed window.", 2534022 if self._site.instagram else 2018278, 403)

    def _reply_privately(self, number: object, message: Json) -> Json:
        comment = self._site.comments.get(str(number))
        if comment is None:
            raise invalid("Invalid comment_id parameter", 2018292)
        if comment.replied:
            raise GraphError(10900, "Activity already replied to")
        if self._site.now() - comment.at > 7 * DAY:
            raise GraphError(10901, "Activity is too old to be replied to")
        if comment.author.blocked:
            raise GraphError(551, "This person isn't available right now.", 1545041)
        comment.replied = True
        return self._post(comment.author, message, "", "")

    def _post(self, person: Person, message: Json, tag: str, answered: str) -> Json:
        site = self._site
        line = Line(site.mid(), True, message, site.now(), tag, answered)
        site.thread(person).append(line)
        named = {"app_id": int(site.app)} if site.echo_names_app else {}
        kept = {key: value for key, value in message.items() if key in ("text", "metadata", "attachment")}
        self._courier.tell(site, {**between(site, person, echo=True), "message": {"mid": line.mid, "is_echo": True, **named, **kept}})
        if not site.instagram:
            receipt = {"mids": [line.mid], "watermark": round(line.at * 1000)}
            self._courier.tell(site, {**between(site, person), "delivery": receipt}, receipt=True)
        return {"recipient_id": person.number, "message_id": line.mid}


def only(value: Json, known: set[str], where: str) -> None:
    """Refuse what no reference names."""
    for key in value:
        if key not in known:
            raise invalid(f"unknown parameter {where + '.' if where else ''}{key}")
