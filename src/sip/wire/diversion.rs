//! Who sent a call on, and why: Diversion (RFC 5806) and History-Info (RFC 7044). PURE.

use std::fmt;
use std::str::FromStr;

use super::name_addr::NameAddr;
use super::reason::Reason;
use super::text::unquote;
use super::uri::UriError;

/// Why a call was sent on (RFC 5806 §4; the causes of RFC 4458 mapped onto it).
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum DiversionReason {
    Unknown,
    UserBusy,
    NoAnswer,
    Unavailable,
    Unconditional,
    TimeOfDay,
    DoNotDisturb,
    Deflection,
    FollowMe,
    OutOfService,
    Away,
    Other(String),
}

impl DiversionReason {
    fn named(name: &str) -> DiversionReason {
        match name.to_ascii_lowercase().as_str() {
            "unknown" => DiversionReason::Unknown,
            "user-busy" => DiversionReason::UserBusy,
            "no-answer" => DiversionReason::NoAnswer,
            "unavailable" => DiversionReason::Unavailable,
            "unconditional" => DiversionReason::Unconditional,
            "time-of-day" => DiversionReason::TimeOfDay,
            "do-not-disturb" => DiversionReason::DoNotDisturb,
            "deflection" => DiversionReason::Deflection,
            "follow-me" => DiversionReason::FollowMe,
            "out-of-service" => DiversionReason::OutOfService,
            "away" => DiversionReason::Away,
            _ => DiversionReason::Other(name.to_owned()),
        }
    }

    /// A SIP status as the cause of a redirection (RFC 4458 §2, RFC 7044 §10.2).
    fn of_status(status: u16) -> DiversionReason {
        match status {
            404 => DiversionReason::Unknown,
            486 | 600 => DiversionReason::UserBusy,
            408 => DiversionReason::NoAnswer,
            302 => DiversionReason::Unconditional,
            480 | 487 => DiversionReason::Deflection,
            503 => DiversionReason::Unavailable,
            other => DiversionReason::Other(other.to_string()),
        }
    }

    /// As in the `reason` parameter.
    pub fn as_str(&self) -> &str {
        match self {
            DiversionReason::Unknown => "unknown",
            DiversionReason::UserBusy => "user-busy",
            DiversionReason::NoAnswer => "no-answer",
            DiversionReason::Unavailable => "unavailable",
            DiversionReason::Unconditional => "unconditional",
            DiversionReason::TimeOfDay => "time-of-day",
            DiversionReason::DoNotDisturb => "do-not-disturb",
            DiversionReason::Deflection => "deflection",
            DiversionReason::FollowMe => "follow-me",
            DiversionReason::OutOfService => "out-of-service",
            DiversionReason::Away => "away",
            DiversionReason::Other(name) => name,
        }
    }
}

/// One party that sent the call on: `"Accueil" <sip:100@pbx>;reason=no-answer;counter=1`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Diversion(pub NameAddr);

impl Diversion {
    pub fn reason(&self) -> Option<DiversionReason> {
        self.0.params.get("reason").map(|reason| DiversionReason::named(&unquote(reason)))
    }

    /// How many diversions stand behind this entry; 1 when it does not say.
    pub fn counter(&self) -> u32 {
        self.0.params.get("counter").and_then(|counter| counter.parse().ok()).unwrap_or(1)
    }

    /// Whether the party asked to be hidden.
    pub fn is_private(&self) -> bool {
        let privacy = self.0.params.get("privacy").map(unquote);
        privacy.is_some_and(|privacy| !privacy.eq_ignore_ascii_case("off"))
    }
}

/// One target the request has had: `<sip:100@pbx?Reason=SIP%3Bcause%3D486>;index=1.1`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct HistoryEntry(pub NameAddr);

impl HistoryEntry {
    /// Its place in the history, as spelled: `1.2.1`.
    pub fn index(&self) -> Option<&str> {
        self.0.params.get("index")
    }

    /// Why the request left this target: the Reason in its URI's headers (RFC 7044 §10.2).
    pub fn left_because(&self) -> Option<DiversionReason> {
        let reason: Reason = self.0.uri.as_sip()?.header("Reason")?.parse().ok()?;
        if !reason.is_sip() {
            return None;
        }
        reason.cause().map(DiversionReason::of_status)
    }

    /// Why the request came to this target: the `cause` of its URI (RFC 4458 §2).
    pub fn reached_because(&self) -> Option<DiversionReason> {
        let cause = self.0.uri.as_sip()?.param("cause")?;
        cause.parse().ok().map(DiversionReason::of_status)
    }

    /// Whether the target asked to be hidden (RFC 7044 §10.1.1).
    pub fn is_private(&self) -> bool {
        let privacy = self.0.uri.as_sip().and_then(|sip| sip.header("Privacy"));
        privacy.is_some_and(|privacy| privacy.split(';').any(|p| p.trim().eq_ignore_ascii_case("history")))
    }

    /// Whether the call was sent on to this target (`mp`, `rc`; RFC 7044 §10.3), not merely routed (`np`).
    pub fn is_new_target(&self) -> bool {
        self.0.params.contains("mp") || self.0.params.contains("rc")
    }
}

impl FromStr for Diversion {
    type Err = UriError;

    fn from_str(text: &str) -> Result<Diversion, UriError> {
        text.parse().map(Diversion)
    }
}

impl FromStr for HistoryEntry {
    type Err = UriError;

    fn from_str(text: &str) -> Result<HistoryEntry, UriError> {
        text.parse().map(HistoryEntry)
    }
}

impl fmt::Display for Diversion {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

impl fmt::Display for HistoryEntry {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn diversions() {
        let text = "\"Accueil\" <sip:100@pbx>;reason=no-answer;counter=2;privacy=full";
        let read: Diversion = text.parse().unwrap();
        assert_eq!(read.reason(), Some(DiversionReason::NoAnswer));
        assert_eq!((read.counter(), read.is_private()), (2, true));
        assert_eq!(read.to_string(), text);
        let odd: Diversion = "<tel:+33130872000>;reason=\"Lunch\";counter=x;privacy=off".parse().unwrap();
        assert_eq!(odd.reason(), Some(DiversionReason::Other("Lunch".into())));
        assert_eq!((odd.counter(), odd.is_private()), (1, false));
        for name in ["unknown", "user-busy", "no-answer", "unavailable", "unconditional", "time-of-day"] {
            assert_eq!(DiversionReason::named(&name.to_ascii_uppercase()).as_str(), name);
        }
        for name in ["do-not-disturb", "deflection", "follow-me", "out-of-service", "away"] {
            assert_eq!(DiversionReason::named(name).as_str(), name);
            assert!(!matches!(DiversionReason::named(name), DiversionReason::Other(_)), "{name}");
        }
    }

    #[test]
    fn histories() {
        let text =
            "<sip:100@pbx?Reason=SIP%3Bcause%3D486%3Btext%3D%22Busy%20Here%22&Privacy=history>;index=1.1;foo=bar";
        let read: HistoryEntry = text.parse().unwrap();
        assert_eq!(read.left_because(), Some(DiversionReason::UserBusy));
        assert_eq!((read.index(), read.is_private(), read.is_new_target()), (Some("1.1"), true, false));
        assert_eq!(read.to_string(), text);
        let next: HistoryEntry = "<sip:200@pbx;cause=408>;index=1.2;mp=1.1".parse().unwrap();
        assert_eq!(next.reached_because(), Some(DiversionReason::NoAnswer));
        assert_eq!((next.left_because(), next.is_new_target()), (None, true));
        let isup: HistoryEntry = "<sip:100@pbx?Reason=Q.850%3Bcause%3D17>;index=1".parse().unwrap();
        assert_eq!(isup.left_because(), None, "not a SIP status");
    }
}
