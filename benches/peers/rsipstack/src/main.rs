//! The yardstick of `make bench-sip`: a minimal rsipstack server that rings, answers and takes BYE, as
//! `examples/sip_server.rs` does with our stack. `rsipstack-peer ADDRESS:PORT`; says `ready` once it listens.

use std::sync::Arc;

use rsipstack::dialog::DialogId;
use rsipstack::dialog::dialog::{Dialog, DialogState, DialogStateReceiver, DialogStateSender};
use rsipstack::dialog::dialog_layer::DialogLayer;
use rsipstack::sip::{Header, Method, StatusCode, Uri};
use rsipstack::transaction::TransactionReceiver;
use rsipstack::transport::TransportLayer;
use rsipstack::transport::udp::UdpConnection;
use rsipstack::{EndpointBuilder, Error, Result};
use tokio_util::sync::CancellationToken;

/// The same in both servers.
const ANSWER: &str = "v=0\r\no=- 1 1 IN IP4 127.0.0.1\r\ns=-\r\nc=IN IP4 127.0.0.1\r\nt=0 0\r\n\
                      m=audio 40000 RTP/AVP 0\r\na=rtpmap:0 PCMU/8000\r\n";

#[tokio::main]
async fn main() -> Result<()> {
    let address = std::env::args().nth(1).ok_or_else(|| Error::Error("usage: rsipstack-peer ADDRESS:PORT".into()))?;
    let cancel = CancellationToken::new();
    let transport = TransportLayer::new(cancel.clone());
    let socket = UdpConnection::create_connection(address.parse()?, None, Some(cancel.child_token())).await?;
    transport.add_transport(socket.into());
    let endpoint = EndpointBuilder::new().with_cancel_token(cancel).with_transport_layer(transport).build();
    let incoming = endpoint.incoming_transactions()?;
    let layer = Arc::new(DialogLayer::new(endpoint.inner.clone()));
    let (states, state_changes) = layer.new_dialog_state_channel();
    let contact = Uri::try_from(format!("sip:mairie@{address}"))?;
    println!("ready");
    tokio::select! {
        _ = endpoint.serve() => {}
        _ = serve(layer.clone(), incoming, states, contact) => {}
        _ = follow(layer.clone(), state_changes) => {}
    }
    Ok(())
}

async fn serve(layer: Arc<DialogLayer>, mut incoming: TransactionReceiver, states: DialogStateSender, contact: Uri) {
    while let Some(mut transaction) = incoming.recv().await {
        let dialog = match transaction.original.method {
            Method::Invite => {
                layer.get_or_create_server_invite(&transaction, states.clone(), None, Some(contact.clone())).ok()
            }
            _ => match DialogId::try_from(&transaction).ok().and_then(|id| layer.get_dialog(&id)) {
                Some(Dialog::Invite(dialog)) => Some(dialog),
                _ => None,
            },
        };
        tokio::spawn(async move {
            match dialog {
                Some(mut dialog) => drop(dialog.handle(&mut transaction).await),
                None if transaction.original.method != Method::Ack => {
                    let _ = transaction.reply(StatusCode::CallTransactionDoesNotExist).await;
                }
                None => {}
            }
        });
    }
}

async fn follow(layer: Arc<DialogLayer>, mut changes: DialogStateReceiver) {
    while let Some(change) = changes.recv().await {
        match change {
            DialogState::Calling(id) => {
                if let Some(Dialog::Invite(dialog)) = layer.get_dialog(&id) {
                    let kind = Header::ContentType("application/sdp".into());
                    let _ = dialog.ringing(None, None);
                    let _ = dialog.accept(Some(vec![kind]), Some(ANSWER.into()));
                }
            }
            DialogState::Terminated(id, _) => layer.remove_dialog(&id),
            _ => {}
        }
    }
}
