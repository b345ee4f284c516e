//! The `[sip]` section, checked.

use std::collections::BTreeMap;
use std::net::{IpAddr, SocketAddr};
use std::path::PathBuf;
use std::time::Duration;

use ipnet::IpNet;

use super::check::{Checker, quoted};
use super::raw::{RawAccess, RawAccount, RawRegistration, RawSession, RawSip, RawTls};
use super::{Advertised, RegistrationConfig, Secret, SipConfig};
use crate::net::{BadListenAddress, ClientCertificates, ListenAddress, TlsSettings};
use crate::sip::wire::Uri;
use crate::sip::{AccessConfig, Action, Policy, Transport};

/// Listeners at once; more is a mistake.
const MAX_LISTENERS: usize = 32;

impl Checker {
    pub(super) fn sip(&mut self, raw: RawSip) -> SipConfig {
        let listen = self.listen(&raw.listen);
        let secure = listen.iter().any(|listen| listen.transport == Transport::Tls);
        let accounts = self.accounts(raw.accounts);
        let first = match raw.register.as_str() {
            "first" => true,
            "all" => false,
            other => {
                let remedy = "choisissez « all » (tous) ou « first » (le premier qui accepte).";
                self.problem("sip.register", quoted(other), "ce choix n'existe pas", remedy);
                false
            }
        };
        SipConfig {
            advertised: raw.advertised.iter().filter_map(|text| self.advertised(text)).collect(),
            user: self.user("sip.user", raw.user),
            max_calls: self.whole("sip.max_calls", raw.max_calls, 1..=5_000, 40),
            max_connections: self.whole("sip.max_connections", raw.max_connections, 8..=10_000, 512),
            tls: self.tls(raw.tls, secure),
            realm: self.realm("sip.access.realm", raw.access.realm.clone()),
            access: self.access(&raw.access, &listen, accounts.is_empty()),
            accounts,
            registrations: self.registrations(raw.registrations, &listen),
            register_first: first,
            keep_alive: self.keep_alive(raw.keep_alive),
            policy: self.policy(&raw.session),
            listen,
        }
    }

    fn keep_alive(&mut self, seconds: i64) -> Duration {
        match u64::try_from(seconds) {
            Ok(seconds @ (0 | 10..=3_600)) => Duration::from_secs(seconds),
            _ => {
                let message = "la valeur doit être 0, ou comprise entre 10 et 3600 secondes";
                self.problem("sip.keep_alive", seconds, message, "écrivez par exemple 60, ou 0 pour ne rien demander.");
                Duration::ZERO
            }
        }
    }

    fn policy(&mut self, raw: &RawSession) -> Policy {
        let seconds = |checked: usize| u32::try_from(checked).unwrap_or(u32::MAX);
        let min_se = seconds(self.whole("sip.session.min_se", raw.min_se, 90..=86_400, 90));
        let session_expires = match u32::try_from(raw.session_expires) {
            Ok(expires) if expires == 0 || (min_se..=86_400).contains(&expires) => expires,
            _ => {
                let message =
                    format!("la valeur doit être 0, ou comprise entre sip.session.min_se ({min_se}) et 86400");
                let remedy = "écrivez par exemple 1800, ou 0 pour ne rien demander de nous-mêmes.";
                self.problem("sip.session.session_expires", raw.session_expires, message, remedy);
                0
            }
        };
        Policy {
            session_expires,
            min_se,
            reliable_provisionals: raw.reliable_provisionals,
            max_redirects: self.whole("sip.session.max_redirects", raw.max_redirects, 0..=20, 5),
        }
    }

    fn listen(&mut self, values: &[String]) -> Vec<ListenAddress> {
        let example = "écrivez par exemple [\"udp:0.0.0.0:5060\", \"tls:0.0.0.0:5061\"]";
        let mut listen: Vec<ListenAddress> = Vec::new();
        for value in values {
            match value.parse() {
                Ok(address) if listen.contains(&address) && address.address.port() != 0 => {
                    let remedy = "supprimez la seconde.";
                    self.problem("sip.listen", quoted(value), "cette adresse est écrite deux fois", remedy);
                }
                Ok(address) => listen.push(address),
                Err(BadListenAddress::Transport) => {
                    let remedy = "choisissez « udp », « tcp » ou « tls », par exemple « tcp:0.0.0.0:5060 ».";
                    self.problem("sip.listen", quoted(value), "ce transport n'est pas connu", remedy);
                }
                Err(BadListenAddress::Address) => {
                    let remedy = format!("{example} ; un nom de machine ne convient pas.");
                    self.problem("sip.listen", quoted(value), "il faut une adresse IP et un port", remedy);
                }
            }
        }
        if values.is_empty() {
            self.problem("sip.listen", "[]", "il faut au moins une adresse", format!("{example}."));
        }
        if values.len() > MAX_LISTENERS {
            let message = format!("plus de {MAX_LISTENERS} adresses d'écoute");
            self.problem("sip.listen", values.len(), message, "0.0.0.0 vaut pour toutes les adresses de la machine.");
        }
        if listen.is_empty() {
            listen.push(ListenAddress::udp(SocketAddr::from(([0, 0, 0, 0], 5060))));
        }
        listen
    }

    fn advertised(&mut self, value: &str) -> Option<Advertised> {
        let (transport, address) = match value.split_once(':') {
            Some((name, rest)) if name.chars().all(|c| c.is_ascii_alphabetic()) => (name.parse().map(Some), rest),
            _ => (Ok(None), value),
        };
        let given = match (address.parse::<SocketAddr>(), address.parse::<IpAddr>()) {
            (Ok(address), _) => Some((address.ip(), Some(address.port()))),
            (_, Ok(ip)) => Some((ip, None)),
            _ => None,
        };
        match (transport, given) {
            (Ok(transport), Some((ip, port))) if !ip.is_unspecified() && port != Some(0) => {
                Some(Advertised { transport, ip, port })
            }
            _ => {
                self.problem(
                    "sip.advertised",
                    quoted(value),
                    "il faut une adresse IP que le standard peut joindre",
                    "écrivez par exemple « 192.168.10.5 », « 192.168.10.5:5060 » ou « tls:192.168.10.5:5061 », ou \
                     laissez vide.",
                );
                None
            }
        }
    }

    fn user(&mut self, key: &str, value: String) -> String {
        let fits = |c: char| c.is_ascii_alphanumeric() || "-_.+".contains(c);
        if value.is_empty() || value.len() > 64 || !value.chars().all(fits) {
            self.problem(
                key,
                quoted(&value),
                "le nom ne peut contenir que des lettres sans accent, des chiffres et - _ . +",
                "écrivez par exemple « mairie » ou le numéro de poste de l'agent.",
            );
        }
        value
    }

    fn realm(&mut self, key: &str, value: String) -> String {
        if value.is_empty() || value.contains(['"', '\\']) || value.chars().any(char::is_control) {
            let remedy = "écrivez par exemple « allo-mairie ».";
            self.problem(key, quoted(&value), "il faut un nom sans guillemet ni barre oblique inverse", remedy);
        }
        value
    }

    fn tls(&mut self, raw: RawTls, needed: bool) -> Option<TlsSettings> {
        let client_certificates = match raw.client_certificates.as_str() {
            "none" => ClientCertificates::Ignored,
            "optional" => ClientCertificates::Optional,
            "required" => ClientCertificates::Required,
            other => {
                let remedy = "choisissez « none », « optional » ou « required ».";
                self.problem("sip.tls.client_certificates", quoted(other), "ce choix n'existe pas", remedy);
                ClientCertificates::Ignored
            }
        };
        for (key, value, what) in
            [("sip.tls.certificate", &raw.certificate, "le certificat"), ("sip.tls.key", &raw.key, "la clé privée")]
        {
            if value.is_empty() && (needed || !raw.certificate.is_empty() || !raw.key.is_empty()) {
                let message = format!("il manque {what}, au format PEM, pour écouter en TLS");
                let remedy = "donnez son chemin (celui qu'écrit votre client ACME convient), ou retirez l'adresse \
                              « tls: » de sip.listen.";
                self.problem(key, quoted(value), message, remedy);
            }
        }
        needed.then(|| TlsSettings {
            certificate: PathBuf::from(raw.certificate),
            key: PathBuf::from(raw.key),
            authorities: (!raw.authorities.is_empty()).then(|| PathBuf::from(raw.authorities)),
            client_certificates,
        })
    }

    fn access(&mut self, raw: &RawAccess, listen: &[ListenAddress], no_accounts: bool) -> AccessConfig {
        let others = match raw.others.as_str() {
            "accept" => Action::Accept,
            "challenge" => Action::Challenge,
            "refuse" => Action::Refuse,
            "drop" => Action::Drop,
            other => {
                let remedy = "choisissez parmi « accept », « challenge », « refuse », « drop ».";
                self.problem("sip.access.others", quoted(other), "ce choix n'existe pas", remedy);
                Action::Drop
            }
        };
        let mut networks: Vec<(IpNet, Action)> = Vec::new();
        for (name, values, action) in [
            ("accept", &raw.accept, Action::Accept),
            ("challenge", &raw.challenge, Action::Challenge),
            ("refuse", &raw.refuse, Action::Refuse),
            ("drop", &raw.drop, Action::Drop),
        ] {
            let key = format!("sip.access.{name}");
            for value in values {
                let network = value.parse::<IpNet>().or_else(|_| value.parse::<IpAddr>().map(IpNet::from));
                match network.map(|network| network.trunc()) {
                    Ok(network) if networks.iter().any(|(known, _)| *known == network) => {
                        let remedy = "ne le gardez que dans une liste.";
                        self.problem(&key, quoted(value), "ce réseau est écrit deux fois", remedy);
                    }
                    Ok(network) => networks.push((network, action)),
                    Err(_) => {
                        let remedy = "écrivez par exemple « 192.168.10.0/24 » ou « 2001:db8::/32 ».";
                        self.problem(&key, quoted(value), "ce n'est pas un réseau", remedy);
                    }
                }
            }
        }
        if no_accounts && (others == Action::Challenge || networks.iter().any(|(_, a)| *a == Action::Challenge)) {
            self.problem(
                "sip.access.challenge",
                raw.challenge.join(", "),
                "un mot de passe est demandé, mais aucun compte n'existe",
                "ajoutez une section [sip.accounts.nom] avec son « password », ou retirez « challenge ».",
            );
        }
        // This machine itself, unless a rule says otherwise: `allo-mairie health` asks from here.
        let own = listen.iter().map(|listen| listen.address.ip()).filter(|ip| !ip.is_unspecified());
        let loopback = ["127.0.0.0/8", "::1/128"].into_iter().filter_map(|network| network.parse().ok());
        for network in own.map(IpNet::from).chain(loopback) {
            if !networks.iter().any(|(known, _)| *known == network) {
                networks.push((network, Action::Accept));
            }
        }
        AccessConfig { networks, others, ..AccessConfig::closed() }
    }

    /// A password from the setting or from its file. Its text never goes into a message.
    fn password(&mut self, key: &str, password: String, file: &str) -> Option<Secret> {
        let written = match (password.is_empty(), file.is_empty()) {
            (false, true) => Ok(password),
            (true, false) => match std::fs::read_to_string(file) {
                Ok(text) if !text.trim().is_empty() => Ok(text.trim().to_owned()),
                Ok(_) => Err(("password_file", "ce fichier est vide".to_owned())),
                Err(error) => Err(("password_file", format!("ce fichier ne peut pas être lu ({error})"))),
            },
            (true, true) => Err(("password", "il manque le mot de passe".to_owned())),
            (false, false) => Err(("password_file", "le mot de passe est donné deux fois".to_owned())),
        };
        match written {
            Ok(password) => Some(Secret(password)),
            Err((setting, message)) => {
                let variable = format!("ALLO_MAIRIE_{}__PASSWORD", key.to_uppercase().replace('.', "__"));
                let remedy =
                    format!("donnez soit password_file (un fichier lisible du seul service), soit {variable}.");
                self.problem(&format!("{key}.{setting}"), quoted(file), message, remedy);
                None
            }
        }
    }

    fn accounts(&mut self, given: BTreeMap<String, RawAccount>) -> BTreeMap<String, Secret> {
        let mut accounts = BTreeMap::new();
        for (name, raw) in given {
            let key = format!("sip.accounts.{name}");
            if let Some(password) = self.password(&key, raw.password, &raw.password_file) {
                accounts.insert(self.user(&key, name), password);
            }
        }
        accounts
    }

    fn registrations(
        &mut self,
        given: BTreeMap<String, RawRegistration>,
        listen: &[ListenAddress],
    ) -> Vec<RegistrationConfig> {
        let mut ranked = Vec::new();
        for (name, raw) in given {
            let key = format!("sip.registrations.{name}");
            let password = self.password(&key, raw.password, &raw.password_file);
            let registrar_key = format!("{key}.registrar");
            match registrar(&raw.registrar) {
                Some(transport) if !listen.iter().any(|l| transport.is_none_or(|t| t == l.transport)) => {
                    let transport = transport.unwrap_or(Transport::Udp);
                    let message = format!("ce standard se joint en {transport}, que sip.listen n'a pas");
                    let remedy = format!("ajoutez par exemple « {transport}:0.0.0.0:{} ».", transport.default_port());
                    self.problem(&registrar_key, quoted(&raw.registrar), message, remedy);
                }
                Some(_) => {}
                None => {
                    let remedy =
                        "écrivez par exemple « sip:192.168.10.1 » ou « sip:pabx.mairie.example;transport=tcp ».";
                    self.problem(&registrar_key, quoted(&raw.registrar), "il faut l'adresse SIP du standard", remedy);
                }
            }
            let user = self.user(&format!("{key}.user"), raw.user);
            let expires = self.whole(&format!("{key}.expires"), raw.expires, 60..=86_400, 300);
            let rank = self.whole(&format!("{key}.rank"), raw.rank, 1..=1000, 1);
            let Some(password) = password else { continue };
            let registration = RegistrationConfig {
                registrar: raw.registrar,
                login: if raw.login.is_empty() { user.clone() } else { raw.login },
                user,
                password,
                realm: (!raw.realm.is_empty()).then_some(raw.realm),
                expires: Duration::from_secs(u64::try_from(expires).unwrap_or(300)),
                name,
            };
            ranked.push((rank, registration));
        }
        // Those of the same rank keep the order of their names.
        ranked.sort_by_key(|(rank, _)| *rank);
        ranked.into_iter().map(|(_, registration)| registration).collect()
    }
}

/// The transport a registrar's URI names, if any; `None` when it is no such URI.
fn registrar(text: &str) -> Option<Option<Transport>> {
    let Ok(Uri::Sip(uri)) = text.parse() else { return None };
    let named = uri.params.get("transport").map(str::parse::<Transport>);
    let named = match (named, uri.secure) {
        (Some(Err(_)), _) => return None,
        (Some(Ok(Transport::Udp)), true) => return None,
        (_, true) => Some(Transport::Tls),
        (named, false) => named.transpose().ok()?,
    };
    (uri.user.is_none() && uri.headers.is_none()).then_some(named)
}
