//! Values the installation makes for itself and all its instances share, such as the nonce key. All are sealed:
//! there is no second kind, because what an operator sets stands in the configuration file.

use uuid::Uuid;

use super::{Conn, Place, StoreError, Tx, sql};

pub async fn secret(conn: &mut Conn, name: &str) -> Result<Option<Vec<u8>>, StoreError> {
    const SQL: &str = "
        select value
        from settings
        where name = $1";
    let sealed: Option<Vec<u8>> =
        sql!(conn, on => sqlx::query_scalar(SQL).bind(name).fetch_optional(on).await)?;
    sealed
        .map(|sealed| conn.key.open(place(name), &sealed))
        .transpose()
}

pub async fn put_secret(tx: &mut Tx, name: &str, value: &[u8]) -> Result<(), StoreError> {
    const SQL: &str = "
        insert into settings (name, value)
        values ($1, $2)
        on conflict (name) do update set value = excluded.value";
    let sealed = tx.key.seal(place(name), value)?;
    sql!(tx, on => sqlx::query(SQL).bind(name).bind(sealed).execute(on).await.map(drop))?;
    Ok(())
}

/// Settings have names where other rows have ids.
fn place(name: &str) -> Place<'_> {
    Place {
        table: "settings",
        column: name,
        row: Uuid::nil(),
    }
}
