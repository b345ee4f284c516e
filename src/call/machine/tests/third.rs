//! Somebody else at the switchboard, whom a call may be moved to.

use std::time::Instant;

use super::handset::Handset;
use super::rig::{AGENT, THIRD, address, endpoint, flow, local_media};
use crate::sip::sdp::{self, LocalMedia};
use crate::sip::wire::Replaces;
use crate::sip::{self, CallHandle, Command, Dial, Endpoint, Event, Transport};

pub const RTP: &str = "192.0.2.9:32000";
pub const RTCP: &str = "192.0.2.9:32001";

/// What becomes of calls.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Manner {
    Answer,
    /// Until the test answers.
    Ring,
    Refuse(u16),
    /// With this description.
    AnswerWith(&'static str),
}

pub struct Third {
    pub endpoint: Endpoint,
    transport: Transport,
    /// Its side of the audio.
    pub media: LocalMedia,
    pub handset: Handset,
    pub manner: Manner,
    pub call: Option<CallHandle>,
    /// The offer of the call that rings.
    offer: Option<String>,
    pub events: Vec<Event>,
}

impl Third {
    pub fn new(transport: Transport) -> Third {
        Third {
            endpoint: endpoint(THIRD, "accueil", transport),
            transport,
            media: local_media(RTP),
            handset: Handset::new(6),
            manner: Manner::Answer,
            call: None,
            offer: None,
            events: Vec::new(),
        }
    }

    pub fn command(&mut self, now: Instant, command: Command) {
        let call = self.call.expect("a call");
        self.endpoint.handle_input(now, sip::Input::Command { call, command });
    }

    pub fn answer(&mut self, now: Instant) {
        let sdp = self.describe(now);
        self.command(now, Command::Answer { sdp });
    }

    fn describe(&mut self, now: Instant) -> String {
        let offer = self.offer.take().expect("an offer");
        let (sdp, negotiated) = sdp::answer(&offer, &self.media).expect("a usable offer");
        self.handset.pick_up(now, &negotiated);
        sdp
    }

    /// Takes up the call that rings from another of its telephones: an INVITE that replaces the early dialog which this
    /// response to the agent has opened.
    pub fn pick_up_elsewhere(&mut self, now: Instant, ringing: &str) {
        let replaces = replaces_dialog(ringing, "From: ", "To: ");
        let dial = Dial::to(
            format!("<sip:mairie@{AGENT}?{}>", replaces.to_uri_headers()),
            flow(self.transport, address(AGENT)).into(),
            Some(sdp::offer(&self.media)),
        );
        self.call = Some(self.endpoint.dial(now, dial));
    }

    pub fn handle_event(&mut self, now: Instant, call: CallHandle, event: Event) {
        self.events.push(event.clone());
        match event {
            Event::Incoming { offer, .. } => {
                self.call = Some(call);
                self.offer = offer;
                match self.manner {
                    Manner::Refuse(status) => self.command(now, Command::Reject { status }),
                    Manner::AnswerWith(sdp) => self.command(now, Command::Answer { sdp: sdp.to_owned() }),
                    Manner::Ring => self.command(now, Command::Ring),
                    Manner::Answer => {
                        self.command(now, Command::Ring);
                        self.answer(now);
                    }
                }
            }
            Event::Answered { sdp: Some(sdp) } => {
                let negotiated = sdp::accept_answer(&sdp, &self.media).expect("a usable answer");
                self.handset.pick_up(now, &negotiated);
            }
            Event::Replaced { offer, .. } => {
                self.offer = offer;
                let sdp = self.describe(now);
                self.command(now, Command::AnswerReoffer { sdp: Some(sdp) });
            }
            Event::Ended { .. } if self.call == Some(call) => self.handset.put_down(),
            _ => {}
        }
    }
}

/// The dialog of a response as the agent sees it, whose own tag is in the header `own`.
pub fn replaces_dialog(response: &str, own: &str, far_end: &str) -> Replaces {
    let line = |name: &str| response.lines().find_map(|line| line.strip_prefix(name)).expect("the header");
    let tag = |name: &str| line(name).split_once(";tag=").map(|(_, tag)| tag.to_owned()).expect("a tag");
    Replaces::new(line("Call-ID: "), &tag(own), &tag(far_end))
}
