-- What a search for part of a number looks at, lower case: the number, the caller's, and what was dialled as it was sent.
-- Clipped, because peers send texts of any length and PostgreSQL's indexes take no row that is longer than a third of a page.
alter table calls add column searched text not null default '';

update calls
set searched = substr(lower(coalesce(number, '') || ' ' || coalesce(caller_number, '') || ' ' || sent_as), 1, 200);

-- The order of the Inbox, with what its search asks of each call: it looks through the index and not through the rows.
drop index calls_newest;
create index calls_newest on calls (started_at desc, id desc, refused, searched);

-- The same for the numbers, in both of their orders.
create index numbers_searched on numbers (number, label);
drop index numbers_by_last_call;
create index numbers_by_last_call on numbers ((coalesce(last_call_at, 0)), number, label);
