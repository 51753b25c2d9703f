-- Who may do what, and what they did.
--
-- One text for SQLite and PostgreSQL, so only the types both read alike: uuid, text, bytea, bigint, boolean
-- and "double precision". Times are unix milliseconds (bigint): no zone, no driver's own idea of a date.
-- Ids are UUID v7 made by the server, which sort by the time they were made. Constraints have names; the
-- names are for people, because SQLite does not hand them to the program.

create table users
(
    id            uuid   not null,
    -- Lower case already (the domain sees to it), so that one person can't have two accounts by shouting.
    email         text   not null,
    -- argon2id in PHC form, which carries its own parameters.
    password_hash text   not null,
    role          text   not null,
    -- Copied into a session at sign-in and compared on each request: raising it ends them all, although
    -- session data are blobs that no query can read.
    session_epoch bigint not null default 0,
    -- null: what the browser says.
    zone          text,
    language      text,
    theme         text,
    shortcuts     boolean not null default true,
    last_seen_at  bigint,
    created_at    bigint not null,
    updated_at    bigint not null,
    constraint users_pk primary key (id),
    constraint users_email_once unique (email),
    constraint users_email_lower check (email = lower(email)),
    constraint users_role check (role in ('admin', 'operator', 'viewer'))
);

-- The link that makes the first administrator. One row at most: a new link replaces the old one.
create table setup
(
    one_row    boolean not null default true,
    -- SHA-256 of the token. It is 256 random bits, so a slow hash would add nothing.
    token_hash bytea   not null,
    made_at    bigint  not null,
    constraint setup_pk primary key (one_row),
    constraint setup_one_row check (one_row)
);

create table api_keys
(
    id           uuid    not null,
    name         text    not null,
    -- What may be shown of the key for ever: enough to tell two apart, not enough to use.
    prefix       text    not null,
    -- SHA-256 of the key, for the same reason as above.
    key_hash     bytea   not null,
    -- Null when the command line made it.
    made_by      uuid,
    last_used_at bigint,
    last_used_ip text,
    created_at   bigint  not null,
    constraint api_keys_pk primary key (id),
    constraint api_keys_hash_once unique (key_hash),
    constraint api_keys_made_by foreign key (made_by) references users (id) on delete set null
);

create table api_key_scopes
(
    key_id uuid not null,
    -- No check list: a scope that an older binary does not know must not stop it from starting.
    scope  text not null,
    constraint api_key_scopes_pk primary key (key_id, scope),
    constraint api_key_scopes_key foreign key (key_id) references api_keys (id) on delete cascade
);

-- Who changed what. Names are copied in: the entry outlives the user, the key and the thing.
create table audit
(
    id         uuid   not null,
    at         bigint not null,
    actor_kind text   not null,
    actor_id   uuid,
    actor_name text   not null,
    -- Such as agent.update: the thing, then the verb.
    action     text   not null,
    subject    text,
    label      text   not null,
    -- JSON without secrets. Nothing joins on it.
    before     text,
    after      text,
    constraint audit_pk primary key (id),
    constraint audit_actor check (actor_kind in ('user', 'key', 'system'))
);

create index audit_newest on audit (at desc, id desc);
create index audit_by_subject on audit (subject, at desc, id desc);

-- What the installation made for itself and all its instances share, such as the nonce key. Always sealed.
create table settings
(
    name  text  not null,
    value bytea not null,
    constraint settings_pk primary key (name)
);

-- The first answer to a POST that carried an Idempotency-Key, given again for 24 h. Answers may hold a new
-- password or key, so they are sealed.
create table idempotency
(
    owner      uuid   not null,
    name       text   not null,
    -- SHA-256 of method, path and body: the same key with another body is a conflict.
    request    bytea  not null,
    status     bigint,
    answer     bytea,
    created_at bigint not null,
    constraint idempotency_pk primary key (owner, name)
);

create index idempotency_oldest on idempotency (created_at);
