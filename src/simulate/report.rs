//! What is left of a test call, as JSON. PURE.
//!
//! All times are milliseconds, read off the packets as they left and arrived at the test telephone.

use std::time::Instant;

use serde::Serialize;

use crate::rtp::Counters;

/// A call placed by the spoken test caller.
#[derive(Debug, Clone, Default, PartialEq, Serialize)]
pub struct CallReport {
    /// INVITE sent → 200 received.
    pub answered_after_ms: Option<i64>,
    /// 200 received → first packet with speech received.
    pub first_audio_after_answer_ms: Option<i64>,
    /// What the agent said before the caller's first turn, transcribed from the received audio.
    pub greeting: Option<String>,
    pub turns: Vec<TurnReport>,
    pub ended_by: EndedBy,
    /// The URI the agent asked the caller's telephone to call.
    pub transferred_to: Option<String>,
    /// Final SIP status of the call to that URI.
    pub transfer_status: Option<u16>,
    /// What the operator said before the caller spoke to them, transcribed.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub operator_greeting: Option<String>,
    /// 200 received → end of the last leg.
    pub duration_ms: Option<i64>,
    pub packets: Packets,
    /// Why the call counts as failed; absent when it went as it should.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub failure: Option<Failure>,
}

/// One contribution of the caller and what came back.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct TurnReport {
    pub said: String,
    pub to: Party,
    /// Last packet with speech (or last packet of the last key) sent → first packet with speech received. Negative
    /// when the reply began before the caller had finished; `null` without a reply.
    pub reply_started_after_ms: Option<i64>,
    /// The received audio of this turn, transcribed back.
    pub reply: Option<String>,
    /// The caller spoke over the agent: first packet with speech sent → last packet of the prompt that was cut.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub prompt_stopped_after_ms: Option<i64>,
}

/// Who is at the other end of a leg.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Party {
    Agent,
    Operator,
}

/// Who ended the call.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum EndedBy {
    Agent,
    Operator,
    Caller,
    /// The call never came about, or the far end vanished.
    #[default]
    Nobody,
}

/// Why a test call failed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, thiserror::Error)]
#[serde(rename_all = "snake_case")]
pub enum Failure {
    #[error("call refused with status {0}")]
    Refused(u16),
    #[error("no answer")]
    NotAnswered,
    #[error("the session description of the answer is unusable")]
    BadAnswer,
    #[error("the far end sent no audio")]
    NoAudio,
    #[error("the far end vanished during the call")]
    FarEndLost,
    #[error("the call lasted longer than allowed")]
    TooLong,
}

/// RTP packets of all legs.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize)]
pub struct Packets {
    pub sent: u64,
    pub received: u64,
    pub lost: u64,
    pub max_gap_ms: u64,
}

impl Packets {
    pub fn add(&mut self, counters: Counters) {
        self.sent += counters.sent;
        self.received += counters.received;
        self.lost += counters.lost;
        self.max_gap_ms = self.max_gap_ms.max(counters.max_gap_ms);
    }
}

/// A call taken by the operator's test phone.
#[derive(Debug, Clone, Default, PartialEq, Serialize)]
pub struct PhoneReport {
    pub answered: bool,
    /// The final status the phone refused with.
    pub refused_with: Option<u16>,
    /// What the phone said.
    pub said: Vec<String>,
    /// What the phone heard, transcribed from the received audio; one entry for each time the caller spoke.
    pub heard: Vec<String>,
    pub ended_by: PhoneEnd,
    pub duration_ms: Option<i64>,
    pub packets: Packets,
}

#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum PhoneEnd {
    /// The far end hung up, or gave up while the phone was ringing.
    Caller,
    Phone,
    #[default]
    Nobody,
}

/// Signed milliseconds from `from` to `to`, rounded.
pub fn milliseconds(from: Instant, to: Instant) -> i64 {
    let rounded = |from: Instant, to: Instant| ((to - from).as_micros() as i64 + 500) / 1_000;
    if to >= from { rounded(from, to) } else { -rounded(to, from) }
}

/// The value below which `share` (0–1) of the values lie, by nearest rank; `None` without values.
pub fn percentile(values: &[i64], share: f64) -> Option<i64> {
    let mut sorted = values.to_vec();
    sorted.sort_unstable();
    let rank = (share * sorted.len() as f64).ceil() as usize;
    sorted.get(rank.saturating_sub(1)).copied()
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;
    use crate::testing::epoch;

    #[test]
    fn json_has_the_promised_names() {
        let report = CallReport {
            answered_after_ms: Some(12),
            turns: vec![TurnReport {
                said: "bonjour".into(),
                to: Party::Agent,
                reply_started_after_ms: Some(480),
                reply: Some("Bonjour.".into()),
                prompt_stopped_after_ms: None,
            }],
            ended_by: EndedBy::Caller,
            ..CallReport::default()
        };
        let json = serde_json::to_value(&report).unwrap();
        assert_eq!(json["answered_after_ms"], 12);
        assert_eq!(json["turns"][0]["said"], "bonjour");
        assert_eq!(json["turns"][0]["reply_started_after_ms"], 480);
        assert_eq!(json["turns"][0]["to"], "agent");
        assert_eq!(json["ended_by"], "caller");
        assert!(json["transferred_to"].is_null());
        for name in ["sent", "received", "lost", "max_gap_ms"] {
            assert_eq!(json["packets"][name], 0);
        }
        assert!(json.get("failure").is_none());
    }

    #[test]
    fn times_are_signed_and_rounded() {
        let start = epoch();
        let later = start + Duration::from_micros(1_600);
        assert_eq!((milliseconds(start, later), milliseconds(later, start)), (2, -2));
    }

    #[test]
    fn percentiles_by_nearest_rank() {
        let values: Vec<i64> = (1..=20).rev().collect();
        assert_eq!((percentile(&values, 0.5), percentile(&values, 0.95)), (Some(10), Some(19)));
        assert_eq!(percentile(&[], 0.5), None);
    }
}
