//! Passwords as they lie in the database, read behind the store's back.

use app::domain::inbound::AccessKind;
use server::store::{Db, accesses, trunk};
use sqlx::{Connection as _, PgConnection, SqliteConnection};

use super::secret;
use crate::databases::{Postgres, Sqlite, key};
use crate::samples::{self, access};

/// What lies in the `password` column, as it lies there.
async fn columns(url: &str) -> Vec<Vec<u8>> {
    const SQL: &str = "select password from accesses where password is not null";
    if url.starts_with("sqlite:") {
        let mut conn = SqliteConnection::connect(url).await.unwrap();
        sqlx::query_scalar(SQL).fetch_all(&mut conn).await.unwrap()
    } else {
        let mut conn = PgConnection::connect(url).await.unwrap();
        sqlx::query_scalar(SQL).fetch_all(&mut conn).await.unwrap()
    }
}

async fn keep_sealed(url: &str) {
    const PASSWORD: &str = "hunter2-and-more";
    let db = Db::open(url, key()).await.unwrap();
    let mut tx = db.begin().await.unwrap();
    let trunk = samples::trunk();
    trunk::insert(&mut tx, &trunk).await.unwrap();
    for n in [2, 3] {
        let access = access(n, &format!("Main {n}"), AccessKind::Digest);
        accesses::insert(&mut tx, trunk.id, &access, Some(&secret(PASSWORD)))
            .await
            .unwrap();
    }
    tx.commit().await.unwrap();
    db.close().await;
    let kept = columns(url).await;
    assert_eq!(kept.len(), 2);
    for sealed in &kept {
        assert!(!holds(sealed, PASSWORD), "{sealed:?}");
    }
    assert_ne!(kept[0], kept[1], "the same password twice is not seen");
}

fn holds(bytes: &[u8], text: &str) -> bool {
    bytes
        .windows(text.len())
        .any(|part| part == text.as_bytes())
}

#[tokio::test]
async fn a_password_lies_sealed_in_the_database() {
    let lite = Sqlite::fresh();
    keep_sealed(&lite.url).await;
    // Nor in its log or elsewhere; but what is not secret is there to be read.
    let mut labels = false;
    for file in std::fs::read_dir(lite.folder.path()).unwrap() {
        // The connection that wrote may still be closing, which takes the log away.
        let Ok(bytes) = std::fs::read(file.unwrap().path()) else {
            continue;
        };
        assert!(!holds(&bytes, "hunter2"));
        labels |= holds(&bytes, "patch_2");
    }
    assert!(labels);

    let Some(postgres) = Postgres::fresh().await else {
        return;
    };
    keep_sealed(&postgres.url).await;
    postgres.drop_database().await;
}
