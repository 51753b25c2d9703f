//! The one integration-test binary: one link step instead of fifteen.
#![expect(
    clippy::unwrap_used,
    clippy::expect_used,
    reason = "a test that can't go on should say where"
)]

mod databases;
mod desk;
mod house;
mod samples;
mod store_both;
