-- Whose request holds an Idempotency-Key, and until when. A server may die in the middle of a request: its
-- claim runs out, and the same request may then be tried again.

-- Made anew for each request, so that one that was overtaken can tell.
alter table idempotency add column claim uuid;

-- The holder moves this on while it works. Zero: whoever held it before there were leases is gone.
alter table idempotency add column lease_until bigint not null default 0;

-- Set in the same transaction as the first change that the request makes. Done and without an answer is what
-- a server left that died in between: it must not be done again.
alter table idempotency add column done boolean not null default false;
