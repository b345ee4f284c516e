//! Requests and responses with typed access to what every element needs. PURE.

use std::str::FromStr;

use bytes::Bytes;

use super::diversion::{Diversion, HistoryEntry};
use super::header::{HeaderName, Headers};
use super::method::Method;
use super::multipart::MediaType;
use super::name_addr::NameAddr;
use super::parties::Privacy;
use super::reason::Reason;
use super::text::{decode, is_space, is_token};
use super::via::Via;

#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Message {
    Request(Request),
    Response(Response),
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Request {
    pub method: Method,
    /// As spelled; a `Uri` is read from it where one is needed.
    pub uri: String,
    pub headers: Headers,
    pub body: Bytes,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Response {
    pub status: u16,
    pub reason: String,
    pub headers: Headers,
    pub body: Bytes,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CSeq {
    pub number: u32,
    pub method: Method,
}

/// What is asked for again and again on a message's way through the layers; `None` for what is not there or cannot be
/// read.
#[derive(Debug)]
pub(super) struct Essentials {
    via: Option<Via>,
    from: Option<NameAddr>,
    to: Option<NameAddr>,
    cseq: Option<CSeq>,
}

impl Essentials {
    pub(super) fn read(headers: &Headers) -> Essentials {
        let address = |name| headers.text(name)?.parse().ok();
        Essentials {
            via: headers.list(&HeaderName::Via).next().and_then(|first| decode(&first).parse().ok()),
            from: address(&HeaderName::From),
            to: address(&HeaderName::To),
            cseq: headers.text(&HeaderName::CSeq).and_then(|value| CSeq::read(&value)),
        }
    }
}

impl CSeq {
    /// The number must be below 2³¹ (RFC 3261 §8.1.1.5).
    fn read(value: &str) -> Option<CSeq> {
        let (number, method) = value.split_once(|c: char| c.is_ascii() && is_space(c as u8))?;
        let method = method.trim();
        if !number.bytes().all(|b| b.is_ascii_digit()) || !is_token(method.as_bytes()) {
            return None;
        }
        let number = number.parse().ok().filter(|n| *n < 1 << 31)?;
        Some(CSeq { number, method: Method::parse(method) })
    }
}

impl Headers {
    /// The topmost Via, when it can be read.
    pub fn top_via(&self) -> Option<&Via> {
        self.essentials().via.as_ref()
    }

    pub fn from(&self) -> Option<&NameAddr> {
        self.essentials().from.as_ref()
    }

    pub fn to(&self) -> Option<&NameAddr> {
        self.essentials().to.as_ref()
    }

    pub fn call_id(&self) -> Option<&Bytes> {
        self.get(&HeaderName::CallId).filter(|id| !id.is_empty())
    }

    pub fn cseq(&self) -> Option<&CSeq> {
        self.essentials().cseq.as_ref()
    }

    /// The first Contact. `None` also when it is a bare URI with `?`, which nobody can tell from one with headers
    /// (§20.10, RFC 4475 §3.1.2.13).
    pub fn contact(&self) -> Option<NameAddr> {
        let first = self.list(&HeaderName::Contact).next()?;
        let text = decode(&first);
        if text.contains('?') && !text.contains('<') {
            return None;
        }
        text.parse().ok()
    }

    /// Every address of a header that holds a list of them: Route, Path, Service-Route, P-Asserted-Identity and their
    /// like. Those that cannot be read are left out.
    pub fn addresses<'a>(&'a self, name: &'a HeaderName) -> impl Iterator<Item = NameAddr> + 'a {
        self.values(name)
    }

    pub fn reasons(&self) -> Vec<Reason> {
        self.values(&HeaderName::Reason).collect()
    }

    /// The latest first (RFC 5806 §4).
    pub fn diversions(&self) -> Vec<Diversion> {
        self.values(&HeaderName::Diversion).collect()
    }

    /// The earliest first (RFC 7044 §10.3).
    pub fn history(&self) -> Vec<HistoryEntry> {
        self.values(&HeaderName::HistoryInfo).collect()
    }

    pub fn privacy(&self) -> Option<Privacy> {
        self.text(&HeaderName::Privacy)?.parse().ok()
    }

    /// Every readable element of a comma-separated header.
    pub fn values<'a, T: FromStr>(&'a self, name: &'a HeaderName) -> impl Iterator<Item = T> + 'a {
        self.list(name).filter_map(|value| decode(&value).parse().ok())
    }

    /// The type of the body, with its parameters.
    pub fn media_type(&self) -> Option<MediaType> {
        self.text(&HeaderName::ContentType)?.parse().ok()
    }

    /// `type/subtype` of the body, lower case, without parameters.
    pub fn content_type(&self) -> Option<String> {
        let value = self.text(&HeaderName::ContentType)?;
        let kind = value.split(';').next().unwrap_or_default();
        Some(kind.chars().filter(|c| !c.is_ascii_whitespace()).collect::<String>().to_ascii_lowercase())
    }
}
