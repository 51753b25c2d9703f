-- What a search looks at of a number's label: the label in small letters, written by us, because lower() of SQLite knows
-- no letters beyond a to z and that of PostgreSQL only those of its locale. What is not ASCII is filled in at the start.
alter table numbers add column folded text;

update numbers
set folded = lower(label)
where octet_length(label) = length(label);

-- The same as before, with it: a search looks through the index and not through the rows.
drop index numbers_searched;
create index numbers_searched on numbers (number, folded);
drop index numbers_by_last_call;
create index numbers_by_last_call on numbers ((coalesce(last_call_at, 0)), number, folded);

-- What is left to fill in, so that a start sees at once that there is nothing.
create index numbers_unfolded on numbers (id) where label is not null and folded is null;

-- The first of those on the trunk, where most of the inventory is not.
create index numbers_on_trunk on numbers (number) where on_trunk;
