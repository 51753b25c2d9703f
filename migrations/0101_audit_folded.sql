-- What a search looks at, in small letters as for the labels of numbers: who it was, and what the thing is called. What is
-- not ASCII is filled in at the start.
alter table audit add column folded_actor text;
alter table audit add column folded_label text;

update audit
set folded_actor = lower(actor_name), folded_label = lower(label)
where octet_length(actor_name) = length(actor_name) and octet_length(label) = length(label);

-- What is left to fill in, so that a start sees at once that there is nothing.
create index audit_unfolded on audit (id) where folded_label is null;
