-- The link by which a person chooses their own password, so that nobody who adds them knows it. One a person:
-- a new link replaces the old one, and the account's end is the link's.

create table password_links
(
    user_id    uuid   not null,
    -- SHA-256 of the token, as with the set-up link.
    token_hash bytea  not null,
    expires_at bigint not null,
    constraint password_links_pk primary key (user_id),
    constraint password_links_hash_once unique (token_hash),
    constraint password_links_user foreign key (user_id) references users (id) on delete cascade
);
