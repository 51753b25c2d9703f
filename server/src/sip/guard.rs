//! The door: every datagram and every frame passes here before anything is allocated for it.

mod repair;
pub mod screen;
