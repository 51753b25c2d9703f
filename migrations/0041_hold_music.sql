-- What callers hear who wait for somebody, or are on hold: `none` or `melody`.
alter table agents add column hold_music text not null default 'none';
