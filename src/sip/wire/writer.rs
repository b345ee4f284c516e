//! Messages to bytes. PURE.
//!
//! Content-Length is always counted here; line breaks inside a value are written as spaces, so that no
//! value can add a header.

use bytes::{BufMut, Bytes, BytesMut};

use super::header::{HeaderName, Headers};
use super::message::{Message, Request, Response};

impl Request {
    pub fn to_bytes(&self) -> Bytes {
        let mut out = BytesMut::with_capacity(512 + self.body.len());
        put_clean(&mut out, self.method.as_str().as_bytes());
        out.put_u8(b' ');
        put_clean(&mut out, self.uri.as_bytes());
        out.put_slice(b" SIP/2.0\r\n");
        put_rest(&mut out, &self.headers, &self.body);
        out.freeze()
    }
}

impl Response {
    pub fn to_bytes(&self) -> Bytes {
        let mut out = BytesMut::with_capacity(512 + self.body.len());
        out.put_slice(format!("SIP/2.0 {:03} ", self.status).as_bytes());
        put_clean(&mut out, self.reason.as_bytes());
        out.put_slice(b"\r\n");
        put_rest(&mut out, &self.headers, &self.body);
        out.freeze()
    }
}

impl Message {
    pub fn to_bytes(&self) -> Bytes {
        match self {
            Message::Request(request) => request.to_bytes(),
            Message::Response(response) => response.to_bytes(),
        }
    }
}

fn put_rest(out: &mut BytesMut, headers: &Headers, body: &Bytes) {
    for (name, value) in headers.iter() {
        if *name == HeaderName::ContentLength {
            continue;
        }
        put_clean(out, name.as_str().as_bytes());
        out.put_slice(b": ");
        put_clean(out, value);
        out.put_slice(b"\r\n");
    }
    out.put_slice(format!("Content-Length: {}\r\n\r\n", body.len()).as_bytes());
    out.put_slice(body);
}

fn put_clean(out: &mut BytesMut, value: &[u8]) {
    let start = out.len();
    out.put_slice(value);
    for byte in out[start..].iter_mut().filter(|byte| matches!(**byte, b'\r' | b'\n')) {
        *byte = b' ';
    }
}
