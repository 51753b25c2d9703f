-- How the peer of an access is asked to call a number by itself (REFER): `sip:{number}@{host}`. Null: it never is.
alter table accesses add column refer_form text;
