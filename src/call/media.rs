//! What offer and answer say of a call's audio, as its RTP session needs it.

use crate::rtp::SessionConfig;
use crate::sip::sdp::Negotiated;

/// The session of what was agreed on. Comfort noise that the far end offers is understood but not sent: silence that is
/// sent is heard better than silence that is described.
pub(crate) fn session_config(agreed: &Negotiated) -> SessionConfig {
    SessionConfig {
        opus: agreed.opus,
        receive: agreed.receive.clone(),
        telephone_event: agreed.telephone_event,
        telephone_event_clock: agreed.telephone_event_clock,
        telephone_event_receive: agreed.telephone_event_receive,
        remote_rtcp: agreed.remote_rtcp,
        rtcp_mux: agreed.rtcp_mux,
        rtcp_reduced_size: agreed.rtcp_reduced_size,
        ..SessionConfig::new(agreed.codec, agreed.payload_type, agreed.remote)
    }
}
