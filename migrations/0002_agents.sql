-- What answers.

create table agents
(
    id                uuid    not null,
    -- Not unique: ids tell agents apart, and two teams may both have a "Front desk".
    name              text    not null,
    type              text    not null,
    language          text    not null,
    -- Null: the engine's own default.
    first_message     text,
    -- JSON list of texts. Read and written whole; nothing joins on one of them.
    instructions      text    not null,
    -- JSON with a "type": each engine has fields of its own.
    engine            text    not null,
    interruptible     boolean not null,
    enabled           boolean not null,
    is_default        boolean not null,
    recording_enabled boolean not null,
    recording_notice  text,
    keep_digits       boolean not null,
    silence_seconds   bigint  not null,
    max_duration_s    bigint  not null,
    max_channels      bigint,
    version           bigint  not null,
    created_at        bigint  not null,
    updated_at        bigint  not null,
    constraint agents_pk primary key (id),
    constraint agents_type check (type in ('inbound', 'outbound')),
    constraint agents_silence check (silence_seconds > 0),
    constraint agents_duration check (max_duration_s > 0),
    constraint agents_channels check (max_channels > 0)
);

-- One default agent at most, whoever writes.
create unique index agents_one_default on agents (is_default) where is_default;
