//! The product's user agent as a telephone that the test operates.

use std::net::{IpAddr, SocketAddr};
use std::time::Duration;

use allo_mairie::audio::Codec;
use allo_mairie::net::{self, CallLine, ConnectionLimits, ListenAddress, SipHandle, SipSettings, Timings};
use allo_mairie::sip::sdp::{self, Direction, LocalMedia, Security};
use allo_mairie::sip::{
    AccessConfig, CallHandle, Command, Dial, EndCause, EndpointConfig, Event, Flow, KeepAliveSettings, Listener,
    ListenerId, Listeners, Policy, Transport,
};
use tokio::sync::mpsc::Receiver;
use tokio::time::timeout;

use super::peers::free_port;

/// Nothing a peer on loopback does takes longer, a refresh of a short session included.
const PATIENCE: Duration = Duration::from_secs(20);

pub struct UserAgent {
    /// Of the first listener.
    pub address: SocketAddr,
    transport: Transport,
    media_ip: IpAddr,
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

/// An endpoint with these listeners, such as `tcp:[::1]:0`.
pub fn listening(endpoint: EndpointConfig, listen: &[&str]) -> SipSettings {
    let listen: Vec<ListenAddress> = listen.iter().map(|text| text.parse().expect("an address")).collect();
    let listener = |listen: &ListenAddress| Listener { transport: listen.transport, advertised: listen.address };
    let mut listeners = Listeners::new(listener(&listen[0]));
    listen[1..].iter().for_each(|listen| listeners.push(listener(listen)));
    SipSettings {
        endpoint: EndpointConfig { listeners, ..endpoint },
        listen,
        tls: None,
        connections: ConnectionLimits::default(),
        timings: Timings::default(),
        registrations: Vec::new(),
        register_first: false,
        keep_alive: KeepAliveSettings::default(),
    }
}

impl UserAgent {
    pub async fn start(config: EndpointConfig) -> UserAgent {
        UserAgent::open(listening(config, &["udp:127.0.0.1:0"])).await
    }

    pub async fn open(settings: SipSettings) -> UserAgent {
        let (handle, lines) = net::open(settings, rand::random()).await.expect("sockets on loopback");
        let ListenAddress { transport, address } = handle.listening()[0];
        UserAgent { address, transport, media_ip: address.ip(), handle, lines }
    }

    /// Audio of another address family than signalling.
    pub fn with_media(self, media_ip: IpAddr) -> UserAgent {
        UserAgent { media_ip, ..self }
    }

    /// A URI that leads to our first listener.
    pub fn uri(&self, user: &str) -> String {
        match self.transport {
            Transport::Udp => format!("sip:{user}@{}", self.address),
            transport => format!("sip:{user}@{};transport={transport}", self.address),
        }
    }

    /// By the first listener.
    fn towards(&self, remote: SocketAddr) -> Flow {
        Flow { transport: self.transport, remote, connection: None, local: ListenerId::default() }
    }

    /// The next call that comes in, and the offer in its INVITE.
    pub async fn incoming(&mut self) -> (Call, Option<String>) {
        let line = timeout(PATIENCE, self.lines.recv()).await.expect("a call in time").expect("the SIP task");
        let mut call = Call::new(line, self.media_ip);
        let offer = call
            .until("Incoming", |event| match event {
                Event::Incoming { offer, .. } => Some(offer.clone()),
                _ => None,
            })
            .await;
        (call, offer)
    }

    /// The first call that reached us unnoticed so far, if any.
    pub fn has_been_called(&mut self) -> bool {
        self.lines.try_recv().is_ok()
    }

    pub async fn dial(&self, target: &str, destination: SocketAddr) -> Call {
        self.place(target.into(), None, destination, true).await
    }

    /// Leaves the offer to the called party.
    pub async fn dial_without_offer(&self, target: &str, destination: SocketAddr) -> Call {
        self.place(target.into(), None, destination, false).await
    }

    /// Places the call a REFER asks for.
    pub async fn follow(&self, target: String, referred_by: Option<String>, destination: SocketAddr) -> Call {
        self.place(target, referred_by, destination, true).await
    }

    async fn place(&self, target: String, referred_by: Option<String>, to: SocketAddr, offers: bool) -> Call {
        let media = media(self.media_ip);
        let offer = offers.then(|| sdp::offer(&media));
        let last = offer.clone().unwrap_or_default();
        let dial = Dial { referred_by, ..Dial::to(target, self.towards(to).into(), offer) };
        Call { line: self.handle.dial(dial).await.expect("the SIP task"), media, last }
    }

    /// Waits until a peer answers OPTIONS.
    pub async fn ping(&self, target: &str, destination: SocketAddr) {
        let line = self.handle.ping(target.into(), self.towards(destination)).await.expect("the SIP task");
        let mut call = Call::new(line, self.media_ip);
        call.until("Answered", |event| matches!(event, Event::Answered { .. }).then_some(())).await;
    }

    /// No new calls from now on; registrations are left.
    pub async fn drain(&self) {
        self.handle.drain().await;
    }

    /// Waits until every call is over and every registration left.
    pub async fn quiet(&self) {
        timeout(PATIENCE, self.handle.quiet()).await.expect("quiet in time").expect("the SIP task");
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
    fn new(line: CallLine, ip: IpAddr) -> Call {
        Call { line, media: media(ip), last: String::new() }
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

    /// 183 with what `answer` would send.
    pub async fn early_media(&mut self, offer: Option<String>) {
        let sdp = self.describe(offer);
        self.command(Command::EarlyMedia { sdp }).await;
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
    pub async fn until<T>(&mut self, what: &str, find: impl FnMut(&Event) -> Option<T>) -> T {
        self.until_within(PATIENCE, what, find).await
    }

    async fn until_within<T>(
        &mut self,
        patience: Duration,
        what: &str,
        mut find: impl FnMut(&Event) -> Option<T>,
    ) -> T {
        let mut seen: Vec<Event> = Vec::new();
        loop {
            let event = timeout(patience, self.line.event()).await;
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

    /// 180, from one of those called.
    pub async fn ringing(&mut self) {
        self.until("180", |event| matches!(event, Event::Progress { status: 180, .. }).then_some(())).await;
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

    /// The ACK for our 200, and the direction agreed by the answer in it, if our 200 had the offer.
    pub async fn acknowledged(&mut self) -> Option<Direction> {
        let sdp = self
            .until("Acknowledged", |event| match event {
                Event::Acknowledged { sdp } => Some(sdp.clone()),
                _ => None,
            })
            .await;
        sdp.map(|sdp| sdp::accept_answer(&sdp, &self.media).expect("audio in the answer").direction)
    }

    /// The far end's new offer, and the direction it leaves us.
    pub async fn reoffered(&mut self) -> (Option<String>, Option<Direction>) {
        self.reoffered_within(PATIENCE).await
    }

    pub async fn reoffered_within(&mut self, patience: Duration) -> (Option<String>, Option<Direction>) {
        let offer = self
            .until_within(patience, "Reoffered", |event| match event {
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
fn media(ip: IpAddr) -> LocalMedia {
    LocalMedia {
        address: (ip, free_port()).into(),
        codecs: vec![Codec::Pcma, Codec::Pcmu],
        session_id: 1,
        session_version: 1,
        security: Security::default(),
    }
}
