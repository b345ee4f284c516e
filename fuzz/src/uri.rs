//! One value of a header: whatever type reads it prints it so that it reads the same.

use std::fmt::{Debug, Display};
use std::str::FromStr;

use crate::sip::wire::{
    Diversion, EventType, HistoryEntry, MediaType, MinSe, NameAddr, Params, Privacy, RAck, Reason, ReferTo, ReferredBy,
    RemotePartyId, Replaces, SessionExpires, SubscriptionState, TelUri, Uri, UserToUser, Via,
};

pub fn check(data: &[u8]) {
    let text = String::from_utf8_lossy(data);
    if let Some(uri) = stable::<Uri>(&text) {
        let _ = (uri.user(), uri.as_tel());
        if let Some(sip) = uri.as_sip() {
            let _ = (sip.ip(), sip.socket_addr(), sip.param("lr"), sip.header("Replaces"), sip.has_param("lr"));
        }
    }
    if let Some(via) = stable::<Via>(&text) {
        let mut stamped = via.clone();
        stamped.stamp(([192, 0, 2, 1], 5060).into());
        assert_eq!(stamped.to_string().parse::<Via>(), Ok(stamped));
        let _ = (via.received(), via.rport(), via.branch().map(str::len));
    }
    if let Some(tel) = stable::<TelUri>(&text) {
        assert!(!tel.digits().is_empty());
    }
    if let Some(address) = stable::<NameAddr>(&text) {
        let _ = address.tag().map(str::len);
    }
    if let Some(refer) = stable::<ReferTo>(&text) {
        let _ = refer.replaces();
    }
    if let Some(data) = stable::<UserToUser>(&text) {
        let _ = data.octets();
    }
    if let Some(reason) = stable::<Reason>(&text) {
        let _ = (reason.cause(), reason.text());
    }
    if let Some(entry) = stable::<HistoryEntry>(&text) {
        let _ = (entry.left_because(), entry.reached_because(), entry.is_private());
    }
    if let Some(diversion) = stable::<Diversion>(&text) {
        let _ = (diversion.reason(), diversion.counter());
    }
    stable::<ReferredBy>(&text);
    stable::<RemotePartyId>(&text);
    stable::<Privacy>(&text);
    stable::<MediaType>(&text);
    stable::<Replaces>(&text);
    stable::<SessionExpires>(&text);
    stable::<MinSe>(&text);
    stable::<RAck>(&text);
    stable::<EventType>(&text);
    stable::<SubscriptionState>(&text);
    let params = Params::parse(&text);
    assert_eq!(Params::parse(&params.to_string()), params);
}

fn stable<T: FromStr + Display + PartialEq + Debug>(text: &str) -> Option<T> {
    let first: T = text.parse().ok()?;
    let printed = first.to_string();
    let Ok(second) = printed.parse::<T>() else {
        panic!("{first:?} prints as {printed:?}, which is unreadable");
    };
    assert_eq!(second, first);
    assert_eq!(second.to_string(), printed);
    Some(first)
}
