//! The `password` column of accesses, outbound trunks and destinations: sealed on its way in, opened on its way out.
//! A sealed value opens only in the table and row it was sealed for.

use std::collections::HashMap;
use std::hash::Hash;

use app::domain::sip::Secret;
use uuid::Uuid;

use super::row::At;
use super::{Conn, StoreError, Tx, sql};

const COLUMN: &str = "password";

/// Every password of a table, for the routing snapshot: the SIP path never waits on SQL.
pub(super) async fn all<Id: Eq + Hash>(
    conn: &mut Conn,
    table: &'static str,
    id: fn(Uuid) -> Id,
) -> Result<HashMap<Id, Secret>, StoreError> {
    let text = format!("select id, password from {table} where password is not null");
    let rows: Vec<(Uuid, Vec<u8>)> = sql!(conn, on => sqlx::query_as(&text).fetch_all(on).await)?;
    rows.into_iter()
        .map(|(row, sealed)| Ok((id(row), open(conn, table, row, &sealed)?)))
        .collect()
}

pub(super) fn open(
    conn: &Conn,
    table: &'static str,
    row: Uuid,
    sealed: &[u8],
) -> Result<Secret, StoreError> {
    let text = conn.unseal(table, COLUMN, row, sealed)?;
    text.parse().map_err(|_| At { table, row }.corrupt(COLUMN))
}

pub(super) fn seal(
    tx: &Tx,
    table: &'static str,
    row: Uuid,
    password: Option<&Secret>,
) -> Result<Option<Vec<u8>>, StoreError> {
    password
        .map(|secret| tx.seal(table, COLUMN, row, secret.expose()))
        .transpose()
}
