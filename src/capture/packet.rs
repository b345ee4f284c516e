//! Packets as a capture file holds them: libpcap's classic format, raw IP.
//!
//! The format is 24 bytes before all packets and 16 before each (draft-ietf-opsawg-pcap); the crates that write it bring
//! readers and pcapng along and would hide how much of a packet was kept. IP and UDP headers are etherparse's.

use std::net::{IpAddr, SocketAddr};

use etherparse::{IpNumber, Ipv4Header, Ipv6FlowLabel, Ipv6Header, UdpHeader};
use jiff::Timestamp;

/// LINKTYPE_RAW: a packet begins with its IP header.
const LINK_TYPE: u32 = 101;
/// Longest packet.
const SNAPSHOT: u32 = 65_535;
/// Largest payload of a UDP datagram over IPv6 and IPv4.
const MAX_PAYLOAD: usize = 65_507;
const HOPS: u8 = 64;

/// What stands at the beginning of the file: little endian, microseconds, version 2.4.
pub const FILE_HEADER: [u8; 24] = {
    let [l0, l1, l2, l3] = LINK_TYPE.to_le_bytes();
    let [s0, s1, s2, s3] = SNAPSHOT.to_le_bytes();
    [0xd4, 0xc3, 0xb2, 0xa1, 2, 0, 4, 0, 0, 0, 0, 0, 0, 0, 0, 0, s0, s1, s2, s3, l0, l1, l2, l3]
};

/// One packet: its record header and as much of it as is kept.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Packet(pub Vec<u8>);

impl Packet {
    /// A UDP datagram; `payload` is what is kept of `length` bytes. Messages of TCP and TLS are written as datagrams too:
    /// whoever reads the file need neither reassemble nor decrypt. `None` when it would not fit into one.
    pub fn datagram(
        at: Timestamp,
        source: SocketAddr,
        destination: SocketAddr,
        payload: &[u8],
        length: usize,
    ) -> Option<Packet> {
        if length > MAX_PAYLOAD || payload.len() > length {
            return None;
        }
        let (ports, whole) = ((source.port(), destination.port()), payload.len() == length);
        let headers = match (source.ip().to_canonical(), destination.ip().to_canonical()) {
            (IpAddr::V4(source), IpAddr::V4(destination)) => {
                // What is missing can't be summed up: no checksum, as IPv4 allows.
                let udp = UdpHeader::without_ipv4_checksum(ports.0, ports.1, length).ok()?;
                let udp_length = udp.length;
                let mut ip =
                    Ipv4Header::new(udp_length, HOPS, IpNumber::UDP, source.octets(), destination.octets()).ok()?;
                ip.header_checksum = ip.calc_header_checksum();
                [ip.to_bytes().as_slice(), &udp.to_bytes()].concat()
            }
            (source, destination) => {
                let v6 = |ip: IpAddr| match ip {
                    IpAddr::V4(ip) => ip.to_ipv6_mapped(),
                    IpAddr::V6(ip) => ip,
                };
                let mut ip = Ipv6Header {
                    traffic_class: 0,
                    flow_label: Ipv6FlowLabel::ZERO,
                    payload_length: 0,
                    next_header: IpNumber::UDP,
                    hop_limit: HOPS,
                    source: v6(source).octets(),
                    destination: v6(destination).octets(),
                };
                let udp = match whole {
                    true => UdpHeader::with_ipv6_checksum(ports.0, ports.1, &ip, payload).ok()?,
                    false => UdpHeader::without_ipv4_checksum(ports.0, ports.1, length).ok()?,
                };
                ip.payload_length = udp.length;
                [ip.to_bytes().as_slice(), &udp.to_bytes()].concat()
            }
        };
        let (kept, original) = (headers.len() + payload.len(), headers.len() + length);
        let mut record = Vec::with_capacity(16 + kept);
        let seconds = u32::try_from(at.as_second()).unwrap_or_default();
        let micros = u32::try_from(at.subsec_microsecond()).unwrap_or_default();
        for number in [seconds, micros, u32::try_from(kept).ok()?, u32::try_from(original).ok()?] {
            record.extend_from_slice(&number.to_le_bytes());
        }
        record.extend_from_slice(&headers);
        record.extend_from_slice(payload);
        Some(Packet(record))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn datagram(source: &str, destination: &str, payload: &[u8], length: usize) -> Option<Packet> {
        let at = Timestamp::from_microsecond(1_700_000_000_123_456).unwrap();
        Packet::datagram(at, source.parse().unwrap(), destination.parse().unwrap(), payload, length)
    }

    #[test]
    fn a_record_tells_how_much_was_kept() {
        let Packet(bytes) = datagram("192.0.2.1:5060", "192.0.2.2:5070", b"abc", 10).unwrap();
        let number = |at: usize| u32::from_le_bytes(bytes[at..at + 4].try_into().unwrap());
        assert_eq!([number(0), number(4), number(8), number(12)], [1_700_000_000, 123_456, 31, 38]);
        let sliced = etherparse::SlicedPacket::from_ip(&bytes[16..]);
        assert!(sliced.is_err(), "the IP header tells the whole length");
        let (ip, _) = Ipv4Header::from_slice(&bytes[16..]).unwrap();
        assert_eq!((ip.total_len, ip.source, ip.header_checksum), (38, [192, 0, 2, 1], ip.calc_header_checksum()));
    }

    #[test]
    fn whole_packets_of_both_families_are_read_by_others() {
        for (source, destination) in [("192.0.2.1:5060", "192.0.2.2:5070"), ("[2001:db8::1]:1", "[2001:db8::2]:2")] {
            let Packet(bytes) = datagram(source, destination, b"hello", 5).unwrap();
            let packet = etherparse::SlicedPacket::from_ip(&bytes[16..]).unwrap();
            let Some(etherparse::TransportSlice::Udp(udp)) = packet.transport else { panic!("no UDP") };
            assert_eq!(
                (udp.payload(), udp.source_port()),
                (&b"hello"[..], source.rsplit(':').next().unwrap().parse().unwrap())
            );
        }
        // An IPv4 address in IPv6 clothes is an IPv4 address.
        let Packet(mapped) = datagram("[::ffff:192.0.2.1]:1", "192.0.2.2:2", b"", 0).unwrap();
        assert_eq!(mapped[16] >> 4, 4);
        assert_eq!(datagram("192.0.2.1:1", "192.0.2.2:2", &[0; 65_508], 65_508), None);
    }
}
