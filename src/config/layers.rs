//! Defaults, file and environment laid over each other: values and where each came from.
//!
//! The serialised defaults are the schema. Unknown keys and values of the wrong kind are gathered as problems, and left
//! out, so that everything else is still checked in the same run.

use std::collections::BTreeMap;

use toml::de::{DeTable, DeValue};
use toml::{Table, Value};

use super::error::{ConfigError, ConfigProblem, Origin};
use super::raw::{RawAccount, RawConfig, RawLanguageVoice, RawRegistration};

/// Prefix of environment variables; a double underscore separates section and setting.
const PREFIX: &str = "ALLO_MAIRIE_";
const SEPARATOR: &str = "__";

/// What one entry of a table holds whose keys are free: a language, a registration, an account.
fn entry_of(table: &str) -> Option<Table> {
    match table {
        "voice.languages" => Some(table_of(&RawLanguageVoice::default())),
        "sip.registrations" => Some(table_of(&RawRegistration::default())),
        "sip.accounts" => Some(table_of(&RawAccount::default())),
        _ => None,
    }
}

/// What was given, before it is checked.
pub struct Layers {
    pub raw: RawConfig,
    pub origins: BTreeMap<String, Origin>,
    pub problems: Vec<ConfigProblem>,
}

/// Lays the file's text (with the name it is known by) and the environment over the defaults.
pub fn merge(
    file: Option<(&str, &str)>,
    environment: impl IntoIterator<Item = (String, String)>,
) -> Result<Layers, ConfigError> {
    let schema = table_of(&RawConfig::default());
    let mut merging = Merging { values: schema.clone(), schema, origins: BTreeMap::new(), problems: Vec::new() };
    if let Some((name, text)) = file {
        merging.lay_file(name, text)?;
    }
    let mut variables: Vec<_> = environment.into_iter().filter(|(name, _)| is_setting(name)).collect();
    variables.sort();
    for (variable, text) in variables {
        merging.lay_variable(&variable, &text);
    }
    let raw = RawConfig::deserialize_from(merging.values);
    Ok(Layers { raw, origins: merging.origins, problems: merging.problems })
}

fn is_setting(variable: &str) -> bool {
    variable.strip_prefix(PREFIX).is_some_and(|rest| rest.contains(SEPARATOR))
}

struct Merging {
    schema: Table,
    values: Table,
    origins: BTreeMap<String, Origin>,
    problems: Vec<ConfigProblem>,
}

impl Merging {
    fn lay_file(&mut self, name: &str, text: &str) -> Result<(), ConfigError> {
        let syntax = |error: toml::de::Error| {
            let (line, column) = position(text, error.span().map_or(0, |span| span.start));
            ConfigError::Syntax { name: name.into(), line, column, detail: error.message().into() }
        };
        let given: Table = toml::from_str(text).map_err(syntax)?;
        let spans = DeTable::parse(text).map_err(syntax)?;
        if given.get("voice").and_then(|voice| voice.get("languages")).is_some_and(Value::is_table)
            && let Some(languages) = self.values.get_mut("voice").and_then(|voice| voice.get_mut("languages"))
        {
            *languages = Value::Table(Table::new());
        }
        self.lay_table(&Source { name, text }, Vec::new(), given, spans.get_ref());
        Ok(())
    }

    fn lay_table(&mut self, source: &Source<'_>, path: Vec<String>, given: Table, spans: &DeTable<'_>) {
        for (key, value) in given {
            let mut path = path.clone();
            path.push(key);
            let span = spans.iter().find(|(name, _)| name.get_ref().as_ref() == path.last().map_or("", String::as_str));
            let line = span.map_or(1, |(name, _)| position(source.text, name.span().start).0);
            let origin = Origin::File { name: source.name.into(), line };
            match (self.expected(&path), value) {
                (Some(Value::Table(_)), Value::Table(inner)) => {
                    // An empty section is an entry with nothing in it, not no entry.
                    if let Some(entry) = entry_of(&path[..path.len() - 1].join(".")).filter(|_| inner.is_empty()) {
                        self.set(&path, Value::Table(entry), origin);
                    } else if let Some((_, spanned)) = span
                        && let DeValue::Table(inner_spans) = spanned.get_ref()
                    {
                        self.lay_table(source, path, inner, inner_spans);
                    }
                }
                (Some(expected), value) => match fit(&expected, value) {
                    Ok(value) => self.set(&path, value, origin),
                    Err(value) => self.wrong_kind(&path, &expected, value.to_string(), origin),
                },
                (None, _) => self.unknown(&path, origin),
            }
        }
    }

    fn lay_variable(&mut self, variable: &str, text: &str) {
        let path: Vec<String> = variable[PREFIX.len()..].split(SEPARATOR).map(str::to_lowercase).collect();
        let origin = Origin::Environment { variable: variable.into() };
        match self.expected(&path) {
            None | Some(Value::Table(_)) => self.unknown(&path, origin),
            Some(expected) => match read(&expected, text) {
                Some(value) => self.set(&path, value, origin),
                None => self.wrong_kind(&path, &expected, format!("« {text} »"), origin),
            },
        }
    }

    /// The default at this path, which tells the kind; `None`: no such setting.
    fn expected(&self, path: &[String]) -> Option<Value> {
        let mut here = Value::Table(self.schema.clone());
        for (depth, key) in path.iter().enumerate() {
            here = match entry_of(&path[..depth].join(".")).filter(|_| !key.is_empty()) {
                Some(entry) => Value::Table(entry),
                None => here.get(key)?.clone(),
            };
        }
        Some(here)
    }

    fn set(&mut self, path: &[String], value: Value, origin: Origin) {
        let Some((last, parents)) = path.split_last() else { return };
        let mut here = &mut self.values;
        for (depth, key) in parents.iter().enumerate() {
            let fresh = || Value::Table(entry_of(&parents[..depth].join(".")).unwrap_or_default());
            let Value::Table(inner) = here.entry(key.clone()).or_insert_with(fresh) else { return };
            here = inner;
        }
        here.insert(last.clone(), value);
        self.origins.insert(path.join("."), origin);
    }

    fn wrong_kind(&mut self, path: &[String], expected: &Value, given: String, origin: Origin) {
        let (kind, example) = match expected {
            Value::String(_) => ("un texte entre guillemets", expected.to_string()),
            Value::Integer(_) => ("un nombre entier", expected.to_string()),
            Value::Float(number) => ("un nombre", number.to_string()),
            Value::Boolean(_) => ("true ou false", expected.to_string()),
            Value::Array(_) => ("une liste de textes", expected.to_string()),
            Value::Table(_) | Value::Datetime(_) => ("une section", format!("[{}]", path.join("."))),
        };
        let example = match expected {
            Value::Table(_) => example,
            _ => format!("{} = {example}", path.last().map_or("", String::as_str)),
        };
        self.problems.push(ConfigProblem {
            key: path.join("."),
            value: Some(given),
            origin,
            message: format!("il faut {kind}"),
            remedy: format!("écrivez par exemple « {example} »."),
        });
    }

    fn unknown(&mut self, path: &[String], origin: Origin) {
        let (last, parents) = path.split_last().map_or(("", &[][..]), |(last, parents)| (last.as_str(), parents));
        let siblings: Vec<String> = match self.expected(parents) {
            Some(Value::Table(table)) => table.keys().cloned().collect(),
            _ => Vec::new(),
        };
        let nearest = siblings
            .iter()
            .map(|name| (strsim::jaro_winkler(name, last), name))
            .max_by(|a, b| a.0.total_cmp(&b.0))
            .filter(|(likeness, _)| *likeness > 0.8);
        let remedy = match nearest {
            Some((_, name)) => format!("vouliez-vous dire « {name} » ?"),
            None if siblings.is_empty() => "supprimez-le ; config.example.toml énumère tous les réglages.".into(),
            None => format!("supprimez-le ; noms connus ici : {}.", siblings.join(", ")),
        };
        self.problems.push(ConfigProblem {
            key: path.join("."),
            value: None,
            origin,
            message: "ce réglage n'existe pas".into(),
            remedy,
        });
    }
}

struct Source<'a> {
    name: &'a str,
    text: &'a str,
}

/// `value` as the kind of `expected`; a whole number may stand for any number.
fn fit(expected: &Value, value: Value) -> Result<Value, Value> {
    match (expected, value) {
        #[expect(clippy::cast_precision_loss, reason = "settings are far below 2^53")]
        (Value::Float(_), Value::Integer(number)) => Ok(Value::Float(number as f64)),
        (Value::Array(_), Value::Array(items)) if !items.iter().all(Value::is_str) => Err(Value::Array(items)),
        // A lone text is a list of one.
        (Value::Array(_), Value::String(text)) if text.is_empty() => Ok(Value::Array(Vec::new())),
        (Value::Array(_), text @ Value::String(_)) => Ok(Value::Array(vec![text])),
        (expected, value) if expected.same_type(&value) => Ok(value),
        (_, value) => Err(value),
    }
}

/// A variable's text as the kind of `expected`; lists are comma-separated.
fn read(expected: &Value, text: &str) -> Option<Value> {
    let text = text.trim();
    match expected {
        Value::String(_) => Some(Value::String(text.into())),
        Value::Integer(_) => text.parse().ok().map(Value::Integer),
        Value::Float(_) => text.parse().ok().map(Value::Float),
        Value::Boolean(_) => text.parse().ok().map(Value::Boolean),
        Value::Array(_) => Some(Value::Array(
            text.split(',')
                .map(str::trim)
                .filter(|item| !item.is_empty())
                .map(|item| Value::String(item.into()))
                .collect(),
        )),
        Value::Table(_) | Value::Datetime(_) => None,
    }
}

/// Line and column, from 1, of a byte offset.
fn position(text: &str, offset: usize) -> (usize, usize) {
    let before = text.get(..offset).unwrap_or(text);
    let line_start = before.rfind('\n').map_or(0, |newline| newline + 1);
    (before.matches('\n').count() + 1, before[line_start..].chars().count() + 1)
}

fn table_of(value: &impl serde::Serialize) -> Table {
    Table::try_from(value).expect("plain structures with string keys serialise to a table")
}

impl RawConfig {
    /// Every key was compared with the schema and given its kind, so this only fails on a mistake in this file.
    fn deserialize_from(values: Table) -> Self {
        values.try_into().expect("values have the schema's kinds")
    }
}
