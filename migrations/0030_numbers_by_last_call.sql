-- The list of numbers sorted by their last call: a million of them are still read a page at a time. Never called
-- stands as zero, because NULLs sort at different ends on the two databases.
create index numbers_by_last_call on numbers ((coalesce(last_call_at, 0)), number);
