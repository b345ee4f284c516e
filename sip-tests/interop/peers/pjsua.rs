//! PJSUA2, operated by lines: `sip-tests/support/pjsua_telephone.py`.

use std::net::{IpAddr, Ipv4Addr, SocketAddr};
use std::process::Command;

use super::process::Process;
use super::{free_port, python, root};

pub struct Pjsua {
    pub address: SocketAddr,
    pub process: Process,
}

impl Pjsua {
    /// `options`: those of the script, `key=value`.
    pub async fn start(options: &[&str]) -> Pjsua {
        Pjsua::start_at(Ipv4Addr::LOCALHOST.into(), options).await
    }

    pub async fn start_at(ip: IpAddr, options: &[&str]) -> Pjsua {
        let address = SocketAddr::from((ip, free_port()));
        let mut command = Command::new(python());
        command.arg(root().join("sip-tests/support/pjsua_telephone.py"));
        command.arg(format!("port={}", address.port())).arg(format!("address={ip}"));
        command.arg(format!("rtp={}", free_port() & !1)).args(options);
        let mut process = Process::start("pjsua2", command);
        process.line("ready").await;
        Pjsua { address, process }
    }

    pub fn tell(&mut self, command: &str) {
        self.process.tell(command);
    }

    pub async fn line(&mut self, text: &str) -> String {
        self.process.line(text).await
    }
}
