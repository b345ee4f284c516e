//! The callers of `make bench-media`, in a process of their own: places calls by SIP, sends each a packet of speech or
//! silence every 20 ms, and times what comes back by the kernel's stamps, so that its own lateness doesn't count.
//! Prints one line of JSON.
//!
//! All calls of one millisecond of the grid share a socket: the far ends' ports tell their packets apart, and one
//! system call sends them all, so that the callers cost far less than the calls.

use std::io::{IoSlice, IoSliceMut};
use std::net::{Ipv4Addr, SocketAddr, SocketAddrV4};
use std::os::fd::AsRawFd;
use std::process::ExitCode;
use std::time::{Duration, Instant};

use allo_mairie::audio::codec::Encoder;
use allo_mairie::audio::{Codec, FRAME_MS, signals};
use allo_mairie::net::{self, CallLine, SipHandle};
use allo_mairie::rtp::srtp::{KeySource, Protection};
use allo_mairie::sip::sdp::{self, LocalMedia, Security, SrtpPolicy};
use allo_mairie::sip::{AccessConfig, Command, Dial, EndpointConfig, Event, Flow, Listeners, Policy};
use clap::Parser;
use nix::sys::socket::{
    ControlMessageOwned, MsgFlags, MultiHeaders, SockaddrIn, recvmmsg, sendmmsg, setsockopt, sockopt,
};
use serde_json::json;

const LOOPBACK: Ipv4Addr = Ipv4Addr::LOCALHOST;
/// One millisecond of the 20 ms grid each.
const SLOTS: usize = 20;
const SLOT: Duration = Duration::from_millis(1);
const TICK_NS: f64 = 20e6;
/// A caller speaks, then listens.
const SPEECH_MS: u64 = 2_000;
const CYCLE_MS: u64 = 9_000;
/// Each socket is read this often, in slots: far more often than its buffer fills.
const READ_EVERY: usize = 5;
const BATCH: usize = 64;
const PACKET: usize = 256;
/// Calls placed a second.
const RATE: u32 = 200;

#[derive(Parser)]
struct Args {
    /// Where the server takes calls.
    server: SocketAddrV4,
    /// The server's process, to be watched.
    #[arg(long)]
    process: u32,
    #[arg(long)]
    calls: usize,
    /// Length of the measurement.
    #[arg(long, default_value_t = 20)]
    seconds: u64,
    /// After the last call was placed, before the measurement.
    #[arg(long, default_value_t = 3)]
    settle: u64,
    #[arg(long, default_value = "PCMA")]
    codec: String,
    /// Encrypted both ways (SDES).
    #[arg(long)]
    srtp: bool,
}

/// One received packet.
struct Arrival {
    call: u32,
    number: u16,
    /// Nanoseconds since 1970.
    at: u64,
    /// Holds more than silence.
    sounds: bool,
}

struct Caller {
    far_end: SocketAddrV4,
    payload_type: u8,
    position: usize,
    number: u16,
    timestamp: u32,
    protection: Option<Protection>,
}

/// The calls of one millisecond of the grid.
struct Group {
    #[expect(clippy::disallowed_types, reason = "a process of its own, with its own sockets")]
    socket: std::net::UdpSocket,
    callers: Vec<Caller>,
    headers: MultiHeaders<SockaddrIn>,
    received: MultiHeaders<SockaddrIn>,
}

impl Group {
    #[expect(clippy::disallowed_types, reason = "a process of its own, with its own sockets")]
    fn open() -> std::io::Result<Self> {
        let socket = std::net::UdpSocket::bind((LOOPBACK, 0))?;
        socket.set_nonblocking(true)?;
        setsockopt(&socket, sockopt::ReceiveTimestampns, &true)?;
        // As much as the system allows.
        setsockopt(&socket, sockopt::RcvBuf, &(4 << 20))?;
        let stamp = nix::cmsg_space!(nix::sys::time::TimeSpec);
        Ok(Self {
            socket,
            callers: Vec::new(),
            headers: MultiHeaders::preallocate(BATCH, None),
            received: MultiHeaders::preallocate(BATCH, Some(stamp)),
        })
    }

    fn send(&mut self, units: u32, payloads: &[Vec<u8>]) {
        let packets: Vec<(Vec<u8>, Option<SockaddrIn>)> = self
            .callers
            .iter_mut()
            .enumerate()
            .map(|(ssrc, caller)| {
                let payload = &payloads[caller.position % payloads.len()];
                // With room for an authentication tag.
                let mut packet = Vec::with_capacity(12 + payload.len() + 16);
                packet.extend([0x80, caller.payload_type]);
                packet.extend(caller.number.to_be_bytes());
                packet.extend(caller.timestamp.to_be_bytes());
                packet.extend((ssrc as u32 + 1).to_be_bytes());
                packet.extend(payload);
                if let Some(protection) = &mut caller.protection {
                    protection.protect(&mut packet).expect("a packet of ours, far from the last index");
                }
                caller.position += 1;
                caller.number = caller.number.wrapping_add(1);
                caller.timestamp = caller.timestamp.wrapping_add(units);
                (packet, Some(caller.far_end.into()))
            })
            .collect();
        for batch in packets.chunks(BATCH) {
            let slices: Vec<[IoSlice<'_>; 1]> = batch.iter().map(|(packet, _)| [IoSlice::new(packet)]).collect();
            let addresses: Vec<Option<SockaddrIn>> = batch.iter().map(|(_, address)| *address).collect();
            let mut headers = std::mem::replace(&mut self.headers, MultiHeaders::preallocate(0, None));
            // What the kernel can't take now is lost, as on any network; the server counts it.
            let _ = sendmmsg(self.socket.as_raw_fd(), &mut headers, &slices, addresses, [], MsgFlags::MSG_DONTWAIT);
            self.headers = headers;
        }
    }

    fn receive(&mut self, calls_of_ports: &[u32], arrivals: &mut Vec<Arrival>) {
        let mut buffers = [[0_u8; PACKET]; BATCH];
        loop {
            let mut slices: Vec<[IoSliceMut<'_>; 1]> = buffers.iter_mut().map(|b| [IoSliceMut::new(b)]).collect();
            let mut received = std::mem::replace(&mut self.received, MultiHeaders::preallocate(0, None));
            let mut count = 0;
            if let Ok(messages) =
                recvmmsg(self.socket.as_raw_fd(), &mut received, &mut slices, MsgFlags::MSG_DONTWAIT, None)
            {
                for message in messages {
                    count += 1;
                    let Some(from) = message.address else { continue };
                    let call = calls_of_ports[usize::from(from.port())];
                    let stamp = message.cmsgs().ok().into_iter().flatten().find_map(|control| match control {
                        ControlMessageOwned::ScmTimestampns(at) => {
                            Some(at.tv_sec() as u64 * 1_000_000_000 + at.tv_nsec() as u64)
                        }
                        _ => None,
                    });
                    let bytes = message.iovs().next().unwrap_or_default();
                    if let (Some(at), Some((header, payload))) = (stamp, bytes.split_first_chunk::<12>()) {
                        let number = u16::from_be_bytes([header[2], header[3]]);
                        let sounds = payload.windows(2).any(|pair| pair[0] != pair[1]);
                        arrivals.push(Arrival { call, number, at, sounds });
                    }
                }
            }
            self.received = received;
            if count < BATCH {
                return;
            }
        }
    }
}

fn main() -> ExitCode {
    match run(Args::parse()) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("{error}");
            ExitCode::FAILURE
        }
    }
}

fn run(args: Args) -> Result<(), Box<dyn std::error::Error>> {
    let known = Codec::ALL.into_iter().find(|codec| codec.name().eq_ignore_ascii_case(&args.codec));
    let codec = known.filter(|codec| codec.is_built()).ok_or("this build has no such codec")?;
    let idle = resident(args.process)?;
    let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(1).enable_all().build()?;
    let mut groups = (0..SLOTS).map(|_| Group::open()).collect::<Result<Vec<_>, _>>()?;
    let mut calls_of_ports = vec![u32::MAX; 1 << 16];
    let frame = codec.sample_rate() as usize * FRAME_MS as usize / 1_000;
    let (payloads, units) = (payloads(codec, frame), codec.timestamp_units(frame as u32));
    let (placed, mut lines) = tokio::sync::mpsc::channel(args.calls);
    let policy = if args.srtp { SrtpPolicy::Required } else { SrtpPolicy::Off };
    runtime.spawn(place_all(args.server, codec, policy, addresses(&groups)?, args.calls, placed));
    let mut held: Vec<CallLine> = Vec::new();
    let mut arrivals = Vec::with_capacity(args.calls * 50 * (args.seconds as usize + 1));
    let start = net::now();
    let mut slot = 0_u32;
    let mut measured: Option<(u32, Usage)> = None;
    let mut settled = None;
    let usage = loop {
        wait_until(start + SLOT * slot);
        let index = slot as usize % SLOTS;
        groups[index].send(units, &payloads);
        for group in groups.iter_mut().skip(slot as usize % READ_EVERY).step_by(READ_EVERY) {
            group.receive(&calls_of_ports, &mut arrivals);
        }
        if held.len() < args.calls {
            while let Ok(placed) = lines.try_recv() {
                let Some(Placed { line, far_end, payload_type, protection }) = placed else {
                    return Err("a call was refused".into());
                };
                let call = held.len();
                calls_of_ports[usize::from(far_end.port())] = call as u32;
                // Callers don't speak in chorus.
                let position = call * 37;
                groups[call % SLOTS].callers.push(Caller {
                    far_end,
                    payload_type,
                    position,
                    number: 0,
                    timestamp: 0,
                    protection,
                });
                held.push(line);
            }
            if lines.is_closed() && lines.is_empty() && held.len() < args.calls {
                return Err("a call could not be placed".into());
            }
            settled = Some(slot + args.settle as u32 * 1_000);
        }
        match &measured {
            None if held.len() == args.calls && settled.is_some_and(|at| slot >= at) => {
                arrivals.clear();
                measured = Some((slot + args.seconds as u32 * 1_000, Usage::now(args.process)?));
            }
            Some((until, before)) if slot >= *until => break Usage::now(args.process)?.since(before),
            _ => {}
        }
        slot += 1;
    };
    let occupied = resident(args.process)?;
    report(&args, &arrivals, idle, occupied, &usage);
    runtime.block_on(hang_up(held));
    Ok(())
}

fn addresses(groups: &[Group]) -> std::io::Result<Vec<SocketAddr>> {
    groups.iter().map(|group| group.socket.local_addr()).collect()
}

/// Sleeps: the media thread has nothing else to wait for.
#[expect(clippy::disallowed_methods, reason = "the generator's own clock; a process of its own")]
fn wait_until(at: Instant) {
    std::thread::sleep(at.saturating_duration_since(net::now()));
}

/// Speech and silence of one cycle, encoded.
fn payloads(codec: Codec, frame: usize) -> Vec<Vec<u8>> {
    let rate = codec.sample_rate();
    let mut samples = signals::speech(rate, -20.0, SPEECH_MS, 1);
    // A quiet line is not digital silence.
    samples.extend(signals::white_noise(rate, -65.0, CYCLE_MS - SPEECH_MS, 2));
    let mut encoder = Encoder::new(codec);
    let encode = |frame: &[i16]| {
        let mut payload = Vec::new();
        encoder.encode(frame, &mut payload);
        payload
    };
    samples.chunks_exact(frame).map(encode).collect()
}

struct Placed {
    line: CallLine,
    far_end: SocketAddrV4,
    payload_type: u8,
    protection: Option<Protection>,
}

/// Places the calls evenly over time; tells each once it is answered, in any order, `None` for a refusal.
async fn place_all(
    server: SocketAddrV4,
    codec: Codec,
    policy: SrtpPolicy,
    media: Vec<SocketAddr>,
    calls: usize,
    placed: tokio::sync::mpsc::Sender<Option<Placed>>,
) {
    let config = EndpointConfig {
        listeners: Listeners::udp((LOOPBACK, 0).into()),
        user: "appelant".into(),
        display_name: None,
        product: "allo-mairie-load".into(),
        max_calls: calls,
        accept_transfers: false,
        policy: Policy::default(),
        credentials: Vec::new(),
        access: AccessConfig::open(),
    };
    let Ok((sip, _incoming)) = net::bind(config, (LOOPBACK, 0).into(), rand::random()).await else { return };
    let start = net::now();
    for call in 0..calls {
        net::sleep_until(Some(start + Duration::from_secs(1) / RATE * call as u32)).await;
        // In order: the call's number decides its socket.
        let answered = place(&sip, server, codec, policy, media[call % SLOTS]).await;
        if placed.send(answered).await.is_err() {
            return;
        }
    }
}

async fn place(
    sip: &SipHandle,
    server: SocketAddrV4,
    codec: Codec,
    policy: SrtpPolicy,
    media: SocketAddr,
) -> Option<Placed> {
    let local = LocalMedia {
        address: media,
        codecs: vec![codec],
        session_id: 1,
        session_version: 1,
        security: Security::new(policy, Some(&mut KeySource::new(rand::random()))),
    };
    let dial = Dial {
        target: format!("sip:mairie@{server}"),
        destination: Flow::udp(server.into()).into(),
        offer: Some(sdp::offer(&local)),
        from: None,
        referred_by: None,
        redirects: true,
    };
    let mut line = sip.dial(dial).await.ok()?;
    loop {
        match line.event().await? {
            Event::Answered { sdp: Some(answer) } => {
                let agreed = sdp::accept_answer(&answer, &local).ok()?;
                let SocketAddr::V4(far_end) = agreed.remote else { return None };
                let protection = agreed.srtp.as_ref().map(|srtp| Protection::new(&srtp.keys));
                return Some(Placed { line, far_end, payload_type: agreed.payload_type, protection });
            }
            Event::Ended { .. } => return None,
            _ => {}
        }
    }
}

async fn hang_up(mut lines: Vec<CallLine>) {
    for line in &lines {
        line.command(Command::HangUp).await;
    }
    for line in &mut lines {
        while line.event().await.is_some() {}
    }
}

/// Processor time, seconds.
struct Usage {
    server: f64,
    generator: f64,
    at: Instant,
}

impl Usage {
    fn now(server: u32) -> std::io::Result<Self> {
        Ok(Self { server: processor(server)?, generator: processor(std::process::id())?, at: net::now() })
    }

    fn since(&self, before: &Self) -> (f64, f64, f64) {
        let wall = (self.at - before.at).as_secs_f64();
        (self.server - before.server, self.generator - before.generator, wall)
    }
}

/// Of all threads, by `/proc` (proc(5)): hundredths of a second everywhere on Linux.
fn processor(process: u32) -> std::io::Result<f64> {
    let stat = std::fs::read_to_string(format!("/proc/{process}/stat"))?;
    // The name may hold spaces; it ends with the last bracket.
    let fields: Vec<&str> = stat.rsplit(')').next().unwrap_or_default().split_whitespace().collect();
    let ticks = |index: usize| fields.get(index).and_then(|text| text.parse::<f64>().ok()).unwrap_or(f64::NAN);
    Ok((ticks(11) + ticks(12)) / 100.0)
}

/// Resident memory, KiB.
fn resident(process: u32) -> std::io::Result<f64> {
    let status = std::fs::read_to_string(format!("/proc/{process}/status"))?;
    let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:"));
    Ok(line.and_then(|rest| rest.split_whitespace().next()?.parse().ok()).unwrap_or(f64::NAN))
}

/// Each stream is held against its own grid of 20 ms, whose origin is the median of its packets.
fn report(args: &Args, arrivals: &[Arrival], idle: f64, occupied: f64, usage: &(f64, f64, f64)) {
    let mut streams: Vec<Vec<(i64, u64)>> = vec![Vec::new(); args.calls];
    let mut strangers = 0;
    for arrival in arrivals {
        let Some(stream) = streams.get_mut(arrival.call as usize) else {
            strangers += 1;
            continue;
        };
        // Sequence numbers go on from the one before.
        let number = stream.last().map_or(i64::from(arrival.number), |(last, _)| {
            last + i64::from(arrival.number.wrapping_sub(*last as u16).cast_signed())
        });
        stream.push((number, arrival.at));
    }
    let (mut lost, mut duplicated, mut skipped, mut silent) = (0_i64, 0_i64, 0_i64, 0);
    let mut deviations: Vec<f64> = Vec::with_capacity(arrivals.len());
    for stream in &mut streams {
        stream.sort_unstable();
        let received = stream.len() as i64;
        stream.dedup_by_key(|(number, _)| *number);
        let (Some(first), Some(last)) = (stream.first(), stream.last()) else {
            silent += 1;
            continue;
        };
        duplicated += received - stream.len() as i64;
        lost += last.0 - first.0 + 1 - stream.len() as i64;
        // Ticks that passed without a packet.
        let ticks = ((last.1 - first.1) as f64 / TICK_NS).round() as i64;
        skipped += (ticks - (last.0 - first.0)).max(0);
        let mut offsets: Vec<f64> =
            stream.iter().map(|(number, at)| (at - first.1) as f64 - (number - first.0) as f64 * TICK_NS).collect();
        offsets.sort_unstable_by(f64::total_cmp);
        let median = offsets[offsets.len() / 2];
        deviations.extend(offsets.iter().map(|offset| (offset - median).abs() / 1e6));
    }
    deviations.sort_unstable_by(f64::total_cmp);
    let share = |part: f64| {
        let index = ((deviations.len() as f64 * part) as usize).min(deviations.len().saturating_sub(1));
        deviations.get(index).copied().unwrap_or(f64::NAN)
    };
    let (server, generator, wall) = usage;
    let result = json!({
        "calls": args.calls,
        "codec": if args.srtp { format!("{} SRTP", args.codec) } else { args.codec.clone() },
        // What is encrypted always looks like sound.
        "sounding": (!args.srtp)
            .then(|| arrivals.iter().filter(|arrival| arrival.sounds).count() as f64 / arrivals.len() as f64),
        "packets": deviations.len(),
        "p50_ms": share(0.5),
        "p99_ms": share(0.99),
        "p999_ms": share(0.999),
        "max_ms": share(1.0),
        "skipped": skipped,
        "lost": lost,
        "duplicated": duplicated,
        "silent_calls": silent,
        "strangers": strangers,
        "server_cpu": server / wall,
        "generator_cpu": generator / wall,
        "us_per_call_second": server / wall / args.calls as f64 * 1e6,
        "kib_per_call": (occupied - idle) / args.calls as f64,
        "idle_kib": idle,
    });
    println!("{result}");
}
