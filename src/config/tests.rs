use super::*;

const EXAMPLE: &str = include_str!("../../config.example.toml");

fn load(text: &str, variables: &[(&str, &str)]) -> Result<Config, ConfigError> {
    let environment = variables.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned()));
    Config::from_parts(Some(("config.toml", text)), environment)
}

fn problems(text: &str, variables: &[(&str, &str)]) -> Vec<ConfigProblem> {
    match load(text, variables) {
        Err(ConfigError::Invalid(problems)) => problems,
        other => panic!("expected problems, got {other:?}"),
    }
}

#[test]
fn the_example_is_exactly_the_defaults() {
    assert_eq!(load(EXAMPLE, &[]).unwrap(), Config::default());
    let example: raw::RawConfig = toml::from_str(EXAMPLE).expect("every setting stands in the example");
    assert_eq!(example, raw::RawConfig::default());
}

#[test]
fn every_setting_of_the_example_has_a_comment() {
    let lines: Vec<&str> = EXAMPLE.lines().collect();
    for (index, line) in lines.iter().enumerate() {
        if line.contains(" = ") && !line.starts_with('#') {
            assert!(index > 0 && lines[index - 1].starts_with("# "), "no comment above: {line}");
        }
    }
}

#[test]
fn the_file_overrides_the_defaults_and_the_environment_the_file() {
    let text = "[sip]\nmax_calls = 3\nuser = '200'\n[call]\nidle = 4\nkey_pause = 2.5\n";
    let config = load(
        text,
        &[
            ("ALLO_MAIRIE_SIP__MAX_CALLS", "7"),
            ("ALLO_MAIRIE_RTP__CODECS", "PCMU"),
            ("ALLO_MAIRIE_LOG__PERSONAL", "true"),
            ("ALLO_MAIRIE_LOG", "debug"),
            ("HOME", "/root"),
        ],
    )
    .unwrap();
    assert_eq!((config.sip.max_calls, config.sip.user.as_str()), (7, "200"));
    assert_eq!((config.call.idle, config.call.key_pause), (Duration::from_secs(4), Duration::from_millis(2500)));
    assert_eq!(config.rtp.codecs, [Codec::Pcmu]);
    assert!(config.log.personal);
    assert_eq!(config.store, Config::default().store);
}

#[test]
fn an_environment_value_is_text_where_text_is_wanted() {
    assert_eq!(load("", &[("ALLO_MAIRIE_SIP__USER", "100")]).unwrap().sip.user, "100");
}

#[test]
fn all_problems_are_told_at_once_with_their_places() {
    let text = "[sip]\nlisten = 'mairie'\nmax_cals = 3\n\n[rtp]\nports = '30000-20000'\ncodecs = ['G729']\n[call]\nidle = 'six'\n";
    let found = problems(text, &[("ALLO_MAIRIE_CALL__LONGEST", "deux"), ("ALLO_MAIRIE_STORE__RETENTION_DAYS", "0")]);
    let at = |key: &str| found.iter().find(|problem| problem.key == key).unwrap_or_else(|| panic!("{key}: {found:?}"));
    let line = |line| Origin::File { name: "config.toml".into(), line };
    assert_eq!(found.len(), 7, "{found:#?}");
    assert_eq!(at("sip.listen").origin, line(2));
    assert_eq!(at("sip.max_cals").origin, line(3));
    assert!(at("sip.max_cals").remedy.contains("max_calls"));
    assert_eq!(at("rtp.ports").origin, line(6));
    assert_eq!(at("rtp.codecs").origin, line(7));
    assert_eq!(at("call.idle").origin, line(9));
    assert_eq!(at("call.longest").origin, Origin::Environment { variable: "ALLO_MAIRIE_CALL__LONGEST".into() });
    assert!(at("store.retention_days").message.contains("1095"));

    let printed = ConfigError::Invalid(found).to_string();
    assert!(printed.starts_with("La configuration comporte 7 erreurs :\n"), "{printed}");
    assert!(printed.contains("sip.listen = « mairie » (config.toml, ligne 2) : "), "{printed}");
    assert_eq!(printed.matches("Remède : ").count(), 7);
}

#[test]
fn bounds_of_every_number() {
    for (key, low, high) in [
        ("sip.max_calls", "0", "5001"),
        ("sip.max_connections", "7", "10001"),
        ("transfer.margin", "0.5", "61"),
        ("recogniser.threads", "-1", "65"),
        ("recogniser.workers", "-1", "17"),
        ("recogniser.queue", "0", "1001"),
        ("voice.queue", "0", "1001"),
        ("voice.languages.fr.speaker", "-1", "10001"),
        ("call.longest", "29", "7201"),
        ("call.idle", "1", "61"),
        ("call.key_pause", "0", "21"),
        ("call.network_silence", "nan", "inf"),
        ("store.retention_days", "0", "1096"),
        ("capture.max_megabytes", "0", "4001"),
        ("capture.longest", "9", "86401"),
    ] {
        for value in [low, high] {
            let variable = format!("ALLO_MAIRIE_{}", key.to_uppercase().replace('.', "__"));
            let found = problems("", &[(&variable, value)]);
            assert_eq!(found.iter().map(|problem| problem.key.as_str()).collect::<Vec<_>>(), [key], "{key} = {value}");
        }
    }
}

#[test]
fn keep_alives_and_session_timers_are_off_or_within_bounds() {
    for (text, key) in [
        ("[sip]\nkeep_alive = 9", "sip.keep_alive"),
        ("[sip]\nkeep_alive = 3601", "sip.keep_alive"),
        ("[sip]\nkeep_alive = -1", "sip.keep_alive"),
        ("[sip.session]\nmin_se = 89", "sip.session.min_se"),
        ("[sip.session]\nsession_expires = 89", "sip.session.session_expires"),
        ("[sip.session]\nsession_expires = -1", "sip.session.session_expires"),
        ("[sip.session]\nmin_se = 1900", "sip.session.session_expires"),
        ("[sip.session]\nsession_expires = 86401", "sip.session.session_expires"),
        ("[sip.session]\nmax_redirects = 21", "sip.session.max_redirects"),
    ] {
        let keys: Vec<String> = problems(text, &[]).into_iter().map(|problem| problem.key).collect();
        assert_eq!(keys, [key], "{text}");
    }
    let off = load("[sip]\nkeep_alive = 0\n[sip.session]\nsession_expires = 0\nmin_se = 1900\n", &[]).unwrap().sip;
    assert_eq!((off.keep_alive, off.policy.session_expires, off.policy.min_se), (Duration::ZERO, 0, 1_900));
    let least = load("[sip]\nkeep_alive = 10\n[sip.session]\nsession_expires = 90\n", &[]).unwrap().sip;
    assert_eq!((least.keep_alive, least.policy.session_expires), (Duration::from_secs(10), 90));
    // What nobody writes is what the stack does by itself.
    assert_eq!(Config::default().sip.policy, crate::sip::Policy::default());
}

#[test]
fn figures_are_published_only_where_it_is_said() {
    let listen = |value: &str| load(&format!("[metrics]\nlisten = '{value}'\n"), &[]).map(|config| config.metrics);
    assert_eq!(listen("").unwrap(), None);
    assert_eq!(listen("127.0.0.1:9464").unwrap(), Some("127.0.0.1:9464".parse().unwrap()));
    assert!(listen("mairie:9464").is_err() && listen("9464").is_err());
    assert_eq!(Config::default().control_socket, std::path::Path::new("data/allo-mairie.sock"));
    let beside = load("[store]\npath = 'x/base.sqlite'\n", &[]).unwrap();
    assert_eq!(beside.control_socket, std::path::Path::new("x/base.sock"));
    let deep = format!("/{}", "x".repeat(107));
    assert_eq!(problems(&format!("[control]\nsocket = '{deep}'\n"), &[])[0].key, "control.socket");
}

#[test]
fn zero_threads_and_workers_mean_as_many_as_there_are_processors() {
    let processors = std::thread::available_parallelism().unwrap().get();
    let config = load("[recogniser]\nthreads = 0\n", &[]).unwrap();
    assert_eq!((config.recogniser.threads, config.recogniser.workers), (processors, 1));
    let config = load("[recogniser]\nthreads = 1\n", &[]).unwrap();
    assert_eq!(config.recogniser.workers, processors.min(16));
    let config = load("[recogniser]\nthreads = 64\n", &[]).unwrap();
    assert_eq!(config.recogniser.workers, (processors / 64).clamp(1, 16));
    assert_eq!(load("[recogniser]\nworkers = 3\n", &[]).unwrap().recogniser.workers, 3);
}

#[test]
fn settings_are_checked_against_each_other() {
    assert_eq!(problems("[rtp]\nports = '20000-20009'\n", &[])[0].key, "rtp.ports");
    let found = problems("[rtp]\nports = '5000-5999'\n", &[]);
    assert!(found[0].message.contains("5060"), "{found:?}");
    assert!(load("[rtp]\nports = '20000-20009'\n[sip]\nmax_calls = 5\n", &[]).is_ok());
    // The usual range carries 500 calls.
    assert_eq!(problems("[sip]\nmax_calls = 501\n", &[])[0].key, "rtp.ports");
    assert!(load("[rtp]\nports = '20000-29999'\n[sip]\nmax_calls = 5000\n", &[]).is_ok());
    // A joined call has a pair for the caller and one for the operator.
    let joined = |ports| format!("[rtp]\nports = '{ports}'\n[sip]\nmax_calls = 5\n[transfer]\nmethod = 'bridge'\n");
    assert!(load(&joined("20000-20019"), &[]).is_ok());
    let found = problems(&joined("20000-20017"), &[]);
    assert!(found[0].key == "rtp.ports" && found[0].remedy.contains("sip.max_calls à 4"), "{found:?}");
}

#[test]
fn encryption_of_the_audio() {
    use crate::sip::sdp::SrtpPolicy;
    assert_eq!(Config::default().rtp.srtp, SrtpPolicy::Optional);
    assert_eq!(load("[rtp]\nsrtp = 'off'\n", &[]).unwrap().rtp.srtp, SrtpPolicy::Off);
    assert_eq!(problems("[rtp]\nsrtp = 'oui'\n", &[])[0].key, "rtp.srtp");
    let found = problems("[rtp]\nsrtp = 'required'\n", &[]);
    assert_eq!((found.len(), found[0].key.as_str()), (1, "rtp.srtp"));
    assert!(found[0].message.contains("TLS"), "{found:?}");
    let tls = "[sip]\nlisten = 'tls:0.0.0.0:5061'\n[sip.tls]\ncertificate = 'a.pem'\nkey = 'b.pem'\n";
    assert_eq!(load(&format!("{tls}[rtp]\nsrtp = 'required'\n"), &[]).unwrap().rtp.srtp, SrtpPolicy::Required);
    let config = load("[rtp]\nsrtp = 'required'\nsrtp_without_tls = true\n", &[]).unwrap();
    assert!(config.rtp.srtp_without_tls);
}

#[test]
fn advertised_addresses() {
    // For listeners by UDP over IPv4, by TLS, and by UDP over IPv6.
    let advertised = |value: &str| {
        let config = load("", &[("ALLO_MAIRIE_SIP__ADVERTISED", value)]).ok()?;
        let told = ["udp:0.0.0.0:5060", "tls:0.0.0.0:5061", "udp:[::]:5060"].map(|listen| {
            let found = config.sip.advertised(&listen.parse().unwrap());
            found.map_or(String::new(), |(ip, port)| format!("{ip} {}", port.unwrap_or_default()))
        });
        Some(told.join("|"))
    };
    assert_eq!(advertised("").as_deref(), Some("||"));
    assert_eq!(advertised("192.0.2.1").as_deref(), Some("192.0.2.1 0|192.0.2.1 0|"));
    assert_eq!(advertised("192.0.2.1:5070").as_deref(), Some("192.0.2.1 5070|192.0.2.1 5070|"));
    assert_eq!(advertised("192.0.2.1, tls:192.0.2.2:5071").as_deref(), Some("192.0.2.1 0|192.0.2.2 5071|"));
    assert_eq!(advertised("[2001:db8::1]:5070").as_deref(), Some("||2001:db8::1 5070"));
    assert_eq!(advertised("2001:db8::1").as_deref(), Some("||2001:db8::1 0"));
    for wrong in ["0.0.0.0", "192.0.2.1:0", "pabx.example", "sctp:192.0.2.1"] {
        assert_eq!(advertised(wrong), None, "{wrong}");
    }
}

#[test]
fn transfer_targets_escape_the_extension() {
    let target = &Config::default().transfer.target;
    assert_eq!(target.uri("100"), "sip:100@127.0.0.1:5080");
    assert_eq!(target.uri("*21#"), "sip:*21%23@127.0.0.1:5080");
    assert_eq!(target.uri("1@evil>\r\nX: y"), "sip:1%40evil%3E%0D%0AX%3A%20y@127.0.0.1:5080");
    for wrong in [
        "sip:100@h",
        "{poste}@h",
        "sip:a@{poste}",
        "sip:{poste}",
        "sip:{poste}@",
        "sip:{poste}@h>",
        "sip:{poste}@{poste}",
    ] {
        let found = problems("", &[("ALLO_MAIRIE_TRANSFER__TARGET", wrong)]);
        assert_eq!(found[0].key, "transfer.target", "{wrong}");
    }
}

#[test]
fn whom_a_call_follows() {
    assert_eq!(Config::default().transfer.follow, Follow::Switchboard);
    for (text, follow) in [("never", Follow::Never), ("switchboard", Follow::Switchboard), ("always", Follow::Always)] {
        let config = load("", &[("ALLO_MAIRIE_TRANSFER__FOLLOW", text)]).unwrap();
        assert_eq!(config.transfer.follow, follow);
    }
    for (text, method) in
        [("refer", TransferMethod::Refer), ("bridge", TransferMethod::Bridge), ("auto", TransferMethod::Auto)]
    {
        let config = load("", &[("ALLO_MAIRIE_TRANSFER__METHOD", text)]).unwrap();
        assert_eq!(config.transfer.method, method);
    }
    assert_eq!(problems("[transfer]\nmethod = 'sometimes'\n", &[])[0].key, "transfer.method");
    let found = problems("[transfer]\nfollow = 'sometimes'\n", &[]);
    assert_eq!(found[0].key, "transfer.follow");
    assert!(found[0].remedy.contains("switchboard"), "{found:?}");
    let host = |target: &str| target.parse::<TransferTarget>().unwrap().host();
    assert_eq!(host("sip:{poste}@pabx.example:5070;transport=tcp").as_deref(), Some("pabx.example"));
    assert_eq!(host("sip:{poste}@[2001:db8::1]").as_deref(), Some("[2001:db8::1]"));
}

#[test]
fn languages_given_in_the_file_replace_the_default_ones() {
    let config = load("[voice.languages.en]\nmodel = 'v/en.onnx'\nspeaker = 2\n", &[]).unwrap();
    let files = VoiceFiles { model: "v/en.onnx".into(), config: "v/en.onnx.json".into(), speaker: 2 };
    assert_eq!(config.voice.languages, BTreeMap::from([(Language("en".into()), files)]));

    let both = load("", &[("ALLO_MAIRIE_VOICE__LANGUAGES__EN__MODEL", "en.onnx")]).unwrap();
    assert_eq!(both.voice.languages.keys().map(|language| language.0.as_str()).collect::<Vec<_>>(), ["en", "fr"]);

    assert_eq!(problems("[voice.languages]\n", &[])[0].key, "voice.languages");
    assert_eq!(problems("[voice.languages.english]\nmodel = 'x'\n", &[])[0].key, "voice.languages.english");
    assert_eq!(problems("[voice.languages.en]\n", &[])[0].key, "voice.languages.en.model");
}

#[test]
fn what_is_not_toml_names_line_and_column() {
    let error = load("[sip]\nuser = mairie\n", &[]).unwrap_err();
    let ConfigError::Syntax { line, .. } = &error else { panic!("{error:?}") };
    assert_eq!(*line, 2);
    assert!(error.to_string().contains("config.toml, ligne 2"), "{error}");
}

#[test]
fn sections_and_values_are_not_mistaken_for_each_other() {
    assert_eq!(problems("sip = 3\n", &[])[0].key, "sip");
    assert_eq!(problems("[sip.listen]\nx = 1\n", &[])[0].key, "sip.listen");
    assert_eq!(problems("[[sip]]\nuser = 'a'\n", &[])[0].key, "sip");
    assert_eq!(problems("", &[("ALLO_MAIRIE_SIP__", "x")])[0].key, "sip.");
    assert_eq!(problems("", &[("ALLO_MAIRIE___SIP", "x")])[0].message, "ce réglage n'existe pas");
    assert_eq!(problems("[rtp]\ncodecs = [8]\n", &[])[0].key, "rtp.codecs");
}

#[test]
fn a_named_file_that_is_absent_is_an_error() {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("absent.toml");
    assert!(matches!(Config::load(Some(&path)), Err(ConfigError::Unreadable { .. })));
}

#[test]
fn missing_files_are_all_named_with_their_remedy() {
    let directory = tempfile::tempdir().unwrap();
    let root = directory.path();
    let mut config = Config::default();
    config.recogniser.model = root.join("whisper.ggml");
    config.understanding.model = Some(root.join("sentences"));
    config.voice.onnxruntime = root.join("lib.so");
    for voice in config.voice.languages.values_mut() {
        voice.model = root.join("voice.onnx");
        voice.config = root.join("voice.onnx.json");
    }
    config.dialplan.directory = root.join("town");
    config.dialplan.prompts = root.join("prompts");
    let missing = |config: &Config| match config.check_files() {
        Ok(()) => Vec::new(),
        Err(ConfigError::MissingFiles(problems)) => problems,
        Err(other) => panic!("{other:?}"),
    };
    let found = missing(&config);
    assert_eq!(found.len(), 7, "{found:#?}");
    assert_eq!(found.iter().filter(|problem| problem.remedy.contains("make models")).count(), 5);

    std::fs::create_dir(root.join("town")).unwrap();
    std::fs::create_dir(root.join("prompts")).unwrap();
    for name in ["whisper.ggml", "sentences", "lib.so", "voice.onnx", "voice.onnx.json", "town/mairie.md"] {
        std::fs::write(root.join(name), "x").unwrap();
    }
    assert_eq!(missing(&config), []);

    std::fs::write(root.join("lib.so"), "").unwrap();
    let found = missing(&config);
    assert_eq!(found.len(), 1);
    assert!(found[0].message.contains("vide"), "{found:?}");
}

mod sip {
    use super::*;
    use crate::sip::Action;

    fn keys(text: &str) -> Vec<String> {
        problems(text, &[]).into_iter().map(|problem| problem.key).collect()
    }

    #[test]
    fn listeners_are_a_list_or_one_address() {
        let listen = |text: &str| {
            let config = load(&format!("[sip]\nlisten = {text}\n[sip.tls]\ncertificate = 'c'\nkey = 'k'\n"), &[]);
            config.unwrap().sip.listen.iter().map(ToString::to_string).collect::<Vec<_>>()
        };
        assert_eq!(listen("'0.0.0.0:5060'"), ["udp:0.0.0.0:5060"]);
        assert_eq!(listen("['udp:0.0.0.0:5060', 'tls:[::]:5061']"), ["udp:0.0.0.0:5060", "tls:[::]:5061"]);
        let from_environment = load("", &[("ALLO_MAIRIE_SIP__LISTEN", "192.0.2.1:5060, tcp:192.0.2.1:5060")]).unwrap();
        assert_eq!(from_environment.sip.listen.len(), 2);
        for wrong in ["['sctp:0.0.0.0:5060']", "['udp:mairie:5060']", "[]", "['0.0.0.0:5060', 'udp:0.0.0.0:5060']"] {
            assert_eq!(keys(&format!("[sip]\nlisten = {wrong}\n")), ["sip.listen"], "{wrong}");
        }
        let unknown = &problems("[sip]\nlisten = ['ws:0.0.0.0:80']\n", &[])[0];
        assert!(unknown.message.contains("transport") && unknown.remedy.contains("« tcp »"), "{unknown}");
    }

    #[test]
    fn tls_needs_its_files() {
        assert_eq!(keys("[sip]\nlisten = 'tls:0.0.0.0:5061'\n"), ["sip.tls.certificate", "sip.tls.key"]);
        assert_eq!(keys("[sip.tls]\ncertificate = 'c.pem'\n"), ["sip.tls.key"]);
        assert_eq!(keys("[sip.tls]\nclient_certificates = 'maybe'\n"), ["sip.tls.client_certificates"]);
        assert_eq!(Config::default().sip.tls, None);
    }

    #[test]
    fn tls_files_are_tried_before_any_call() {
        let directory = tempfile::tempdir().unwrap();
        let path = |name: &str| directory.path().join(name);
        let write = |name: &str| {
            let made = rcgen::generate_simple_self_signed(["mairie.example".to_owned()]).unwrap();
            std::fs::write(path(&format!("{name}.crt")), made.cert.pem()).unwrap();
            std::fs::write(path(&format!("{name}.key")), made.signing_key.serialize_pem()).unwrap();
        };
        write("one");
        write("two");
        let told = |certificate: &str, key: &str| {
            let text = format!(
                "[sip]\nlisten = 'tls:0.0.0.0:5061'\n[sip.tls]\ncertificate = '{}'\nkey = '{}'\n",
                path(certificate).display(),
                path(key).display()
            );
            let Err(ConfigError::MissingFiles(problems)) = load(&text, &[]).unwrap().check_files() else {
                return None;
            };
            let found = problems.into_iter().find(|problem| problem.key.starts_with("sip.tls"))?;
            Some((found.key, found.message))
        };
        assert_eq!(told("one.crt", "one.key"), None);
        let (key, message) = told("one.crt", "two.key").unwrap();
        assert!(key == "sip.tls.key" && message.contains("clé du certificat"), "{message}");
        let (key, message) = told("absent.crt", "one.key").unwrap();
        assert!(key == "sip.tls.certificate" && message.contains("introuvable"), "{message}");
        assert_eq!(told("one.key", "one.key").unwrap().0, "sip.tls.certificate");
        assert_eq!(told("one.crt", "one.crt").unwrap().0, "sip.tls.key");
    }

    #[test]
    fn networks_have_one_rule_each() {
        let text = "[sip.access]\naccept = ['192.0.2.0/24', '2001:db8::1']\nrefuse = ['192.0.2.128/25']\n";
        let access = load(text, &[]).unwrap().sip.access;
        let action = |source: &str| access.action(source.parse().unwrap());
        assert_eq!(action("192.0.2.1"), Action::Accept);
        assert_eq!(action("192.0.2.200"), Action::Refuse);
        assert_eq!(action("2001:db8::1"), Action::Accept);
        assert_eq!(action("198.51.100.1"), Action::Drop);
        assert_eq!(action("127.0.0.1"), Action::Accept, "this machine may always ask");
        assert_eq!(keys("[sip.access]\naccept = ['mairie']\n"), ["sip.access.accept"]);
        assert_eq!(keys("[sip.access]\ndrop = ['10.0.0.0/8']\n"), ["sip.access.drop"], "in two lists");
        assert_eq!(keys("[sip.access]\nothers = 'perhaps'\n"), ["sip.access.others"]);
        assert_eq!(keys("[sip.access]\nchallenge = ['192.0.2.0/24']\n"), ["sip.access.challenge"], "no account");
        assert_eq!(keys("[sip.access]\nrealm = 'a\"b'\n"), ["sip.access.realm"]);
    }

    #[test]
    fn registrations_come_in_the_order_of_their_rank() {
        let text = "[sip.registrations.a]\nregistrar = 'sip:192.0.2.1'\nuser = '200'\npassword = 'x'\nrank = 2\n\
                    [sip.registrations.b]\nregistrar = 'sip:pabx.example;transport=udp'\nuser = '200'\n\
                    login = 'mairie'\npassword = 'y'\nexpires = 600\n";
        let found = load(text, &[]).unwrap().sip.registrations;
        assert_eq!(found.iter().map(|r| r.name.as_str()).collect::<Vec<_>>(), ["b", "a"]);
        assert_eq!((found[0].login.as_str(), found[1].login.as_str()), ("mairie", "200"));
        assert_eq!((found[0].password.reveal(), found[0].expires), ("y", Duration::from_secs(600)));
        assert!(!format!("{found:?}").contains("password: \"y"), "a password is never printed");
        let variable = ("ALLO_MAIRIE_SIP__REGISTRATIONS__A__PASSWORD", "z");
        let found = load(text, &[variable]).unwrap().sip.registrations;
        assert_eq!(found[1].password.reveal(), "z");
    }

    #[test]
    fn a_password_comes_from_a_file_too() {
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join("secret");
        let text = |more: &str| {
            let file = path.display();
            format!(
                "[sip.registrations.a]\nregistrar = 'sip:192.0.2.1'\nuser = '200'\npassword_file = '{file}'\n{more}"
            )
        };
        assert_eq!(keys(&text("")), ["sip.registrations.a.password_file"]);
        std::fs::write(&path, "tr\u{e8}s secret\n").unwrap();
        assert_eq!(load(&text(""), &[]).unwrap().sip.registrations[0].password.reveal(), "tr\u{e8}s secret");
        let twice = problems(&text("password = 'hidden'\n"), &[]);
        assert_eq!(twice[0].key, "sip.registrations.a.password_file");
        assert!(!ConfigError::Invalid(twice).to_string().contains("hidden"));
    }

    #[test]
    fn registrations_that_cannot_work_are_told() {
        let one = |line: &str| {
            let base = "[sip.registrations.a]\nuser = '200'\npassword = 'x'\n";
            keys(&format!("{base}{line}\n"))
        };
        for registrar in ["", "pabx.example", "sip:", "sip:200@pabx.example", "sip:pabx.example;transport=ws", "tel:1"]
        {
            assert_eq!(one(&format!("registrar = '{registrar}'")), ["sip.registrations.a.registrar"], "{registrar}");
        }
        assert_eq!(
            one("registrar = 'sip:pabx.example;transport=tcp'"),
            ["sip.registrations.a.registrar"],
            "no listener"
        );
        assert_eq!(one("registrar = 'sip:pabx.example'\nexpires = 1"), ["sip.registrations.a.expires"]);
        let text = "[sip.registrations.a]\nregistrar = 'sip:pabx.example'\nuser = '200'\n";
        let missing = &problems(text, &[])[0];
        assert_eq!(missing.key, "sip.registrations.a.password");
        assert!(missing.remedy.contains("ALLO_MAIRIE_SIP__REGISTRATIONS__A__PASSWORD"), "{missing}");
        assert_eq!(keys("[sip]\nregister = 'some'\n"), ["sip.register"]);
        assert_eq!(keys("[sip.accounts.sim]\n"), ["sip.accounts.sim.password"]);
    }
}
