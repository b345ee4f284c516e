//! Connects the test telephones to the network: short loops around [`crate::net`].
//!
//! Owns: their RTP sockets and event loops. Must not know: what the machines decide, what becomes of the results.

use std::future::Future;
use std::io;
use std::net::{IpAddr, SocketAddr};
use std::ops::RangeInclusive;
use std::pin::pin;
use std::time::Instant;

use tokio::sync::mpsc;

use super::caller::{self, Caller};
use super::phone::{self, Phone};
use super::report::Party;
use super::script::Line;
use crate::net::{CallLine, NetError, SipHandle, WaitingRtpSocket, now, sleep_until};
use crate::sip::{Command, Dial, Event, Flow};

/// RTP ports of the test telephones, away from the agent's range.
pub const RTP_PORTS: RangeInclusive<u16> = 42_000..=42_998;
const PACKET_BYTES: usize = 2_048;

/// A call to place.
pub struct Target {
    pub uri: String,
    pub destination: SocketAddr,
    /// Our address as the far end sees it.
    pub local_ip: IpAddr,
}

/// Places a call and sees it to its end; `stop` hangs up.
pub async fn call(
    sip: &SipHandle,
    target: Target,
    settings: impl FnOnce(SocketAddr, SocketAddr) -> caller::Settings,
    script: Vec<Line>,
    stop: impl Future<Output = ()>,
    observe: impl FnMut(caller::Observation),
) -> Result<caller::Outcome, NetError> {
    let (_, nothing) = mpsc::channel(1);
    run(sip, target, None, |now, settings| Caller::new(now, settings, script), settings, nothing, stop, observe).await
}

/// What a caller who is told what to say does next.
pub enum Told {
    Say(Line),
    /// Over whatever the far end is saying.
    SayOver(Line),
    HangUp,
}

/// Places a call whose caller is told what to say; `number`: as whose telephone it is shown.
pub async fn converse(
    sip: &SipHandle,
    target: Target,
    number: Option<String>,
    settings: impl FnOnce(SocketAddr, SocketAddr) -> caller::Settings,
    told: mpsc::Receiver<Told>,
    stop: impl Future<Output = ()>,
    observe: impl FnMut(caller::Observation),
) -> Result<caller::Outcome, NetError> {
    let caller = |now, settings| Caller::new(now, settings, Vec::new()).told();
    run(sip, target, number, caller, settings, told, stop, observe).await
}

#[expect(clippy::too_many_arguments, reason = "the two ways to place a call differ in these")]
async fn run(
    sip: &SipHandle,
    target: Target,
    number: Option<String>,
    caller: impl FnOnce(Instant, caller::Settings) -> Caller,
    settings: impl FnOnce(SocketAddr, SocketAddr) -> caller::Settings,
    mut told: mpsc::Receiver<Told>,
    stop: impl Future<Output = ()>,
    mut observe: impl FnMut(caller::Observation),
) -> Result<caller::Outcome, NetError> {
    let agent_rtp = WaitingRtpSocket::bind(target.local_ip, RTP_PORTS)?;
    let operator_rtp = WaitingRtpSocket::bind(target.local_ip, RTP_PORTS)?;
    let settings = settings(agent_rtp.local_address(), operator_rtp.local_address());
    let offer = Caller::offer(&settings);
    let mut machine = caller(now(), settings);
    let dial = Dial {
        from: number.map(|number| crate::sip::Party { user: Some(number), ..Default::default() }),
        ..Dial::to(target.uri, Flow::udp(target.destination).into(), Some(offer))
    };
    let mut agent = Some(sip.dial(dial).await?);
    let mut operator = None;
    let mut stop = pin!(stop);
    let mut stopped = false;
    let (mut agent_buffer, mut operator_buffer) = ([0; PACKET_BYTES], [0; PACKET_BYTES]);
    loop {
        while let Some(output) = machine.poll_output() {
            match output {
                caller::Output::Command { leg, command } => {
                    let line = if leg == Party::Agent { &agent } else { &operator };
                    send(line, command).await;
                }
                caller::Output::Dial { target, destination, offer } => {
                    operator = Some(sip.dial(Dial::to(target, Flow::udp(destination).into(), Some(offer))).await?);
                }
                caller::Output::Packet { leg: Party::Agent, destination, payload } => {
                    agent_rtp.send(destination, &payload);
                }
                caller::Output::Packet { leg: Party::Operator, destination, payload } => {
                    operator_rtp.send(destination, &payload);
                }
                caller::Output::Observed(observation) => observe(observation),
                caller::Output::Done => {}
            }
        }
        if machine.is_done() {
            return Ok(machine.finish());
        }
        let timeout = machine.poll_timeout();
        tokio::select! {
            event = next_event(&mut agent) => {
                machine.handle_input(now(), caller::Input::Signal { leg: Party::Agent, event });
            }
            event = next_event(&mut operator) => {
                machine.handle_input(now(), caller::Input::Signal { leg: Party::Operator, event });
            }
            packet = next_packet(&agent_rtp, &mut agent_buffer) => {
                let (source, payload) = packet;
                machine.handle_input(now(), caller::Input::Packet { leg: Party::Agent, source, payload });
            }
            packet = next_packet(&operator_rtp, &mut operator_buffer) => {
                let (source, payload) = packet;
                machine.handle_input(now(), caller::Input::Packet { leg: Party::Operator, source, payload });
            }
            () = sleep_until(timeout) => machine.handle_input(now(), caller::Input::Timeout),
            Some(next) = told.recv() => machine.handle_input(now(), match next {
                Told::Say(line) => caller::Input::Say(line),
                Told::SayOver(line) => caller::Input::SayOver(line),
                Told::HangUp => caller::Input::HangUp,
            }),
            () = &mut stop, if !stopped => {
                stopped = true;
                machine.handle_input(now(), caller::Input::HangUp);
            }
        }
    }
}

/// Takes one incoming call and sees it to its end; `stop` hangs up. `finish` waits for what was heard.
pub async fn take_call(
    mut line: CallLine,
    local_ip: IpAddr,
    settings: impl FnOnce(SocketAddr) -> phone::Settings,
    script: Vec<Line>,
    stop: impl Future<Output = ()>,
    mut observe: impl FnMut(phone::Observation),
) -> Result<Phone, NetError> {
    let rtp = WaitingRtpSocket::bind(local_ip, RTP_PORTS)?;
    let mut machine = Phone::new(settings(rtp.local_address()), script);
    let mut stop = pin!(stop);
    let mut stopped = false;
    let mut buffer = [0; PACKET_BYTES];
    loop {
        while let Some(output) = machine.poll_output() {
            match output {
                phone::Output::Command(command) => line.command(command).await,
                phone::Output::Packet { destination, payload } => rtp.send(destination, &payload),
                phone::Output::Observed(observation) => observe(observation),
                phone::Output::Done => return Ok(machine),
            }
        }
        let timeout = machine.poll_timeout();
        tokio::select! {
            event = line.event() => match event {
                Some(event) => machine.handle_input(now(), phone::Input::Signal(event)),
                None => return Ok(machine),
            },
            (source, payload) = next_packet(&rtp, &mut buffer) => {
                machine.handle_input(now(), phone::Input::Packet { source, payload });
            }
            () = sleep_until(timeout) => machine.handle_input(now(), phone::Input::Timeout),
            () = &mut stop, if !stopped => {
                stopped = true;
                machine.handle_input(now(), phone::Input::HangUp);
            }
        }
    }
}

async fn send(line: &Option<CallLine>, command: Command) {
    if let Some(line) = line {
        line.command(command).await;
    }
}

/// The next event of a leg; waits for ever on a leg that is not there or has ended.
async fn next_event(line: &mut Option<CallLine>) -> Event {
    if let Some(line) = line
        && let Some(event) = line.event().await
    {
        return event;
    }
    std::future::pending().await
}

/// The next packet; errors (ICMP for a packet of ours) are none.
async fn next_packet<'a>(socket: &WaitingRtpSocket, buffer: &'a mut [u8; PACKET_BYTES]) -> (SocketAddr, &'a [u8]) {
    loop {
        let received: io::Result<_> = socket.receive(buffer).await;
        if let Ok((length, source)) = received {
            return (source, &buffer[..length]);
        }
    }
}

#[cfg(test)]
mod tests;
