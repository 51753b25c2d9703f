-- The server processes on one database, by the name they sign their calls with. One that has not renewed its lease is
-- taken for dead, and another gives its calls an end.
create table instances
(
    name        text   not null,
    lease_until bigint not null,
    constraint instances_pk primary key (name)
);
