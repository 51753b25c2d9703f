-- SIP messages of a call, redacted before they come here: those of one commit in one row. A row for each message cost
-- more than the message. `call_messages` holds those of before until they have aged; nothing is added to it.
create table call_traces
(
    call_id  uuid   not null,
    seq      bigint not null,
    -- The first of them.
    at       bigint not null,
    -- JSON, an array.
    messages text   not null,
    constraint call_traces_pk primary key (call_id, seq),
    constraint call_traces_call foreign key (call_id) references calls (id) on delete cascade
);
