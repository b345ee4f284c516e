//! RSeq and RAck: numbers of reliable provisional responses (RFC 3262 §7). PURE.

use std::fmt;
use std::str::FromStr;

use super::method::Method;
use super::session_expires::Malformed;
use super::text::is_token;

/// `RSeq: 988789`: number of one reliable provisional response.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct RSeq(pub u32);

impl FromStr for RSeq {
    type Err = Malformed;

    fn from_str(text: &str) -> Result<RSeq, Malformed> {
        // Zero is no number of a response (§7.1).
        number(text.trim()).filter(|number| *number > 0).map(RSeq).ok_or(Malformed)
    }
}

impl fmt::Display for RSeq {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

/// `RAck: 776656 1 INVITE`: which response of which request a PRACK acknowledges.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RAck {
    pub rseq: RSeq,
    pub cseq: u32,
    pub method: Method,
}

impl FromStr for RAck {
    type Err = Malformed;

    fn from_str(text: &str) -> Result<RAck, Malformed> {
        let mut parts = text.split_ascii_whitespace();
        let (Some(rseq), Some(cseq), Some(method), None) = (parts.next(), parts.next(), parts.next(), parts.next())
        else {
            return Err(Malformed);
        };
        if !is_token(method.as_bytes()) {
            return Err(Malformed);
        }
        let cseq = number(cseq).ok_or(Malformed)?;
        Ok(RAck { rseq: rseq.parse()?, cseq, method: Method::parse(method) })
    }
}

impl fmt::Display for RAck {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} {} {}", self.rseq, self.cseq, self.method)
    }
}

fn number(digits: &str) -> Option<u32> {
    if !digits.bytes().all(|b| b.is_ascii_digit()) {
        return None;
    }
    digits.parse().ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_of_responses() {
        assert_eq!(" 988789 ".parse(), Ok(RSeq(988_789)));
        assert_eq!(RSeq(1).to_string(), "1");
        for bad in ["", "0", "-1", "x", "4294967296", "1 2"] {
            assert_eq!(bad.parse::<RSeq>(), Err(Malformed), "{bad}");
        }
    }

    #[test]
    fn acknowledgements() {
        let read: RAck = "776656  1\tINVITE".parse().unwrap();
        assert_eq!(read, RAck { rseq: RSeq(776_656), cseq: 1, method: Method::INVITE });
        assert_eq!(read.to_string(), "776656 1 INVITE");
        for bad in ["", "1 1", "0 1 INVITE", "1 x INVITE", "1 1 IN VITE", "1 1 INV@TE"] {
            assert_eq!(bad.parse::<RAck>(), Err(Malformed), "{bad}");
        }
    }
}
