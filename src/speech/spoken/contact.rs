//! E-mail and web addresses, telephone numbers.

use regex::Captures;

use super::abbreviations::spell;
use super::numbers::{cardinal, written};
use super::pattern;

/// Four-digit national numbers, said as two pairs. Any other four digits are a quantity.
const SHORT_NUMBERS: &str = "3008|3018|3114|3117|3131|3133|3179|3232|3237|3400|3620|3624|3625|3631|3633|3639|3642|3646|\
3655|3699|3900|3901|3903|3915|3919|3928|3929|3939|3949|3950|3957|3959|3960|3966|3970|3975|3977|3989|3990|3992|3993|\
3994|3995";

pub(super) fn rewrite(text: &str) -> String {
    let text = pattern!(r"\b[\w.+-]*\w@(?:[\w-]+\.)+\p{L}{2,}\b").replace_all(text, |c: &Captures| {
        let (local, domain) = c[0].split_once('@').unwrap_or((&c[0], ""));
        format!("{} arobase {}", address(local), address(domain))
    });
    let text =
        pattern!(r"(?i)(?:\bhttps?://((?:[\w-]+\.)+\p{L}{2,})|\b((?:[\w-]+\.)+(?:fr|com|org|net|eu|info|gouv|paris|io|bzh|re|nc|be|ch|lu|uk|app|tv)))\b((?:/[\w.-]+)*)/?")
            .replace_all(&text, |c: &Captures| {
                let host = c.get(1).or(c.get(2)).map_or("", |host| host.as_str());
                let mut words = address(host);
                for part in c[3].split('/').filter(|part| !part.is_empty()) {
                    words.push_str(" barre oblique ");
                    words.push_str(&address(part));
                }
                words
            });
    telephone(&text)
}

/// `courrier@` and domain parts: the names, the signs between them, endings spelled where people spell them.
fn address(text: &str) -> String {
    let mut words: Vec<String> = Vec::new();
    let mut name = String::new();
    let flush = |name: &mut String, words: &mut Vec<String>| {
        if !name.is_empty() {
            words.push(label(name));
            name.clear();
        }
    };
    for c in text.chars() {
        let sign = match c {
            '.' => "point",
            '-' => "tiret",
            '_' => "tiret bas",
            '+' => "plus",
            c => {
                let breaks = name.chars().last().is_some_and(|last| last.is_ascii_digit() != c.is_ascii_digit());
                if breaks {
                    flush(&mut name, &mut words);
                }
                name.push(c);
                continue;
            }
        };
        flush(&mut name, &mut words);
        words.push(sign.to_owned());
    }
    flush(&mut name, &mut words);
    words.join(" ")
}

fn label(name: &str) -> String {
    let lower = name.to_lowercase();
    if lower.bytes().all(|b| b.is_ascii_digit()) {
        return written(&lower, false);
    }
    if lower == "www" {
        return "trois double vé".to_owned();
    }
    let has_vowel = lower.contains(['a', 'e', 'i', 'o', 'u', 'y', 'é', 'è']);
    if !has_vowel || matches!(lower.as_str(), "eu" | "io") {
        return spell(&lower);
    }
    lower
}

fn telephone(text: &str) -> String {
    // International: "+33 1 30 87 20 00", "0033 (0)1 30 …".
    let text = pattern!(r"(?:\+|\b00)33 ?(?:\(0\) ?)?([1-9])((?:[ .-]?\d{2}){4})\b")
        .replace_all(text, |c: &Captures| format!("plus trente-trois, {}, {}", written(&c[1], false), pairs(&c[2])));
    // Special numbers as printed: "0 800 47 33 33", "0800 47 33 33", "0820473333".
    let text =
        pattern!(r"\b0[ .]?(8\d{2})[ .]?(\d{2})[ .]?(\d{2})[ .]?(\d{2})\b").replace_all(&text, |c: &Captures| {
            if pattern!(r"^0\d[ .]\d").is_match(&c[0]) {
                return c[0].to_owned();
            }
            let head = cardinal(c[1].parse().unwrap_or_default());
            format!("zéro {head}, {}", pairs(&[&c[2], &c[3], &c[4]].concat()))
        });
    let text = pattern!(r"\b0\d(?:[ .-]?\d{2}){4}\b").replace_all(&text, |c: &Captures| {
        let said = pairs(&c[0]);
        // The voice runs this "un" into the zero, and it is lost on the line.
        said.strip_prefix("zéro un,").map_or_else(|| said.clone(), |rest| format!("zéro, un,{rest}"))
    });
    let text = pattern!(r"\b116 ?(000|006|111|117|123)\b")
        .replace_all(&text, |c: &Captures| format!("cent seize, {}", written(&c[1], false)));
    // Other countries: the code, then the groups as they stand, long ones in pairs.
    let text = pattern!(r"\+(\d{1,3})((?: \d{1,6}){2,6})\b").replace_all(&text, |c: &Captures| {
        let groups = c[2].split_whitespace().map(|group| match group.len() {
            1..=2 => written(group, false),
            length if length % 2 == 0 => pairs(group),
            _ => format!("{}, {}", written(&group[..1], false), pairs(&group[1..])),
        });
        let groups = groups.collect::<Vec<_>>().join(", ");
        format!("plus {}, {groups}", written(&c[1], false))
    });
    pattern!(&format!(
        r"(?i)(\b(?:le|au|du|composez|appelez|faites|joindre|numéro|tél\.|téléphone|ou|et) |: ?|\()({SHORT_NUMBERS})\b"
    ))
    .replace_all(&text, |c: &Captures| {
        let (first, second) = c[2].split_at(2);
        format!("{}{} {}", &c[1], written(first, false), written(second, false))
    })
    .into_owned()
}

/// The digits in `text`, two by two, a pause between pairs.
fn pairs(text: &str) -> String {
    let digits: Vec<char> = text.chars().filter(char::is_ascii_digit).collect();
    digits.chunks(2).map(|pair| written(&pair.iter().collect::<String>(), false)).collect::<Vec<_>>().join(", ")
}
