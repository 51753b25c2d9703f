//! The one integration-test binary: one link step instead of fifteen.
#![expect(
    clippy::unwrap_used,
    clippy::disallowed_methods,
    reason = "a test that can't go on should say where, and drains nothing when it ends"
)]

// The fuzz targets name it; theirs is what `fuzzed` has in its place.
extern crate self as libfuzzer_sys;

mod announce;
mod api;
mod baresip;
mod binary;
mod browser;
mod cut_off;
mod databases;
mod declared_desk;
mod desk;
mod engine_bot;
mod engine_realtime;
mod engine_secure;
mod engine_sip;
mod engine_sip_refer;
mod engine_stream;
mod export;
mod faults;
mod full;
mod functions;
mod fuzzed;
mod hold_music;
mod house;
mod kamailio;
mod keys;
mod machines;
mod machines_calls;
mod many;
mod media_bridge;
mod media_calls;
mod media_pace;
mod media_phone;
mod media_pjsip;
mod media_quality;
mod media_secure;
mod ops;
mod people;
mod pjsip;
mod realtime_server;
mod realtime_shapes;
mod recordings;
mod remote;
mod remote_declared;
mod retention;
mod samples;
mod services;
mod session;
mod settings;
mod sip_attended;
mod sip_banned;
mod sip_bot;
mod sip_carrier;
mod sip_challenged;
mod sip_digest;
mod sip_dual;
mod sip_edge;
mod sip_flood;
mod sip_hand;
mod sip_hostile;
mod sip_house;
mod sip_kamailio;
mod sip_ladder;
mod sip_large;
mod sip_names;
mod sip_outbound;
mod sip_outside;
mod sip_people;
mod sip_phone;
mod sip_pjsip;
mod sip_refer;
mod sip_registered;
mod sip_scenarios;
mod sip_session;
mod sip_streams;
mod sip_test_call;
mod sip_tls;
mod sip_transfers;
mod sip_unacknowledged;
mod sip_world;
mod sipp;
#[cfg(target_os = "linux")]
mod small_disk;
mod store_both;
mod supposed;
mod webhooks;
mod world;
