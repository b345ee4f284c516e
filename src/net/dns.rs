//! DNS for [`crate::sip::Locator`]: the thin edge to the resolver.

use std::net::IpAddr;
use std::sync::Arc;
use std::time::Duration;

use hickory_resolver::TokioResolver;
use hickory_resolver::proto::rr::RData;
use tracing::debug;

use crate::net::{now, sleep_until};
use crate::sip::wire::Uri;
use crate::sip::{Answer, Listeners, Locator, Naptr, Query, Srv, Target};

/// A look-up, all its queries together; what has been found by then counts.
const PATIENCE: Duration = Duration::from_secs(8);

/// Looks SIP servers up as RFC 3263 says. Cheap to clone; answers are kept for as long as DNS allows.
#[derive(Clone)]
pub(super) struct Dns {
    listeners: Listeners,
    /// `None`: only addresses and this machine's own hosts file are known.
    resolver: Option<Arc<TokioResolver>>,
}

/// The resolver this machine is set up for, if any.
pub(super) fn of_the_system() -> Option<TokioResolver> {
    let resolver = TokioResolver::builder_tokio().and_then(|builder| builder.build());
    resolver.inspect_err(|error| debug!(%error, "no DNS resolver")).ok()
}

impl Dns {
    pub(super) fn new(listeners: Listeners, resolver: Option<TokioResolver>) -> Dns {
        Dns { listeners, resolver: resolver.map(Arc::new) }
    }

    /// Where this URI leads, best first; nothing for what is no SIP URI.
    pub(super) async fn locate(&self, uri: &str) -> Vec<Target> {
        let Ok(Uri::Sip(uri)) = uri.parse() else { return Vec::new() };
        let mut locator = Locator::new(&uri, self.listeners.clone());
        let deadline = now() + PATIENCE;
        while let Some(query) = locator.next_query() {
            let answer = tokio::select! {
                answer = self.ask(&query) => answer,
                () = sleep_until(Some(deadline)) => break,
            };
            locator.answer(&query, answer);
        }
        locator.finish(&mut rand::rng())
    }

    async fn ask(&self, query: &Query) -> Answer {
        match query {
            Query::Naptr(name) => Answer::Naptr(self.naptr(name).await),
            Query::Srv(name) => Answer::Srv(self.srv(name).await),
            Query::Addresses(name) => Answer::Addresses(self.addresses(name).await),
        }
    }

    async fn naptr(&self, name: &str) -> Vec<Naptr> {
        let Some(resolver) = &self.resolver else { return Vec::new() };
        let Ok(found) = resolver.lookup(absolute(name), hickory_resolver::proto::rr::RecordType::NAPTR).await else {
            return Vec::new();
        };
        let records = found.answers().iter().filter_map(|record| match &record.data {
            RData::NAPTR(naptr) => Some(Naptr {
                order: naptr.order,
                preference: naptr.preference,
                flags: String::from_utf8_lossy(&naptr.flags).into_owned(),
                service: String::from_utf8_lossy(&naptr.services).into_owned(),
                replacement: naptr.replacement.to_utf8(),
            }),
            _ => None,
        });
        records.collect()
    }

    async fn srv(&self, name: &str) -> Vec<Srv> {
        let Some(resolver) = &self.resolver else { return Vec::new() };
        let Ok(found) = resolver.srv_lookup(absolute(name)).await else { return Vec::new() };
        let records = found.answers().iter().filter_map(|record| match &record.data {
            RData::SRV(srv) => {
                Some(Srv { priority: srv.priority, weight: srv.weight, port: srv.port, target: srv.target.to_utf8() })
            }
            _ => None,
        });
        records.collect()
    }

    /// The search list and the hosts file of the machine count here, as for every other program.
    async fn addresses(&self, name: &str) -> Vec<IpAddr> {
        if let Some(resolver) = &self.resolver
            && let Ok(found) = resolver.lookup_ip(name).await
        {
            return found.iter().collect();
        }
        let found = tokio::net::lookup_host((name, 0)).await;
        found.map(|all| all.map(|address| address.ip()).collect()).unwrap_or_default()
    }
}

/// With the dot at the end: the search list must not be applied to names of services.
fn absolute(name: &str) -> String {
    format!("{}.", name.trim_end_matches('.'))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn addresses_need_no_resolver_and_localhost_is_known() {
        let listeners = Listeners::udp("127.0.0.1:5060".parse().unwrap());
        let dns = Dns::new(listeners, of_the_system());
        let remotes = |targets: Vec<Target>| targets.iter().map(|t| t.flow.remote.to_string()).collect::<Vec<_>>();
        assert_eq!(remotes(dns.locate("sip:200@192.0.2.1:5070").await), ["192.0.2.1:5070"]);
        assert_eq!(remotes(dns.locate("sip:localhost:5070").await), ["127.0.0.1:5070"]);
        assert!(dns.locate("tel:100").await.is_empty());
    }
}
