-- What happened. A million rows is a year of a busy desk, so lists page by key (started_at, id), never by
-- offset, and each filter of the Inbox has an index in that order.

create table calls
(
    id               uuid    not null,
    direction        text    not null,
    state            text    not null,
    -- The end; all three null until then. The reason has no check list: a newer binary may know more.
    result           text,
    reason           text,
    status           bigint,
    -- Whether the reason is a refusal: the Inbox has a view of these, and their names are many.
    refused          boolean not null,
    -- Who called, parsed and as sent: what was rewritten can always be compared with what came.
    caller_number    text,
    caller_name      text,
    caller_anonymous boolean not null,
    caller_raw       text    not null,
    caller_asserted  text,
    diverted_from    text,
    number           text,
    sent_as          text    not null,
    -- Names are copied and there is no foreign key: the call outlives its agent and its access.
    access_id        uuid,
    access_label     text,
    agent_id         uuid,
    agent_name       text,
    source           text,
    transport        text,
    software         text,
    sip_call_id      text    not null,
    -- Identical refusals within a minute are one row with a count.
    repeats          bigint  not null,
    late             boolean not null,
    started_at       bigint  not null,
    ringing_at       bigint,
    answered_at      bigint,
    first_audio_at   bigint,
    ended_at         bigint,
    codec            text,
    recording        text    not null,
    -- Relative to the recordings' folder, which may move.
    recording_path   text,
    -- JSON: read whole on the call page, never searched.
    receipt          text    not null,
    offered          text    not null,
    quality          text,
    -- Which server process answered. Rows of a process that is gone are closed by the next one.
    instance         text    not null,
    constraint calls_pk primary key (id),
    constraint calls_direction check (direction in ('inbound', 'outbound')),
    constraint calls_state check (state in ('queued', 'dialling', 'ringing', 'answered', 'ended')),
    constraint calls_end check ((state = 'ended') = (reason is not null)
                            and (reason is null) = (result is null)
                            and (reason is null) = (ended_at is null))
);

create index calls_newest on calls (started_at desc, id desc);
create index calls_by_direction on calls (direction, started_at desc, id desc);
create index calls_by_result on calls (result, started_at desc, id desc);
create index calls_by_agent on calls (agent_id, started_at desc, id desc);
create index calls_by_access on calls (access_id, started_at desc, id desc);
create index calls_by_number on calls (number, started_at desc, id desc);
create index calls_by_caller on calls (caller_number, started_at desc, id desc);
create index calls_refused on calls (started_at desc, id desc) where refused;
-- Small whatever the table's size: what runs now, and what a crash left open.
create index calls_unfinished on calls (started_at desc, id desc) where state <> 'ended';

-- The timeline. One writer a call, so the place in the list is simply the next number.
create table call_events
(
    call_id uuid   not null,
    seq     bigint not null,
    at      bigint not null,
    -- JSON with an "event".
    what    text   not null,
    constraint call_events_pk primary key (call_id, seq),
    constraint call_events_call foreign key (call_id) references calls (id) on delete cascade
);

create table transcript_lines
(
    call_id  uuid   not null,
    seq      bigint not null,
    speaker  text   not null,
    -- words, digits or speech; text is null for speech nobody understood.
    what     text   not null,
    text     text,
    start_ms bigint not null,
    end_ms   bigint not null,
    constraint transcript_lines_pk primary key (call_id, seq),
    constraint transcript_lines_call foreign key (call_id) references calls (id) on delete cascade,
    constraint transcript_lines_speaker check (speaker in ('agent', 'caller')),
    constraint transcript_lines_what check (what in ('words', 'digits', 'speech'))
);

-- SIP messages, redacted before they come here. Bytes, because a peer may send any, U+0000 included, which
-- PostgreSQL's text refuses.
create table call_messages
(
    call_id   uuid    not null,
    seq       bigint  not null,
    at        bigint  not null,
    sent      boolean not null,
    peer      text    not null,
    transport text    not null,
    summary   text    not null,
    raw       bytea   not null,
    constraint call_messages_pk primary key (call_id, seq),
    constraint call_messages_call foreign key (call_id) references calls (id) on delete cascade
);
