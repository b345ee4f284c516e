use rand::SeedableRng;
use rand::rngs::StdRng;

use super::*;
use crate::sip::flow::Listener;
use crate::sip::wire::Uri;

fn at(text: &str) -> SocketAddr {
    text.parse().unwrap()
}

/// UDP, TCP and TLS over IPv4, UDP over IPv6.
fn listeners() -> Listeners {
    let mut listeners = Listeners::udp(at("198.51.100.7:5060"));
    for (transport, address) in [
        (Transport::Tcp, "198.51.100.7:5060"),
        (Transport::Tls, "198.51.100.7:5061"),
        (Transport::Udp, "[2001:db8::7]:5060"),
    ] {
        listeners.push(Listener { transport, advertised: at(address) });
    }
    listeners
}

fn naptr(order: u16, preference: u16, service: &str, replacement: &str) -> Naptr {
    Naptr { order, preference, flags: "s".into(), service: service.into(), replacement: replacement.into() }
}

fn srv(priority: u16, weight: u16, port: u16, target: &str) -> Srv {
    Srv { priority, weight, port, target: target.into() }
}

/// The example of RFC 3263 §4.1 and §4.2.
fn example(query: &Query) -> Answer {
    match query {
        Query::Naptr(name) if name == "example.com" => Answer::Naptr(vec![
            naptr(50, 50, "SIPS+D2T", "_sips._tcp.example.com."),
            naptr(90, 50, "SIP+D2T", "_sip._tcp.example.com."),
            naptr(100, 50, "SIP+D2U", "_sip._udp.example.com."),
        ]),
        Query::Srv(name) if name == "_sip._tcp.example.com" => {
            Answer::Srv(vec![srv(0, 1, 5060, "server1.example.com."), srv(0, 2, 5060, "server2.example.com.")])
        }
        Query::Addresses(name) => Answer::Addresses(match name.as_str() {
            "server1.example.com" => vec!["192.0.2.1".parse().unwrap()],
            "server2.example.com" => vec!["192.0.2.2".parse().unwrap()],
            "example.com" => vec!["192.0.2.9".parse().unwrap(), "2001:db8::9".parse().unwrap()],
            _ => Vec::new(),
        }),
        Query::Naptr(_) => Answer::Naptr(Vec::new()),
        Query::Srv(_) => Answer::Srv(Vec::new()),
    }
}

fn run(uri: &str, listeners: Listeners, seed: u64, dns: impl Fn(&Query) -> Answer) -> (Vec<Query>, Vec<Target>) {
    let Ok(Uri::Sip(uri)) = uri.parse() else { panic!("{uri}") };
    let mut locator = Locator::new(&uri, listeners);
    let mut asked = Vec::new();
    while let Some(query) = locator.next_query() {
        let answer = dns(&query);
        locator.answer(&query, answer);
        asked.push(query);
    }
    (asked, locator.finish(&mut StdRng::seed_from_u64(seed)))
}

fn found(uri: &str, listeners: Listeners, dns: impl Fn(&Query) -> Answer) -> Vec<String> {
    let (_, targets) = run(uri, listeners, 1, dns);
    targets.iter().map(|target| format!("{}:{}", target.flow.transport, target.flow.remote)).collect()
}

#[test]
fn the_example_of_the_rfc() {
    // A client without TLS takes TCP before UDP, as the domain wishes (§4.1).
    let mut plain = Listeners::udp(at("198.51.100.7:5060"));
    plain.push(Listener { transport: Transport::Tcp, advertised: at("198.51.100.7:5060") });
    let (asked, targets) = run("sip:user@example.com", plain, 1, |query| match query {
        Query::Srv(name) if name.starts_with("_sip._udp") => Answer::Srv(vec![srv(0, 0, 5060, "server1.example.com.")]),
        query => example(query),
    });
    let srv: Vec<&Query> = asked.iter().filter(|query| matches!(query, Query::Srv(_))).collect();
    assert_eq!(
        srv,
        [&Query::Srv("_sip._tcp.example.com".into()), &Query::Srv("_sip._udp.example.com".into())],
        "no TLS, so no SIPS+D2T"
    );
    let mut by_tcp: Vec<String> = targets[..2].iter().map(|target| target.flow.remote.to_string()).collect();
    by_tcp.sort();
    assert_eq!(by_tcp, ["192.0.2.1:5060", "192.0.2.2:5060"]);
    assert!(targets[..2].iter().all(|target| target.flow.transport == Transport::Tcp));
    assert_eq!(targets[2].flow.transport, Transport::Udp);
    assert!(targets.iter().all(|target| target.host.as_deref() == Some("example.com")));
}

#[test]
fn weights_decide_how_often_each_comes_first() {
    let first = (0..3_000)
        .filter(|seed| {
            let (_, targets) = run("sip:example.com;transport=tcp", listeners(), *seed, example);
            assert_eq!(targets.len(), 2);
            targets[0].flow.remote == at("192.0.2.2:5060")
        })
        .count();
    // RFC 2782 draws among 0..=3: two to three times in four it is the one of weight 2.
    assert!((1_300..2_600).contains(&first), "{first} of 3000");
}

#[test]
fn priorities_come_before_weights() {
    let dns = |query: &Query| match query {
        Query::Srv(_) => Answer::Srv(vec![
            srv(20, 100, 5070, "late.example."),
            srv(10, 0, 5080, "early.example."),
            srv(10, 5, 0, "."),
        ]),
        Query::Addresses(name) if name == "late.example" => Answer::Addresses(vec!["192.0.2.20".parse().unwrap()]),
        Query::Addresses(_) => Answer::Addresses(vec!["192.0.2.10".parse().unwrap()]),
        Query::Naptr(_) => Answer::Naptr(Vec::new()),
    };
    assert_eq!(
        found("sip:example.com;transport=udp", listeners(), dns),
        ["udp:192.0.2.10:5080", "udp:192.0.2.20:5070"]
    );
}

#[test]
fn addresses_and_ports_need_fewer_look_ups() {
    let nothing = |query: &Query| -> Answer { panic!("{query:?}") };
    for (uri, wanted) in [
        ("sip:192.0.2.5", "udp:192.0.2.5:5060"),
        ("sip:192.0.2.5;transport=tcp", "tcp:192.0.2.5:5060"),
        ("sip:192.0.2.5:5080;transport=TLS", "tls:192.0.2.5:5080"),
        ("sips:192.0.2.5", "tls:192.0.2.5:5061"),
        ("sips:192.0.2.5;transport=tcp", "tls:192.0.2.5:5061"),
        ("sip:[2001:db8::5]", "udp:[2001:db8::5]:5060"),
        ("sip:example.com;maddr=192.0.2.6", "udp:192.0.2.6:5060"),
    ] {
        assert_eq!(found(uri, listeners(), nothing), [wanted], "{uri}");
    }
    let (asked, _) = run("sip:example.com:5080", listeners(), 1, example);
    assert_eq!(asked, [Query::Addresses("example.com".into())]);
    assert_eq!(found("sip:example.com:5080", listeners(), example), ["udp:192.0.2.9:5080", "udp:[2001:db8::9]:5080"]);
    let (_, targets) = run("sips:192.0.2.5", listeners(), 1, nothing);
    assert_eq!(targets[0].host, None, "an address stands for itself in a certificate");
}

#[test]
fn without_naptr_each_transport_is_asked_and_without_srv_the_host_itself() {
    let (asked, targets) = run("sip:nowhere.example", listeners(), 1, |query| match query {
        Query::Addresses(_) => Answer::Addresses(vec!["192.0.2.9".parse().unwrap()]),
        query => example(query),
    });
    let names: Vec<Query> = ["_sip._udp", "_sip._tcp", "_sips._tcp"]
        .map(|service| Query::Srv(format!("{service}.nowhere.example")))
        .to_vec();
    assert_eq!(asked[0], Query::Naptr("nowhere.example".into()));
    assert_eq!(asked[1..4], names);
    assert_eq!(targets.len(), 1);
    assert_eq!(targets[0].flow.remote, at("192.0.2.9:5060"));
    let secure = found("sips:nowhere.example", listeners(), |query| match query {
        Query::Addresses(_) => Answer::Addresses(vec!["192.0.2.9".parse().unwrap()]),
        query => example(query),
    });
    assert_eq!(secure, ["tls:192.0.2.9:5061"], "sips never goes in the clear");
}

#[test]
fn what_we_cannot_reach_is_no_target() {
    assert!(found("sip:192.0.2.5;transport=ws", listeners(), example).is_empty());
    assert!(found("sip:[2001:db8::5];transport=tcp", listeners(), example).is_empty(), "no TCP listener over IPv6");
    let udp = Listeners::udp(at("198.51.100.7:5060"));
    assert!(found("sips:example.com", udp, example).is_empty());
    assert!(found("sip:unknown.example:5060", listeners(), example).is_empty());
}

#[test]
fn where_nobody_names_a_transport_it_is_one_we_have() {
    let only = |transport| Listeners::new(Listener { transport, advertised: at("198.51.100.7:5060") });
    let nothing = |query: &Query| -> Answer { panic!("{query:?}") };
    assert_eq!(found("sip:192.0.2.5", only(Transport::Tcp), nothing), ["tcp:192.0.2.5:5060"]);
    assert_eq!(found("sip:192.0.2.5", only(Transport::Tls), nothing), ["tls:192.0.2.5:5061"]);
    assert!(found("sips:192.0.2.5", only(Transport::Tcp), nothing).is_empty());
    assert!(found("sip:192.0.2.5;transport=udp", only(Transport::Tcp), nothing).is_empty());
    assert_eq!(found("sip:example.com:5080", only(Transport::Tcp), example), ["tcp:192.0.2.9:5080"]);
}

#[test]
fn addresses_that_are_none_are_left_out() {
    let dns = |query: &Query| match query {
        Query::Addresses(_) => Answer::Addresses(
            ["0.0.0.0", "224.0.0.1", "255.255.255.255", "192.0.2.9"].map(|ip| ip.parse().unwrap()).to_vec(),
        ),
        query => example(query),
    };
    assert_eq!(found("sip:example.com:5080;transport=udp", listeners(), dns), ["udp:192.0.2.9:5080"]);
}

#[test]
fn endless_answers_are_cut() {
    let dns = |query: &Query| match query {
        Query::Naptr(_) => Answer::Naptr(Vec::new()),
        Query::Srv(_) => Answer::Srv((0..1_000).map(|n| srv(n, 0, 5060, &format!("h{n}.example."))).collect()),
        Query::Addresses(_) => Answer::Addresses((0..=255).map(|n| IpAddr::from([192, 0, 2, n])).collect()),
    };
    let (asked, targets) = run("sip:example.com", listeners(), 1, dns);
    assert!(asked.len() <= MAX_QUERIES && targets.len() == MAX_TARGETS, "{} {}", asked.len(), targets.len());
}
