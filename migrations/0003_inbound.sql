-- The way in: one trunk, who may use it, and the numbers people dial.

create table inbound_trunk
(
    -- One row: the key has one possible value.
    one_row         boolean not null default true,
    id              uuid    not null,
    region          text    not null,
    krisp_enabled   boolean not null,
    max_channels    bigint,
    other_sources   text    not null,
    country         text,
    agent_id_header text    not null,
    version         bigint  not null,
    created_at      bigint  not null,
    updated_at      bigint  not null,
    constraint inbound_trunk_pk primary key (one_row),
    constraint inbound_trunk_one_row check (one_row),
    constraint inbound_trunk_id_once unique (id),
    constraint inbound_trunk_region check (region in ('global', 'us', 'eu', 'apac')),
    constraint inbound_trunk_other_sources check (other_sources in ('digest', 'refuse')),
    constraint inbound_trunk_channels check (max_channels > 0)
);

-- One carrier's or PBX's right to come in; `credentials` in the API.
create table accesses
(
    id                uuid    not null,
    trunk_id          uuid    not null,
    label             text    not null,
    kind              text    not null,
    -- Digest only. Generated, never typed: nobody reuses their own password here by mistake.
    username          text,
    -- Sealed. Not a hash, because digest needs the password itself, and carriers need to be shown it again.
    password          bytea,
    -- The first label of a host of its own: tells two customers of one carrier apart.
    endpoint_name     text    not null,
    own_endpoint_only boolean not null,
    country           text,
    agent_header      boolean not null,
    number_source     text    not null,
    max_channels      bigint,
    srtp              text    not null,
    sha256_only       boolean not null,
    strict_uri        boolean not null,
    enabled           boolean not null,
    last_used_at      bigint,
    last_used_ip      text,
    version           bigint  not null,
    created_at        bigint  not null,
    updated_at        bigint  not null,
    constraint accesses_pk primary key (id),
    constraint accesses_trunk foreign key (trunk_id) references inbound_trunk (id) on delete cascade,
    constraint accesses_label_once unique (label),
    constraint accesses_username_once unique (username),
    constraint accesses_endpoint_name_once unique (endpoint_name),
    constraint accesses_kind check (kind in ('digest', 'network')),
    -- A username without a password would be an open door, so there is no such row.
    constraint accesses_digest_has_both check ((kind = 'digest') = (username is not null)
                                           and (kind = 'digest') = (password is not null)),
    constraint accesses_number_source check (number_source in ('auto', 'request_uri', 'called_party', 'to')),
    constraint accesses_srtp check (srtp in ('off', 'optional', 'required')),
    constraint accesses_channels check (max_channels > 0)
);

create index accesses_by_trunk on accesses (trunk_id);

-- For a network access: who is let in. For a digest access: where it must be used from, if anything is here.
create table access_networks
(
    access_id uuid not null,
    network   text not null,
    constraint access_networks_pk primary key (access_id, network),
    constraint access_networks_access foreign key (access_id) references accesses (id) on delete cascade
);

-- The inventory. A number is answered by one agent because the agent is a column of it.
create table numbers
(
    id           uuid    not null,
    -- E.164 with its plus.
    number       text    not null,
    label        text,
    verified_at  bigint,
    on_trunk     boolean not null,
    agent_id     uuid,
    last_call_at bigint,
    version      bigint  not null,
    created_at   bigint  not null,
    updated_at   bigint  not null,
    constraint numbers_pk primary key (id),
    constraint numbers_number_once unique (number),
    constraint numbers_e164 check (number like '+%'),
    constraint numbers_agent foreign key (agent_id) references agents (id) on delete set null
);

create index numbers_by_agent on numbers (agent_id, number);
