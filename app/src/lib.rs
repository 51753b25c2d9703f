//! What the browser and the server both know.

pub mod domain;
