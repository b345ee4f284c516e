//! INFO within a dialog (RFC 6086): keys of the telephone are told, what nobody reads is refused. PURE.

use super::super::wire::{KEY_TYPES, KeyPress, KeyPressError};
use super::incoming::Checked;
use super::*;

impl Endpoint {
    pub(super) fn receive_info(
        &mut self,
        now: Instant,
        handle: CallHandle,
        transaction: Option<TransactionId>,
        checked: &Checked,
    ) {
        let request = &checked.request;
        // No Info Package was offered by us, so none may come (§4.2.2).
        if request.headers.get(&HeaderName::InfoPackage).is_some() {
            let none = (HeaderName::RecvInfo, String::new());
            return self.answer(now, transaction, checked, 469, Some(none));
        }
        // Without content it keeps the dialog alive (§4.2.2).
        if request.body.is_empty() {
            return self.answer(now, transaction, checked, 200, None);
        }
        let encoding = request.headers.text(&HeaderName::ContentEncoding);
        if encoding.is_some_and(|encoding| !encoding.eq_ignore_ascii_case("identity")) {
            let plain = (HeaderName::AcceptEncoding, "identity".to_owned());
            return self.answer(now, transaction, checked, 415, Some(plain));
        }
        let kind = request.headers.content_type().unwrap_or_default();
        match KeyPress::read(&kind, &request.body) {
            Ok(press) => {
                self.answer(now, transaction, checked, 200, None);
                if let Some(press) = press {
                    self.io.report(handle, Event::Key(press));
                }
            }
            Err(KeyPressError::Malformed) => self.answer(now, transaction, checked, 400, None),
            Err(KeyPressError::Type) => {
                let accept = (HeaderName::Accept, KEY_TYPES.to_owned());
                self.answer(now, transaction, checked, 415, Some(accept));
            }
        }
    }
}
