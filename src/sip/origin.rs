//! Whence a call comes: who was called first, who sent it on and why, read from an INVITE for the call's record. PURE.
//!
//! Must not know: dialogs, what is done with it. It is personal data: never goes into a log line.

use std::fmt;

use super::wire::{DiversionReason, HeaderName, Headers, NameAddr, RemotePartyId, Request};

/// Entries of Diversion and History-Info that are looked at; later ones are not.
const MAX_ENTRIES: usize = 32;

/// Where a call comes from, so far as the INVITE says it.
#[derive(Clone, Default, PartialEq, Eq)]
pub struct CallOrigin {
    /// Who calls, as the network vouches for it: P-Asserted-Identity, else a screened Remote-Party-ID, else From.
    pub caller: Option<NameAddr>,
    /// The network vouches for `caller` (RFC 3325).
    pub asserted: bool,
    /// The caller asked not to be shown (RFC 3323): `caller` is From then, whatever the network knows.
    pub hidden: bool,
    /// Who was called before anybody sent the call on. `None` when nobody did, or when it is hidden.
    pub first_called: Option<NameAddr>,
    /// Who sent the call here. The same as `first_called` when it was sent on once.
    pub sent_on_by: Option<NameAddr>,
    /// Why it was sent on the first time.
    pub reason: Option<DiversionReason>,
    /// How often it was sent on.
    pub diversions: u32,
}

/// Shows nothing: an origin printed by mistake stays unnamed.
impl fmt::Debug for CallOrigin {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("CallOrigin(personal)")
    }
}

impl CallOrigin {
    pub fn of_invite(invite: &Request) -> CallOrigin {
        let headers = &invite.headers;
        let hidden = headers.privacy().is_some_and(|privacy| privacy.hides_caller());
        let vouched = vouched_caller(headers);
        let hidden = hidden || vouched.as_ref().is_some_and(|(_, private)| *private);
        let asserted = vouched.filter(|_| !hidden).map(|(address, _)| address);
        let mut origin = CallOrigin {
            asserted: asserted.is_some(),
            caller: asserted.or_else(|| headers.from().cloned()),
            hidden,
            ..CallOrigin::default()
        };
        // Diversion says plainly what History-Info leaves to be worked out.
        if !origin.read_diversions(headers) {
            origin.read_history(headers);
        }
        origin
    }

    /// RFC 5806: the latest diversion first.
    fn read_diversions(&mut self, headers: &Headers) -> bool {
        let mut diversions = headers.diversions();
        diversions.truncate(MAX_ENTRIES);
        let (Some(last), Some(first)) = (diversions.first(), diversions.last()) else {
            return false;
        };
        self.reason = first.reason();
        self.diversions = diversions.iter().fold(0u32, |sum, one| sum.saturating_add(one.counter().max(1)));
        self.sent_on_by = Some(last.0.clone()).filter(|_| !last.is_private());
        self.first_called = Some(first.0.clone()).filter(|_| !first.is_private());
        true
    }

    /// RFC 7044: every target in order, the present one last. An entry was left when the next one is a new target, or
    /// when it says why it was left.
    fn read_history(&mut self, headers: &Headers) {
        let mut history = headers.history();
        history.truncate(MAX_ENTRIES);
        for (at, entry) in history.iter().enumerate() {
            let Some(next) = history.get(at + 1) else {
                break;
            };
            let reason = entry.left_because().or_else(|| next.reached_because());
            if reason.is_none() && !next.is_new_target() {
                continue;
            }
            let mut address = entry.0.clone();
            if let super::wire::Uri::Sip(sip) = &mut address.uri {
                sip.headers = None;
            }
            let shown = Some(address).filter(|_| !entry.is_private());
            if self.diversions == 0 {
                self.first_called = shown.clone();
                self.reason = reason;
            }
            self.sent_on_by = shown;
            self.diversions += 1;
        }
    }
}

/// The caller the network vouches for, and whether it asks to hide him.
fn vouched_caller(headers: &Headers) -> Option<(NameAddr, bool)> {
    if let Some(asserted) = headers.addresses(&HeaderName::PAssertedIdentity).next() {
        return Some((asserted, false));
    }
    let mut remote = headers.values::<RemotePartyId>(&HeaderName::RemotePartyId);
    remote.find(|party| party.is_caller() && party.is_screened()).map(|party| (party.0.clone(), party.is_private()))
}

#[cfg(test)]
mod tests {
    use super::super::wire::{Message, read_datagram};
    use super::*;

    fn origin(lines: &str) -> CallOrigin {
        let text = format!("INVITE sip:a@b SIP/2.0\r\nFrom: <sip:anonymous@anonymous.invalid>;tag=1\r\n{lines}\r\n");
        match read_datagram(text.as_bytes()).unwrap().message {
            Message::Request(request) => CallOrigin::of_invite(&request),
            other => panic!("{other:?}"),
        }
    }

    fn user(address: &Option<NameAddr>) -> Option<String> {
        address.as_ref()?.uri.user()
    }

    #[test]
    fn a_direct_call() {
        let direct = origin("");
        assert_eq!(user(&direct.caller).as_deref(), Some("anonymous"));
        assert_eq!((direct.asserted, direct.hidden, direct.diversions), (false, false, 0));
        assert_eq!((direct.first_called, direct.reason), (None, None));
    }

    #[test]
    fn the_network_vouches_for_the_caller_unless_he_hides() {
        let asserted = "P-Asserted-Identity: \"Mme X\" <sip:+33600000000@pbx>, <tel:+33600000000>\r\n";
        let shown = origin(asserted);
        assert_eq!((user(&shown.caller).as_deref(), shown.asserted), (Some("+33600000000"), true));
        for privacy in ["Privacy: id\r\n", "Privacy: header;critical\r\n"] {
            let hidden = origin(&format!("{asserted}{privacy}"));
            assert_eq!((user(&hidden.caller).as_deref(), hidden.asserted), (Some("anonymous"), false));
            assert!(hidden.hidden);
        }
        let screened = origin("Remote-Party-ID: <sip:7@pbx>;party=called, <sip:8@pbx>, <sip:9@pbx>;screen=yes\r\n");
        assert_eq!((user(&screened.caller).as_deref(), screened.asserted), (Some("9"), true));
        let private = origin("Remote-Party-ID: <sip:9@pbx>;screen=yes;privacy=full\r\n");
        assert_eq!((user(&private.caller).as_deref(), private.hidden), (Some("anonymous"), true));
    }

    #[test]
    fn diversions_name_the_first_and_the_last() {
        let twice = origin(
            "Diversion: <sip:200@pbx>;reason=unconditional\r\nDiversion: \"Accueil\" <sip:100@pbx>;reason=no-answer;counter=2\r\n",
        );
        assert_eq!(user(&twice.first_called).as_deref(), Some("100"));
        assert_eq!(user(&twice.sent_on_by).as_deref(), Some("200"));
        assert_eq!((twice.reason, twice.diversions), (Some(DiversionReason::NoAnswer), 3));
        let private = origin("Diversion: <sip:200@pbx>;reason=user-busy;privacy=full\r\n");
        assert_eq!((private.first_called, private.sent_on_by), (None, None));
        assert_eq!((private.reason, private.diversions), (Some(DiversionReason::UserBusy), 1));
        let many = origin(&"Diversion: <sip:1@pbx>;counter=4294967295\r\n".repeat(40));
        assert_eq!(many.diversions, u32::MAX);
    }

    #[test]
    fn histories_are_worked_out() {
        let read = origin(
            "History-Info: <sip:100@pbx?Reason=SIP%3Bcause%3D408>;index=1, <sip:200@pbx>;index=1.1;mp=1\r\n\
             History-Info: <sip:300@pbx;cause=302>;index=1.1.1\r\nHistory-Info: <sip:300@host>;index=1.1.1.1;np=1.1.1\r\n",
        );
        assert_eq!(user(&read.first_called).as_deref(), Some("100"));
        assert_eq!(read.first_called.unwrap().uri.to_string(), "sip:100@pbx", "without the URI's headers");
        assert_eq!(user(&read.sent_on_by).as_deref(), Some("200"));
        assert_eq!((read.reason, read.diversions), (Some(DiversionReason::NoAnswer), 2));
        let routed = origin("History-Info: <sip:100@pbx>;index=1, <sip:100@host>;index=1.1;np=1\r\n");
        assert_eq!((routed.first_called, routed.diversions), (None, 0));
        let private =
            origin("History-Info: <sip:100@pbx?Privacy=history>;index=1, <sip:200@pbx;cause=486>;index=1.1;mp=1\r\n");
        assert_eq!((private.first_called, private.reason), (None, Some(DiversionReason::UserBusy)));
    }

    #[test]
    fn nothing_is_shown_by_mistake() {
        assert_eq!(format!("{:?}", origin("")), "CallOrigin(personal)");
    }
}
