//! Session-Expires and Min-SE (RFC 4028 §4, §5). PURE.

use std::fmt;
use std::str::FromStr;

use super::text::Params;

/// Why a header value could not be read.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("malformed value")]
pub struct Malformed;

/// Who refreshes the session; the roles are those of the transaction the header stands in.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Refresher {
    Uac,
    Uas,
}

/// `Session-Expires: 1800;refresher=uac`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SessionExpires {
    /// Seconds.
    pub interval: u32,
    pub params: Params,
}

impl SessionExpires {
    pub fn new(interval: u32, refresher: Option<Refresher>) -> SessionExpires {
        let mut params = Params::default();
        if let Some(refresher) = refresher {
            let value = match refresher {
                Refresher::Uac => "uac",
                Refresher::Uas => "uas",
            };
            params.set("refresher", Some(value.to_owned()));
        }
        SessionExpires { interval, params }
    }

    pub fn refresher(&self) -> Option<Refresher> {
        match self.params.get("refresher")? {
            value if value.eq_ignore_ascii_case("uac") => Some(Refresher::Uac),
            value if value.eq_ignore_ascii_case("uas") => Some(Refresher::Uas),
            _ => None,
        }
    }
}

impl FromStr for SessionExpires {
    type Err = Malformed;

    fn from_str(text: &str) -> Result<SessionExpires, Malformed> {
        let (interval, params) = delta_seconds(text)?;
        Ok(SessionExpires { interval, params })
    }
}

impl fmt::Display for SessionExpires {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}{}", self.interval, self.params)
    }
}

/// `Min-SE: 90`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct MinSe {
    /// Seconds.
    pub interval: u32,
    pub params: Params,
}

impl FromStr for MinSe {
    type Err = Malformed;

    fn from_str(text: &str) -> Result<MinSe, Malformed> {
        let (interval, params) = delta_seconds(text)?;
        Ok(MinSe { interval, params })
    }
}

impl fmt::Display for MinSe {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}{}", self.interval, self.params)
    }
}

/// Seconds and what follows. More than fits is as good as for ever (RFC 3261 §20.19 of Expires).
fn delta_seconds(text: &str) -> Result<(u32, Params), Malformed> {
    let (digits, params) = match text.split_once(';') {
        Some((digits, params)) => (digits.trim(), Params::parse(params)),
        None => (text.trim(), Params::default()),
    };
    if digits.is_empty() || !digits.bytes().all(|b| b.is_ascii_digit()) {
        return Err(Malformed);
    }
    Ok((digits.parse().unwrap_or(u32::MAX), params))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn interval_and_refresher() {
        let read: SessionExpires = " 1800 ; Refresher = UAC;x=1".parse().unwrap();
        assert_eq!((read.interval, read.refresher()), (1800, Some(Refresher::Uac)));
        assert_eq!(read.to_string(), "1800;Refresher=UAC;x=1");
        assert_eq!(read.to_string().parse(), Ok(read));
        assert_eq!("90;refresher=uas".parse::<SessionExpires>().unwrap().refresher(), Some(Refresher::Uas));
        assert_eq!("90;refresher=both".parse::<SessionExpires>().unwrap().refresher(), None);
        assert_eq!(SessionExpires::new(90, Some(Refresher::Uas)).to_string(), "90;refresher=uas");
        assert_eq!(SessionExpires::new(90, None).to_string(), "90");
        assert_eq!("99999999999".parse::<SessionExpires>().unwrap().interval, u32::MAX);
        for bad in ["", ";refresher=uac", "-1", "+1", "1.5", "x", "1 2"] {
            assert_eq!(bad.parse::<SessionExpires>(), Err(Malformed), "{bad}");
        }
    }

    #[test]
    fn minimum() {
        let read: MinSe = "120;lr".parse().unwrap();
        assert_eq!((read.interval, read.to_string().as_str()), (120, "120;lr"));
        assert!("".parse::<MinSe>().is_err());
    }
}
