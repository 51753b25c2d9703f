-- The way out: carriers' trunks, the places calls may be handed on to, and what became of each attempt.

create table outbound_trunks
(
    id                uuid    not null,
    -- Not unique: ids tell trunks apart, and a carrier may have two of one name.
    name              text    not null,
    host              text    not null,
    port              bigint  not null,
    transport         text    not null,
    -- Null both where the carrier knows us by our address. The password is sealed.
    username          text,
    password          bytea,
    caller_number     text    not null,
    country           text,
    number_format     text    not null,
    caller_format     text    not null,
    from_user         text,
    from_host         text,
    auth_realm        text,
    assert            text    not null,
    user_phone        boolean not null,
    prefix            text,
    outbound_proxy    text,
    register          boolean not null,
    srtp              text    not null,
    max_channels      bigint  not null,
    max_cps           bigint  not null,
    max_duration_s    bigint  not null,
    daily_cap_minutes bigint,
    version           bigint  not null,
    created_at        bigint  not null,
    updated_at        bigint  not null,
    constraint outbound_trunks_pk primary key (id),
    constraint outbound_trunks_port check (port between 1 and 65535),
    constraint outbound_trunks_transport check (transport in ('udp', 'tcp', 'tls')),
    constraint outbound_trunks_both check ((username is null) = (password is null)),
    constraint outbound_trunks_formats check (number_format in ('e164', 'digits', 'national')
                                          and caller_format in ('e164', 'digits', 'national')),
    constraint outbound_trunks_assert check (assert in ('pai', 'ppi', 'none')),
    constraint outbound_trunks_srtp check (srtp in ('off', 'optional', 'required')),
    constraint outbound_trunks_limits check (max_channels > 0 and max_cps > 0 and max_duration_s > 0
                                         and daily_cap_minutes > 0)
);

-- The countries a trunk may call. A trunk without a row here calls nobody.
create table outbound_regions
(
    trunk_id uuid not null,
    country  text not null,
    constraint outbound_regions_pk primary key (trunk_id, country),
    constraint outbound_regions_trunk foreign key (trunk_id) references outbound_trunks (id) on delete cascade
);

create table destinations
(
    id             uuid    not null,
    name           text    not null,
    type           text    not null,
    -- A number or a URI; empty for a hang-up.
    value          text    not null,
    username       text,
    -- Sealed.
    password       bytea,
    mode           text    not null,
    keep_recording boolean not null,
    version        bigint  not null,
    created_at     bigint  not null,
    updated_at     bigint  not null,
    constraint destinations_pk primary key (id),
    constraint destinations_type check (type in ('phone', 'sip', 'hangup')),
    constraint destinations_mode check (mode in ('bridge', 'refer', 'auto')),
    constraint destinations_both check ((username is null) = (password is null)),
    -- Credentials are for us to use at one host; nothing else could keep them from others.
    constraint destinations_credentials check (username is null or (type = 'sip' and mode = 'bridge'))
);

-- Which agent may hand calls on to which destination, and by which key of the telephone.
create table agent_destinations
(
    agent_id       uuid   not null,
    destination_id uuid   not null,
    digit          text,
    -- The order in which they were assigned, which is that of the menu.
    assigned_at    bigint not null,
    constraint agent_destinations_pk primary key (agent_id, destination_id),
    constraint agent_destinations_digit_once unique (agent_id, digit),
    constraint agent_destinations_agent foreign key (agent_id) references agents (id) on delete cascade,
    -- No cascade: a destination in use is not deleted.
    constraint agent_destinations_destination foreign key (destination_id) references destinations (id)
);

create index agent_destinations_by_destination on agent_destinations (destination_id);

-- No cascade either: a trunk in use is not deleted.
alter table agents add column outbound_trunk_id uuid references outbound_trunks (id);
alter table agents add column failover_id uuid references destinations (id);

create index agents_by_outbound_trunk on agents (outbound_trunk_id);

alter table calls add column trunk_id uuid;
alter table calls add column trunk_label text;
-- The call this is a further leg of. No foreign key: rows come in any order while the database is away.
alter table calls add column parent_id uuid;
alter table calls add column phrase text;

create index calls_by_trunk on calls (trunk_id, started_at desc, id desc);
create index calls_by_parent on calls (parent_id) where parent_id is not null;

-- Attempts to hand a call on.
create table transfers
(
    id             uuid   not null,
    call_id        uuid   not null,
    destination_id uuid,
    -- Copied: the attempt outlives the destination.
    name           text   not null,
    type           text   not null,
    value          text   not null,
    mode           text   not null,
    state          text   not null,
    leg_id         uuid,
    status         bigint,
    reason         text,
    started_at     bigint not null,
    ended_at       bigint,
    constraint transfers_pk primary key (id),
    constraint transfers_call foreign key (call_id) references calls (id) on delete cascade,
    constraint transfers_state check (state in ('trying', 'ringing', 'completed', 'failed', 'unknown')),
    constraint transfers_end check ((ended_at is null) = (state in ('trying', 'ringing')))
);

create index transfers_by_call on transfers (call_id, started_at, id);
