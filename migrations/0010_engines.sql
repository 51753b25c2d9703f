-- What an agent's engine knows us by: a token or a key. Sealed, and beside the engine's settings, which are shown.
alter table agents
    add column engine_secret bytea;
