//! Event and Subscription-State (RFC 6665 §8.2). PURE.

use std::fmt;
use std::str::FromStr;

use super::session_expires::Malformed;
use super::text::{Params, is_token};

/// `Event: refer;id=93809824`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct EventType {
    pub package: String,
    pub params: Params,
}

impl EventType {
    pub fn id(&self) -> Option<&str> {
        self.params.get("id")
    }

    pub fn is(&self, package: &str) -> bool {
        self.package.eq_ignore_ascii_case(package)
    }
}

impl FromStr for EventType {
    type Err = Malformed;

    fn from_str(text: &str) -> Result<EventType, Malformed> {
        let (package, params) = token_and_params(text)?;
        Ok(EventType { package, params })
    }
}

impl fmt::Display for EventType {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}{}", self.package, self.params)
    }
}

/// `Subscription-State: terminated;reason=noresource`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SubscriptionState {
    pub state: String,
    pub params: Params,
}

impl SubscriptionState {
    pub fn is_terminated(&self) -> bool {
        self.state.eq_ignore_ascii_case("terminated")
    }

    pub fn reason(&self) -> Option<&str> {
        self.params.get("reason")
    }
}

impl FromStr for SubscriptionState {
    type Err = Malformed;

    fn from_str(text: &str) -> Result<SubscriptionState, Malformed> {
        let (state, params) = token_and_params(text)?;
        Ok(SubscriptionState { state, params })
    }
}

impl fmt::Display for SubscriptionState {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}{}", self.state, self.params)
    }
}

fn token_and_params(text: &str) -> Result<(String, Params), Malformed> {
    let (token, params) = match text.split_once(';') {
        Some((token, params)) => (token.trim(), Params::parse(params)),
        None => (text.trim(), Params::default()),
    };
    if !is_token(token.as_bytes()) {
        return Err(Malformed);
    }
    Ok((token.to_owned(), params))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn packages() {
        let read: EventType = "Refer ; id = 93809824".parse().unwrap();
        assert!(read.is("refer"));
        assert_eq!((read.id(), read.to_string().as_str()), (Some("93809824"), "Refer;id=93809824"));
        assert_eq!("message-summary".parse::<EventType>().unwrap().id(), None);
        assert!("".parse::<EventType>().is_err());
        assert!("a b".parse::<EventType>().is_err());
    }

    #[test]
    fn states() {
        let read: SubscriptionState = "Terminated;reason=noresource;retry-after=3".parse().unwrap();
        assert!(read.is_terminated());
        assert_eq!(
            (read.reason(), read.to_string().as_str()),
            (Some("noresource"), "Terminated;reason=noresource;retry-after=3")
        );
        assert!(!"active;expires=60".parse::<SubscriptionState>().unwrap().is_terminated());
    }
}
