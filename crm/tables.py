"""Every table of the schema, so that the metadata is whole; imported by migrations, tests and the console."""

from crm.base.following import Follower
from crm.base.history import DomainEvent
from crm.base.installation import Installation
from crm.base.jobs import Job
from crm.base.leases import Lease
from crm.base.nodes import Node
from crm.base.seals import Seal
from crm.base.table import Base, Counter
from crm.base.tallies import Tally
from crm.conversations.calls import CallRow
from crm.conversations.clocks import AnswerClock
from crm.conversations.offers import Offer
from crm.conversations.planned import PlannedReply
from crm.conversations.queues import ChannelQueue, QueueRow, Skill
from crm.conversations.snippets import Snippet
from crm.conversations.threads import Attachment, Conversation, Message, Note
from crm.conversations.windows import WindowEnd
from crm.documents.documents import Document
from crm.documents.drawing import Drawing
from crm.documents.layouts import Layout
from crm.documents.numbers import Serial
from crm.exchange.captures import Capture
from crm.exchange.imports import Import, ImportRow
from crm.exchange.made import MadeFile
from crm.exchange.tombstones import Tombstone
from crm.inbox.albums import AlbumPart
from crm.inbox.edits import PendingEdit
from crm.inbox.log import Offset, RawBody, RawEventRow, Waiting
from crm.outbox.approved import ApprovedRow
from crm.outbox.arrivals import PendingStatus
from crm.outbox.deliveries import Batch, Delivery
from crm.outbox.forum import Forum, ForumTopic
from crm.outbox.lines import Mail
from crm.outbox.notices import NoticeRow
from crm.outbox.pieces import Piece
from crm.outbox.shares import ShareRow
from crm.outreach.campaigns import Campaign, Recipient
from crm.outreach.sequences import Enrollment, Sequence, Step
from crm.people.aliases import IdentityAlias
from crm.people.calendars import Leave, OffDay, WorkHours
from crm.people.companies import Company
from crm.people.consents import Consent
from crm.people.contacts import Contact, ContactPoint, Identity
from crm.people.desk import ButtonToken, Handled, RepMessage, WizardRow
from crm.people.fields import Field, FieldValue
from crm.people.link import Link, LinkToken
from crm.people.logins import Login, WebSession
from crm.people.own_accounts import OwnAccountRow, OwnChat
from crm.people.reps import Invite, Member, Stranger
from crm.people.steps import Pin, StepRow
from crm.people.suggestions import Suggestion
from crm.people.tags import Tag
from crm.people.teams import TeamRow
from crm.projects.blueprints import Blueprint, BlueprintStep
from crm.projects.budget import ProjectCost
from crm.projects.projects import Project, ProjectStep
from crm.projects.survey import Rating, SurveySwitch
from crm.reports.search_tables import Findable, SearchMark, WordGram
from crm.rules.rules import Rule, RuleVersion
from crm.rules.runs import RuleRun
from crm.sales.asking import PayAsk
from crm.sales.deals import Deal, DealContact, StageStay
from crm.sales.discounts import DiscountRule
from crm.sales.entries import Entry, LeadEntry
from crm.sales.leads import Lead
from crm.sales.ledger import Payment
from crm.sales.lines import DealLine
from crm.sales.orders import Order, OrderLine, OrderYear
from crm.sales.pay_ways import PayRule, PayWay
from crm.sales.pipelines import Pipeline, Reason, Stage
from crm.sales.postings import Posting
from crm.sales.products import Product
from crm.sales.scores import ScoreModel
from crm.sales.shipments import Shipment
from crm.sales.stock import StockMove
from crm.sales.tasks import Task

TABLES: tuple[type[Base], ...] = (
    Counter,
    Lease,
    Node,
    Installation,
    DomainEvent,
    Seal,
    Follower,
    Tally,
    Company,
    Contact,
    Identity,
    IdentityAlias,
    Suggestion,
    ContactPoint,
    Consent,
    Field,
    FieldValue,
    Tag,
    Member,
    Invite,
    Stranger,
    TeamRow,
    WorkHours,
    OffDay,
    Leave,
    Pin,
    StepRow,
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
    QueueRow,
    ChannelQueue,
    Skill,
    Offer,
    Message,
    Attachment,
    ShareRow,
    Note,
    Snippet,
    PlannedReply,
    AnswerClock,
    Forum,
    ForumTopic,
    Mail,
    CallRow,
    WindowEnd,
    Lead,
    Entry,
    LeadEntry,
    ScoreModel,
    Posting,
    Pipeline,
    Stage,
    Reason,
    Deal,
    DealContact,
    StageStay,
    Product,
    DiscountRule,
    DealLine,
    StockMove,
    Task,
    Document,
    Drawing,
    Layout,
    Serial,
    Order,
    OrderLine,
    OrderYear,
    Shipment,
    Payment,
    PayAsk,
    PayWay,
    PayRule,
    Blueprint,
    BlueprintStep,
    Project,
    ProjectStep,
    ProjectCost,
    Rating,
    SurveySwitch,
    Rule,
    RuleVersion,
    RuleRun,
    Findable,
    WordGram,
    SearchMark,
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
    AlbumPart,
    OwnAccountRow,
    OwnChat,
    PendingEdit,
    PendingStatus,
    Piece,
    Job,
    Import,
    ImportRow,
    Capture,
    MadeFile,
    Tombstone,
)
metadata = Base.metadata
