"""Every table of the schema, so that the metadata is whole; imported by migrations, tests and the console."""

from crm.base.history import DomainEvent
from crm.base.installation import Installation
from crm.base.leases import Lease
from crm.base.nodes import Node
from crm.base.table import Base, Counter
from crm.base.tallies import Tally
from crm.conversations.calls import CallRow
from crm.conversations.threads import Attachment, Conversation, Message, Note
from crm.inbox.edits import PendingEdit
from crm.inbox.log import Offset, RawBody, RawEventRow, Waiting
from crm.outbox.approved import ApprovedRow
from crm.outbox.arrivals import PendingStatus
from crm.outbox.deliveries import Batch, Delivery
from crm.outbox.lines import Mail
from crm.outbox.notices import NoticeRow
from crm.outreach.campaigns import Campaign, Recipient
from crm.outreach.sequences import Enrollment, Sequence, Step
from crm.people.aliases import IdentityAlias
from crm.people.consents import Consent
from crm.people.contacts import Contact, ContactPoint, Identity
from crm.people.desk import ButtonToken, Handled, RepMessage, WizardRow
from crm.people.link import Link, LinkToken
from crm.people.logins import Login, WebSession
from crm.people.reps import Invite, Member, Stranger
from crm.people.suggestions import Suggestion
from crm.sales.leads import Lead
from crm.sales.tasks import Task

TABLES: tuple[type[Base], ...] = (
    Counter,
    Lease,
    Node,
    Installation,
    DomainEvent,
    Tally,
    Contact,
    Identity,
    IdentityAlias,
    Suggestion,
    ContactPoint,
    Consent,
    Member,
    Invite,
    Stranger,
    Login,
    WebSession,
    LinkToken,
    Link,
    ButtonToken,
    WizardRow,
    RepMessage,
    Handled,
    Batch,
    Delivery,
    NoticeRow,
    Conversation,
    Message,
    Attachment,
    Note,
    Mail,
    CallRow,
    Lead,
    Task,
    ApprovedRow,
    Sequence,
    Step,
    Enrollment,
    Campaign,
    Recipient,
    RawEventRow,
    RawBody,
    Waiting,
    Offset,
    PendingEdit,
    PendingStatus,
)
metadata = Base.metadata
