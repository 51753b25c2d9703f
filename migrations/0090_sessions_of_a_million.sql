-- Sessions that were handed off, in the order of their list: they are few among many.
create index calls_handed_on on calls (started_at desc, id desc) where reason = 'handed_on';
