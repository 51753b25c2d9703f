//! The door: every datagram and every frame passes here before anything is allocated for it.

pub mod frame;
pub mod limits;
mod repair;
pub mod screen;
