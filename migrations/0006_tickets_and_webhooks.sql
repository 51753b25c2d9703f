-- Calls as conversations: each has a number that people can say to each other. It never changes and never comes
-- twice, so it is counted and not derived: ids are too long to say, and times are not unique.

create table ticket_counter
(
    last bigint not null
);

create table tickets
(
    call_id uuid   not null,
    ticket  bigint not null,
    constraint tickets_pk primary key (call_id),
    constraint tickets_ticket unique (ticket),
    constraint tickets_call foreign key (call_id) references calls (id) on delete cascade
);

insert into tickets (call_id, ticket)
select id, row_number() over (order by started_at, id)
from calls;

insert into ticket_counter (last)
select count(*)
from tickets;

-- When something last happened in a call: what lists of conversations sort by.
create index calls_by_change on calls ((coalesce(ended_at, answered_at, ringing_at, started_at)) desc, id desc);

-- A voice of the engine's list; null lets the language choose.
alter table agents
    add column voice_id text;

-- Addresses that are told what happens. Their secret is sealed: each request is signed with it.

create table webhooks
(
    id          uuid    not null,
    url         text    not null,
    description text,
    enabled     boolean not null,
    secret      bytea   not null,
    version     bigint  not null,
    created_at  bigint  not null,
    updated_at  bigint  not null,
    constraint webhooks_pk primary key (id)
);

-- Which kinds of events it wants.
create table webhook_kinds
(
    webhook_id uuid not null,
    kind       text not null,
    constraint webhook_kinds_pk primary key (webhook_id, kind),
    constraint webhook_kinds_webhook foreign key (webhook_id) references webhooks (id) on delete cascade
);

-- What happened, once, however many are told. The id is the receiver's guard against hearing it twice.
create table webhook_events
(
    id      uuid   not null,
    kind    text   not null,
    -- What it is about, a call or a trunk: events of one subject are told in their order.
    subject uuid   not null,
    at      bigint not null,
    -- JSON of the thing as it was then.
    what    text   not null,
    constraint webhook_events_pk primary key (id)
);

create index webhook_events_by_age on webhook_events (at);

-- The queue and the log in one: a delivery stays after it was made.
create table webhook_deliveries
(
    webhook_id uuid   not null,
    event_id   uuid   not null,
    subject    uuid   not null,
    -- Its place among the deliveries of this webhook about this subject.
    seq        bigint not null,
    state      text   not null,
    tries      bigint not null,
    created_at bigint not null,
    -- When it is to be tried next; null when it is over. Whoever tries it moves this into the future first, so
    -- that no two do, and one who died is followed by another.
    next_at    bigint,
    last_at    bigint,
    -- The answer's status, or why there was none.
    status     bigint,
    error      text,
    took_ms    bigint,
    constraint webhook_deliveries_pk primary key (webhook_id, event_id),
    constraint webhook_deliveries_webhook foreign key (webhook_id) references webhooks (id) on delete cascade,
    constraint webhook_deliveries_event foreign key (event_id) references webhook_events (id) on delete cascade,
    constraint webhook_deliveries_state check (state in ('waiting', 'delivered', 'failed')),
    constraint webhook_deliveries_next check ((state = 'waiting') = (next_at is not null))
);

create index webhook_deliveries_due on webhook_deliveries (next_at) where state = 'waiting';
create index webhook_deliveries_in_order on webhook_deliveries (webhook_id, subject, seq);
create index webhook_deliveries_newest on webhook_deliveries (webhook_id, created_at desc, event_id desc);
create index webhook_deliveries_of_event on webhook_deliveries (event_id);
