//! Methods and reason phrases: rsip's vocabulary, read and printed exactly. PURE.

use std::fmt;

use rsip::StatusCode as S;

/// A request method. Case matters (RFC 3261 §7.1).
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Method {
    Known(rsip::Method),
    /// A token no RFC we know defines.
    Other(String),
}

impl Method {
    pub const INVITE: Method = Method::Known(rsip::Method::Invite);
    pub const ACK: Method = Method::Known(rsip::Method::Ack);
    pub const BYE: Method = Method::Known(rsip::Method::Bye);
    pub const CANCEL: Method = Method::Known(rsip::Method::Cancel);
    pub const OPTIONS: Method = Method::Known(rsip::Method::Options);
    pub const REFER: Method = Method::Known(rsip::Method::Refer);
    pub const NOTIFY: Method = Method::Known(rsip::Method::Notify);
    pub const INFO: Method = Method::Known(rsip::Method::Info);
    pub const UPDATE: Method = Method::Known(rsip::Method::Update);
    pub const PRACK: Method = Method::Known(rsip::Method::PRack);
    pub const REGISTER: Method = Method::Known(rsip::Method::Register);

    /// Reads a token; every token is some method.
    pub fn parse(token: &str) -> Method {
        use rsip::Method as M;
        Method::Known(match token {
            "ACK" => M::Ack,
            "BYE" => M::Bye,
            "CANCEL" => M::Cancel,
            "INFO" => M::Info,
            "INVITE" => M::Invite,
            "MESSAGE" => M::Message,
            "NOTIFY" => M::Notify,
            "OPTIONS" => M::Options,
            "PRACK" => M::PRack,
            "PUBLISH" => M::Publish,
            "REFER" => M::Refer,
            "REGISTER" => M::Register,
            "SUBSCRIBE" => M::Subscribe,
            "UPDATE" => M::Update,
            other => return Method::Other(other.to_owned()),
        })
    }

    pub fn as_str(&self) -> &str {
        use rsip::Method as M;
        match self {
            Method::Known(known) => match known {
                M::Ack => "ACK",
                M::Bye => "BYE",
                M::Cancel => "CANCEL",
                M::Info => "INFO",
                M::Invite => "INVITE",
                M::Message => "MESSAGE",
                M::Notify => "NOTIFY",
                M::Options => "OPTIONS",
                M::PRack => "PRACK",
                M::Publish => "PUBLISH",
                M::Refer => "REFER",
                M::Register => "REGISTER",
                M::Subscribe => "SUBSCRIBE",
                M::Update => "UPDATE",
            },
            Method::Other(token) => token,
        }
    }
}

impl fmt::Display for Method {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

/// The reason phrase the defining RFC gives a status code; for codes unknown to us, its class.
pub fn reason_phrase(status: u16) -> &'static str {
    match S::from(status) {
        S::Trying => "Trying",
        S::Ringing => "Ringing",
        S::CallIsBeingForwarded => "Call Is Being Forwarded",
        S::Queued => "Queued",
        S::SessionProgress => "Session Progress",
        S::EarlyDialogTerminated => "Early Dialog Terminated",
        S::OK => "OK",
        S::NoNotification => "No Notification",
        S::MultipleChoices => "Multiple Choices",
        S::MovedPermanently => "Moved Permanently",
        S::MovedTemporarily => "Moved Temporarily",
        S::UseProxy => "Use Proxy",
        S::AlternativeService => "Alternative Service",
        S::BadRequest => "Bad Request",
        S::Unauthorized => "Unauthorized",
        S::PaymentRequired => "Payment Required",
        S::Forbidden => "Forbidden",
        S::NotFound => "Not Found",
        S::MethodNotAllowed => "Method Not Allowed",
        S::NotAcceptable => "Not Acceptable",
        S::ProxyAuthenticationRequired => "Proxy Authentication Required",
        S::RequestTimeout => "Request Timeout",
        S::Conflict => "Conflict",
        S::Gone => "Gone",
        S::LengthRequired => "Length Required",
        S::ConditionalRequestFailed => "Conditional Request Failed",
        S::RequestEntityTooLarge => "Request Entity Too Large",
        S::RequestUriTooLong => "Request-URI Too Long",
        S::UnsupportedMediaType => "Unsupported Media Type",
        S::UnsupportedUriScheme => "Unsupported URI Scheme",
        S::UnknownResourcePriority => "Unknown Resource-Priority",
        S::BadExtension => "Bad Extension",
        S::ExtensionRequired => "Extension Required",
        S::SessionIntervalTooSmall => "Session Interval Too Small",
        S::IntervalTooBrief => "Interval Too Brief",
        S::BadLocationInformation => "Bad Location Information",
        S::UseIdentityHeader => "Use Identity Header",
        S::ProvideReferrerIdentity => "Provide Referrer Identity",
        S::AnonymityDisallowed => "Anonymity Disallowed",
        S::BadIdentityInfo => "Bad Identity Info",
        S::UnsupportedCertificate => "Unsupported Credential",
        S::InvalidIdentityHeader => "Invalid Identity Header",
        S::FirstHopLacksOutboundSupport => "First Hop Lacks Outbound Support",
        S::MaxBreadthExceeded => "Max-Breadth Exceeded",
        S::BadInfoPackage => "Bad Info Package",
        S::ConsentNeeded => "Consent Needed",
        S::TemporarilyUnavailable => "Temporarily Unavailable",
        S::CallTransactionDoesNotExist => "Call/Transaction Does Not Exist",
        S::LoopDetected => "Loop Detected",
        S::TooManyHops => "Too Many Hops",
        S::AddressIncomplete => "Address Incomplete",
        S::Ambiguous => "Ambiguous",
        S::BusyHere => "Busy Here",
        S::RequestTerminated => "Request Terminated",
        S::NotAcceptableHere => "Not Acceptable Here",
        S::BadEvent => "Bad Event",
        S::RequestPending => "Request Pending",
        S::Undecipherable => "Undecipherable",
        S::SecurityAgreementRequired => "Security Agreement Required",
        S::ServerInternalError => "Server Internal Error",
        S::NotImplemented => "Not Implemented",
        S::BadGateway => "Bad Gateway",
        S::ServiceUnavailable => "Service Unavailable",
        S::ServerTimeOut => "Server Time-out",
        S::VersionNotSupported => "Version Not Supported",
        S::MessageTooLarge => "Message Too Large",
        S::PreconditionFailure => "Precondition Failure",
        S::BusyEverywhere => "Busy Everywhere",
        S::Decline => "Decline",
        S::DoesNotExistAnywhere => "Does Not Exist Anywhere",
        S::NotAcceptableGlobal => "Not Acceptable",
        S::Unwanted => "Unwanted",
        // rsip has Accepted under 201, which no RFC defines, and lacks what is named here.
        S::Accepted => "OK",
        S::Other(code, _) => match code {
            202 => "Accepted",
            425 => "Bad Alert Message",
            430 => "Flow Failed",
            555 => "Push Notification Service Not Supported",
            608 => "Rejected",
            ..200 => "Session Progress",
            200..300 => "OK",
            300..400 => "Multiple Choices",
            400..500 => "Bad Request",
            500..600 => "Server Internal Error",
            600.. => "Busy Everywhere",
        },
    }
}
