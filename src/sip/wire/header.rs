//! Header fields: names in any spelling, values as bytes. PURE.

use std::borrow::Cow;
use std::sync::OnceLock;

use bytes::Bytes;

use super::message::Essentials;
use super::text::{decode, split_outside};

macro_rules! header_names {
    ($($variant:ident $canonical:literal $($compact:literal)?;)*) => {
        /// Name of a header field. Those the house uses are variants; others keep their spelling.
        #[derive(Debug, Clone, Eq)]
        pub enum HeaderName {
            $($variant,)*
            Other(String),
        }

        impl HeaderName {
            /// Reads a full or compact name, in any case (RFC 3261 §7.3.1, §7.3.3).
            pub fn parse(name: &str) -> HeaderName {
                $(
                    if name.eq_ignore_ascii_case($canonical) $(|| name.eq_ignore_ascii_case($compact))? {
                        return HeaderName::$variant;
                    }
                )*
                HeaderName::Other(name.to_owned())
            }

            pub fn as_str(&self) -> &str {
                match self {
                    $(HeaderName::$variant => $canonical,)*
                    HeaderName::Other(name) => name,
                }
            }
        }
    };
}

/// Names have no case (RFC 3261 §7.3.1).
impl PartialEq for HeaderName {
    fn eq(&self, other: &HeaderName) -> bool {
        match (self, other) {
            (HeaderName::Other(name), HeaderName::Other(other)) => name.eq_ignore_ascii_case(other),
            _ => std::mem::discriminant(self) == std::mem::discriminant(other),
        }
    }
}

header_names! {
    Via "Via" "v";
    From "From" "f";
    To "To" "t";
    CallId "Call-ID" "i";
    CSeq "CSeq";
    Contact "Contact" "m";
    MaxForwards "Max-Forwards";
    ContentLength "Content-Length" "l";
    ContentType "Content-Type" "c";
    ContentEncoding "Content-Encoding" "e";
    ContentDisposition "Content-Disposition";
    Route "Route";
    RecordRoute "Record-Route";
    Allow "Allow";
    Supported "Supported" "k";
    Require "Require";
    ProxyRequire "Proxy-Require";
    Unsupported "Unsupported";
    Accept "Accept";
    AcceptEncoding "Accept-Encoding";
    UserAgent "User-Agent";
    Server "Server";
    RetryAfter "Retry-After";
    Reason "Reason";
    Event "Event" "o";
    SubscriptionState "Subscription-State";
    ReferTo "Refer-To" "r";
    ReferredBy "Referred-By" "b";
    Privacy "Privacy";
    PAssertedIdentity "P-Asserted-Identity";
    PPreferredIdentity "P-Preferred-Identity";
    RemotePartyId "Remote-Party-ID";
    UserToUser "User-to-User";
    Path "Path";
    ServiceRoute "Service-Route";
    WwwAuthenticate "WWW-Authenticate";
    Authorization "Authorization";
    ProxyAuthenticate "Proxy-Authenticate";
    ProxyAuthorization "Proxy-Authorization";
    AuthenticationInfo "Authentication-Info";
    ContentTransferEncoding "Content-Transfer-Encoding";
    MinExpires "Min-Expires";
    Date "Date";
    Warning "Warning";
    Timestamp "Timestamp";
    Expires "Expires";
    Subject "Subject" "s";
    AllowEvents "Allow-Events" "u";
    SessionExpires "Session-Expires" "x";
    MinSe "Min-SE";
    RSeq "RSeq";
    RAck "RAck";
    Replaces "Replaces";
    ReferSub "Refer-Sub";
    Diversion "Diversion";
    HistoryInfo "History-Info";
    InfoPackage "Info-Package";
    RecvInfo "Recv-Info";
}

/// The header fields of one message, in order.
#[derive(Debug, Default)]
pub struct Headers {
    fields: Vec<(HeaderName, Bytes)>,
    /// What nearly every layer asks for, read once.
    essentials: OnceLock<Box<Essentials>>,
}

/// A copy is made to be changed: what was read of the original is left behind.
impl Clone for Headers {
    fn clone(&self) -> Headers {
        Headers { fields: self.fields.clone(), essentials: OnceLock::new() }
    }
}

impl PartialEq for Headers {
    fn eq(&self, other: &Headers) -> bool {
        self.fields == other.fields
    }
}

impl Eq for Headers {}

impl Headers {
    pub fn push(&mut self, name: HeaderName, value: impl Into<Bytes>) {
        self.essentials.take();
        self.fields.push((name, value.into()));
    }

    pub(super) fn essentials(&self) -> &Essentials {
        self.essentials.get_or_init(|| Box::new(Essentials::read(self)))
    }

    /// Puts another value in the place of the first header of this name; `false` when there is none.
    pub fn replace_first(&mut self, name: &HeaderName, value: impl Into<Bytes>) -> bool {
        self.essentials.take();
        let found = self.fields.iter_mut().find(|(known, _)| known == name);
        found.is_some_and(|(_, place)| {
            *place = value.into();
            true
        })
    }

    pub fn iter(&self) -> impl Iterator<Item = (&HeaderName, &Bytes)> {
        self.fields.iter().map(|(name, value)| (name, value))
    }

    /// Every field of that name, unsplit.
    pub fn all<'a>(&'a self, name: &'a HeaderName) -> impl Iterator<Item = &'a Bytes> {
        self.fields.iter().filter(move |(n, _)| n == name).map(|(_, value)| value)
    }

    /// The first field of that name.
    pub fn get(&self, name: &HeaderName) -> Option<&Bytes> {
        self.fields.iter().find(|(n, _)| n == name).map(|(_, value)| value)
    }

    /// The first field of that name as text; bytes that are no UTF-8 become U+FFFD.
    pub fn text(&self, name: &HeaderName) -> Option<Cow<'_, str>> {
        self.get(name).map(|value| decode(value))
    }

    /// Every element of a comma-separated header, over all its fields (RFC 3261 §7.3.1).
    pub fn list<'a>(&'a self, name: &'a HeaderName) -> impl Iterator<Item = Bytes> + 'a {
        self.all(name).flat_map(|value| split_outside(value, b',').map(|piece| value.slice_ref(piece)))
    }
}
