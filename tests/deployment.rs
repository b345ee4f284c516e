//! The container files agree with the program: read strictly, held against the configuration and the command line.
//! Where Docker Compose is installed, it is asked too.

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;
use std::process::Command;

use allo_mairie::config::Config;
use serde::Deserialize;

const COMPOSE: &str = include_str!("../docker-compose.yml");
const DOCKERFILE: &str = include_str!("../Dockerfile");
const HOME: &str = "/opt/allo-mairie";

/// What we use of the Compose specification; a key that is not here is a slip of the pen.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Compose {
    name: String,
    services: BTreeMap<String, Service>,
    volumes: BTreeMap<String, Option<Volume>>,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Volume {}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Service {
    image: String,
    build: Build,
    network_mode: Option<String>,
    restart: Option<String>,
    stop_grace_period: Option<String>,
    #[serde(default)]
    environment: BTreeMap<String, String>,
    #[serde(default)]
    volumes: Vec<String>,
    healthcheck: Option<HealthCheck>,
    #[serde(default)]
    read_only: bool,
    #[serde(default)]
    tmpfs: Vec<String>,
    #[serde(default)]
    cap_drop: Vec<String>,
    #[serde(default)]
    security_opt: Vec<String>,
    #[serde(default)]
    profiles: Vec<String>,
    logging: Option<Logging>,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Build {
    context: String,
    target: String,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct HealthCheck {
    test: Vec<String>,
    interval: String,
    timeout: String,
    start_period: String,
    retries: u32,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Logging {
    driver: String,
    options: BTreeMap<String, String>,
}

fn compose() -> Compose {
    serde_saphyr::from_str(COMPOSE).expect("docker-compose.yml is valid")
}

/// Seconds of a Compose duration of one unit.
fn seconds(text: &str) -> u64 {
    let (number, unit) = text.split_at(text.len() - 1);
    let number: u64 = number.parse().unwrap_or_else(|_| panic!("{text} is no duration"));
    match unit {
        "s" => number,
        "m" => number * 60,
        "h" => number * 3600,
        _ => panic!("{text} has no unit"),
    }
}

/// The instructions of the Dockerfile, by stage, continuation lines joined.
fn stages() -> BTreeMap<String, Vec<String>> {
    let text = DOCKERFILE.lines().filter(|line| !line.starts_with('#')).collect::<Vec<_>>().join("\n");
    let mut stages = BTreeMap::new();
    let mut name = String::new();
    for instruction in text.replace("\\\n", " ").lines().filter(|line| !line.trim().is_empty()) {
        if let Some(from) = instruction.strip_prefix("FROM ") {
            let (image, alias) = from.split_once(" AS ").expect("every stage has a name");
            assert!(image.contains(':'), "{image}: the base image's version must be pinned");
            name = alias.to_owned();
        }
        stages.entry(name.clone()).or_insert_with(Vec::new).push(instruction.to_owned());
    }
    stages
}

/// `${NAME:-default}` as Compose would put it without an environment.
fn interpolated(text: &str) -> String {
    let mut result = String::new();
    let mut rest = text;
    while let Some((before, after)) = rest.split_once("${") {
        let (variable, after) = after.split_once('}').expect("a closed variable");
        let (_, default) = variable.split_once(":-").expect("a default: `docker compose up` must work without .env");
        result.push_str(before);
        result.push_str(default);
        rest = after;
    }
    result + rest
}

#[test]
fn the_agent_is_locked_down_and_reachable() {
    let compose = compose();
    let agent = &compose.services["agent"];
    assert_eq!(compose.name, "allo-mairie");
    assert_eq!(agent.network_mode.as_deref(), Some("host"), "RTP ports do not survive address translation");
    assert_eq!(agent.restart.as_deref(), Some("unless-stopped"));
    assert!(agent.read_only && agent.tmpfs.iter().any(|path| path == "/tmp"));
    assert!(agent.profiles.is_empty(), "`docker compose up` starts it");
    let logging = agent.logging.as_ref().expect("a log that is bounded");
    assert_eq!(logging.driver, "json-file");
    assert!(logging.options.contains_key("max-size") && logging.options.contains_key("max-file"));
    for (name, service) in &compose.services {
        assert_eq!(service.cap_drop, ["ALL"], "{name}");
        assert_eq!(service.security_opt, ["no-new-privileges:true"], "{name}");
        let version = service.image.rsplit_once(':').expect("a tagged image").1;
        assert_eq!(version, env!("CARGO_PKG_VERSION"), "{name}");
    }
}

#[test]
fn the_models_are_prepared_apart() {
    let models = &compose().services["models"];
    assert_eq!(models.profiles, ["preparation"]);
    assert!(models.restart.is_none(), "it runs once");
    assert!(models.volumes.iter().any(|volume| volume == &format!("models:{HOME}/models")));
}

#[test]
fn health_is_asked_the_same_way_in_both_files() {
    let compose = compose();
    let check = compose.services["agent"].healthcheck.as_ref().expect("a health check");
    assert_eq!(check.test, ["CMD", "allo-mairie", "health"]);
    assert!(seconds(&check.timeout) < seconds(&check.interval));
    assert!(seconds(&check.start_period) >= 300 && check.retries >= 2);
    let in_image = stages()["agent"].iter().find(|line| line.starts_with("HEALTHCHECK")).expect("HEALTHCHECK").clone();
    assert!(in_image.ends_with("CMD [\"allo-mairie\", \"health\"]"), "{in_image}");
    assert!(in_image.contains(&format!("--start-period={}", check.start_period)), "{in_image}");
    assert!(seconds(compose.services["agent"].stop_grace_period.as_deref().expect("time to end calls")) >= 60);
}

#[test]
fn the_commands_of_the_containers_exist() {
    for words in [&["serve"][..], &["health"], &["models", "prepare"], &["requests"]] {
        let output =
            Command::new(env!("CARGO_BIN_EXE_allo-mairie")).args(words).arg("--help").output().expect("it runs");
        assert!(output.status.success(), "{words:?}: {}", String::from_utf8_lossy(&output.stderr));
    }
    let last = |stage: &str| stages()[stage].last().cloned();
    assert_eq!(last("agent").as_deref(), Some("CMD [\"serve\"]"));
    assert_eq!(last("prepare").as_deref(), Some("CMD [\"models\", \"prepare\"]"));
}

#[test]
fn the_environment_is_a_valid_configuration() {
    let compose = compose();
    for (name, service) in &compose.services {
        let environment = service.environment.iter().map(|(key, value)| (key.clone(), interpolated(value)));
        let config = Config::from_parts(None, environment).unwrap_or_else(|error| panic!("{name}: {error}"));
        for key in service.environment.keys() {
            assert!(key.contains("__"), "{name}: {key} is no setting");
        }
        assert_eq!(config.sip.listen, Config::default().sip.listen);
    }
}

#[test]
fn what_the_program_writes_and_reads_lies_in_volumes() {
    let compose = compose();
    let config = Config::default();
    let mount = |path: &Path| -> (String, bool) {
        let inside = Path::new(HOME).join(path);
        let volumes = &compose.services["agent"].volumes;
        let parts = volumes.iter().map(|volume| volume.split(':').collect::<Vec<_>>());
        let found = parts.into_iter().find(|parts| inside.starts_with(parts[1]));
        let parts = found.unwrap_or_else(|| panic!("{} lies in no volume", inside.display()));
        (parts[0].to_owned(), parts.get(2) != Some(&"ro"))
    };
    assert_eq!(mount(&config.store.path), ("data".into(), true));
    assert_eq!(mount(&config.voice.cache), ("cache".into(), true));
    assert_eq!(mount(&config.recogniser.model), ("models".into(), false));
    assert_eq!(mount(&config.voice.onnxruntime), ("models".into(), false));
    assert_eq!(mount(&config.dialplan.directory), ("./dialplans".into(), false));

    let used: BTreeSet<&str> = compose
        .services
        .values()
        .flat_map(|service| &service.volumes)
        .filter_map(|volume| volume.split(':').next())
        .filter(|source| !source.starts_with('.'))
        .collect();
    let declared: BTreeSet<&str> = compose.volumes.keys().map(String::as_str).collect();
    assert_eq!(used, declared);
    for volume in declared {
        let made = stages()["agent"].iter().any(|line| line.contains("install --directory") && line.contains(volume));
        assert!(made, "the image must hold {volume}, owned by the service's user");
    }
}

#[test]
fn the_dockerfile_agrees_with_the_tree_and_the_defaults() {
    let stages = stages();
    let config = Config::default();
    let exposed: Vec<&str> = stages["agent"].iter().filter_map(|line| line.strip_prefix("EXPOSE ")).collect();
    let rtp = format!("{}-{}/udp", config.rtp.ports.start(), config.rtp.ports.end());
    assert_eq!(exposed, [format!("{}/udp", config.sip.listen[0].address.port()), rtp]);

    for service in compose().services.values() {
        assert_eq!(service.build.context, ".");
        let stage = stages.get(&service.build.target).unwrap_or_else(|| panic!("no stage {}", service.build.target));
        assert!(stage.iter().any(|line| line == "USER mairie"), "{}: not as root", service.build.target);
        assert!(stage.iter().any(|line| line == &format!("WORKDIR {HOME}")));
    }

    let ignore = include_str!("../.dockerignore");
    let kept: BTreeSet<&str> = ignore.lines().filter_map(|line| line.strip_prefix('!')).collect();
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let copies = stages.values().flatten().filter_map(|line| line.strip_prefix("COPY "));
    for copy in copies.filter(|copy| !copy.starts_with("--from")) {
        let words: Vec<&str> = copy.split_whitespace().collect();
        for source in &words[..words.len() - 1] {
            assert!(root.join(source).exists(), "{source} is copied but does not exist");
            assert!(kept.contains(source), "{source} is copied but left out by .dockerignore");
        }
    }

    let minimum = env!("CARGO_PKG_RUST_VERSION");
    let image =
        stages["build"][0].strip_prefix("FROM rust:").and_then(|rest| rest.split('-').next()).expect("rust image");
    let version = |text: &str| text.split('.').map(|part| part.parse::<u32>().expect("a number")).collect::<Vec<_>>();
    assert!(version(image) >= version(minimum), "{image} is older than {minimum}");
}

#[test]
fn the_image_builds_with_the_packages_that_set_up_installs() {
    let setup = include_str!("../scripts/setup.sh");
    let list = setup.lines().find_map(|line| line.strip_prefix("packages=(")).expect("the list of packages");
    let list = list.trim_end_matches(')');
    assert!(stages()["build"].iter().any(|line| line.contains(list)), "the build stage must install exactly: {list}");
}

#[test]
fn docker_compose_accepts_it_where_it_is_installed() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let candidates: [(&str, &[&str]); 2] = [("docker", &["compose"]), ("docker-compose", &[])];
    // Version 1, which Debian 12 still has, does not know the present specification.
    let found = candidates.into_iter().find(|(program, words)| {
        let version = Command::new(program).args(*words).args(["version", "--short"]).output();
        version.is_ok_and(|output| {
            let text = String::from_utf8_lossy(&output.stdout);
            let major =
                text.trim().trim_start_matches('v').split('.').next().and_then(|major| major.parse::<u32>().ok());
            output.status.success() && major.is_some_and(|major| major >= 2)
        })
    });
    let Some((program, words)) = found else {
        // The other tests here have read the file strictly; this one only adds Compose's own opinion.
        println!("Docker Compose is not installed: docker-compose.yml was checked by this test's own reader alone");
        assert_eq!(compose().services.len(), 2);
        return;
    };
    let output = Command::new(program)
        .args(words)
        .args(["--file", "docker-compose.yml", "--profile", "preparation", "config", "--quiet"])
        .current_dir(root)
        .output()
        .expect("it runs");
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
}
