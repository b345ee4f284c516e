//! The product's user agent as a telephone that the test operates.

use std::net::SocketAddr;
use std::time::Duration;

use allo_mairie::audio::Codec;
use allo_mairie::net::{self, CallLine, SipHandle};
use allo_mairie::sip::sdp::{self, Direction, LocalMedia, Security};
use allo_mairie::sip::{
    AccessConfig, CallHandle, Command, Dial, EndCause, EndpointConfig, Event, Flow, Listeners, Policy,
};
use tokio::sync::mpsc::Receiver;
use tokio::time::timeout;

use super::peers::free_port;

/// Nothing a peer on loopback does takes longer, a refresh of a short session included.
const PATIENCE: Duration = Duration::from_secs(20);

pub struct UserAgent {
    pub address: SocketAddr,
    handle: SipHandle,
    lines: Receiver<CallLine>,
}

/// A call and the media we described in it.
pub struct Call {
    line: CallLine,
    media: LocalMedia,
    last: String,
}

/// `user` at an address of loopback.
pub fn config(user: &str) -> EndpointConfig {
    EndpointConfig {
        listeners: Listeners::udp(([127, 0, 0, 1], 0).into()),
        user: user.into(),
        display_name: None,
        product: "allo-mairie".into(),
        max_calls: 64,
        accept_transfers: true,
        policy: Policy::default(),
        credentials: Vec::new(),
        access: AccessConfig::open(),
    }
}

impl UserAgent {
    pub async fn start(config: EndpointConfig) -> UserAgent {
        let (handle, lines) =
            net::bind(config, ([127, 0, 0, 1], 0).into(), rand::random()).await.expect("a socket on loopback");
        UserAgent { address: handle.local_address(), handle, lines }
    }

    /// The next call that comes in, and the offer in its INVITE.
    pub async fn incoming(&mut self) -> (Call, Option<String>) {
        let line = timeout(PATIENCE, self.lines.recv()).await.expect("a call in time").expect("the SIP task");
        let mut call = Call::new(line);
        let offer = call
            .until("Incoming", |event| match event {
                Event::Incoming { offer, .. } => Some(offer.clone()),
                _ => None,
            })
            .await;
        (call, offer)
    }

    pub async fn dial(&self, target: &str, destination: SocketAddr) -> Call {
        let media = media();
        let last = sdp::offer(&media);
        let dial = Dial {
            target: target.into(),
            destination: Flow::udp(destination),
            offer: Some(last.clone()),
            from: None,
            referred_by: None,
        };
        let line = self.handle.dial(dial).await.expect("the SIP task");
        Call { line, media, last }
    }

    /// Places the call a REFER asks for.
    pub async fn follow(&self, target: String, referred_by: Option<String>, destination: SocketAddr) -> Call {
        let media = media();
        let last = sdp::offer(&media);
        let offer = Some(last.clone());
        let dial = Dial { target, destination: Flow::udp(destination), offer, from: None, referred_by };
        Call { line: self.handle.dial(dial).await.expect("the SIP task"), media, last }
    }

    /// Waits until a peer answers OPTIONS.
    pub async fn ping(&self, target: &str, destination: SocketAddr) {
        let line = self.handle.ping(target.into(), Flow::udp(destination)).await.expect("the SIP task");
        let mut call = Call::new(line);
        call.until("Answered", |event| matches!(event, Event::Answered { .. }).then_some(())).await;
    }
}

/// Answers this many calls, which their far ends end.
pub async fn answer_all(agent: &mut UserAgent, calls: usize) -> Vec<EndCause> {
    let mut ended = Vec::new();
    let mut tasks = Vec::new();
    for _ in 0..calls {
        let (mut call, offer) = agent.incoming().await;
        tasks.push(tokio::spawn(async move {
            call.command(Command::Ring).await;
            call.answer(offer).await;
            call.ended().await
        }));
    }
    for task in tasks {
        ended.push(task.await.expect("a call"));
    }
    ended
}

impl Call {
    fn new(line: CallLine) -> Call {
        Call { line, media: media(), last: String::new() }
    }

    pub fn handle(&self) -> CallHandle {
        self.line.handle()
    }

    pub async fn command(&self, command: Command) {
        self.line.command(command).await;
    }

    /// Describes our side: the answer to `offer`, or an offer of ours.
    fn describe(&mut self, offer: Option<String>) -> String {
        self.media.session_version += 1;
        let sdp = match offer {
            Some(offer) => sdp::answer(&offer, &self.media).expect("an offer we can take").0,
            None => sdp::offer(&self.media),
        };
        self.last.clone_from(&sdp);
        sdp
    }

    pub async fn answer(&mut self, offer: Option<String>) {
        let sdp = self.describe(offer);
        self.command(Command::Answer { sdp }).await;
    }

    pub async fn answer_reoffer(&mut self, offer: Option<String>) {
        let sdp = Some(self.describe(offer));
        self.command(Command::AnswerReoffer { sdp }).await;
    }

    /// Offers the media once more, in this direction (hold, resume).
    pub async fn reoffer(&mut self, direction: Direction) {
        self.media.session_version += 1;
        let sdp = sdp::reoffer(&self.media, &self.last, direction);
        assert!(sdp.is_some(), "a description to change");
        self.command(Command::Reoffer { sdp }).await;
    }

    /// The first event in which `find` finds something; what comes before it is passed over. An end of the call that
    /// was not looked for fails the test.
    pub async fn until<T>(&mut self, what: &str, mut find: impl FnMut(&Event) -> Option<T>) -> T {
        let mut seen: Vec<Event> = Vec::new();
        loop {
            let event = timeout(PATIENCE, self.line.event()).await;
            let Ok(Some(event)) = event else { panic!("no {what}, but {seen:?} and then {event:?}") };
            if let Some(found) = find(&event) {
                return found;
            }
            assert!(!matches!(event, Event::Ended { .. }), "no {what}, but {seen:?} and then {event:?}");
            seen.push(event);
        }
    }

    pub async fn see(&mut self, expected: Event) {
        self.until(&format!("{expected:?}"), |event| (*event == expected).then_some(())).await;
    }

    pub async fn answered(&mut self) {
        let sdp = self
            .until("Answered", |event| match event {
                Event::Answered { sdp } => Some(sdp.clone()),
                _ => None,
            })
            .await;
        let sdp = sdp.expect("an answer to our offer");
        sdp::accept_answer(&sdp, &self.media).expect("audio in the answer");
    }

    /// The far end's new offer, and the direction it leaves us.
    pub async fn reoffered(&mut self) -> (Option<String>, Option<Direction>) {
        let offer = self
            .until("Reoffered", |event| match event {
                Event::Reoffered { offer } => Some(offer.clone()),
                _ => None,
            })
            .await;
        let agreed =
            offer.as_ref().map(|offer| sdp::answer(offer, &self.media).expect("audio in the offer").1.direction);
        (offer, agreed)
    }

    /// The direction our `reoffer` was answered with.
    pub async fn reoffer_answered(&mut self) -> Direction {
        let sdp = self
            .until("ReofferAnswered", |event| match event {
                Event::ReofferAnswered { sdp } => Some(sdp.clone()),
                _ => None,
            })
            .await;
        sdp::accept_answer(&sdp.expect("an answer"), &self.media).expect("audio in the answer").direction
    }

    pub async fn ended(&mut self) -> EndCause {
        self.until("Ended", |event| match event {
            Event::Ended { cause } => Some(*cause),
            _ => None,
        })
        .await
    }
}

/// Audio to a port where nobody listens.
fn media() -> LocalMedia {
    LocalMedia {
        address: ([127, 0, 0, 1], free_port()).into(),
        codecs: vec![Codec::Pcma, Codec::Pcmu],
        session_id: 1,
        session_version: 1,
        security: Security::default(),
    }
}
