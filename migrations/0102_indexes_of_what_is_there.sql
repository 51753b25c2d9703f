-- A call that comes in by an access has no trunk, one that goes out no access, and one that runs no result: an entry for
-- what is not there was written for each, and looked for by nobody.
drop index calls_by_trunk;
drop index calls_by_access;
drop index calls_by_result;
create index calls_by_trunk on calls (trunk_id, started_at desc, id desc) where trunk_id is not null;
create index calls_by_access on calls (access_id, started_at desc, id desc) where access_id is not null;
create index calls_by_result on calls (result, started_at desc, id desc) where result is not null;
