use super::*;
use crate::understanding::slots::is_sure;

fn readings(text: &str) -> Vec<Reading<String>> {
    match find(text) {
        Found::Whole { readings, .. } => readings,
        other => panic!("{text}: {other:?}"),
    }
}

/// Read at once, without a question.
#[test]
fn whole_numbers_in_all_their_forms() {
    for (text, number) in [
        ("06 12 34 56 78", "0612345678"),
        ("0612345678", "0612345678"),
        ("06.12.34.56.78.", "0612345678"),
        ("06-12-34-56-78", "0612345678"),
        ("0 6 12 34 56 78", "0612345678"),
        ("0, 6, 12, 34, 56, 78", "0612345678"),
        ("0 6 1 2 3 4 5 6 7 8", "0612345678"),
        ("zéro six douze trente-quatre cinquante-six soixante-dix-huit", "0612345678"),
        ("zéro six, douze, trente quatre, 56, 78", "0612345678"),
        ("mon numéro c'est le 06 12 34 56 78 merci", "0612345678"),
        ("j'ai un 06 12 34 56 78", "0612345678"),
        ("au zéro un trente quatre-vingt-sept vingt zéro zéro", "0130872000"),
        ("zéro un trente quatre-vingt-sept vingt deux zéro un", "0130872201"),
        ("06 12 34 euh 56 et puis 78", "0612345678"),
        ("plus 33 6 12 34 56 78", "0612345678"),
        ("+33 6 12 34 56 78", "0612345678"),
        ("0033 6 12 34 56 78", "0612345678"),
        ("33 06 12 34 56 78", "0612345678"),
        ("+44 20 7946 0958", "+442079460958"),
        ("00 32 2 555 12 12", "+3225551212"),
        ("06 12 non pardon 06 13 14 15 16", "0613141516"),
        ("06 11 11 11 11 non 06 22 22 22 22", "0622222222"),
        ("zéro sept quatre-vingt-dix-neuf quatre-vingt-seize soixante et onze quatre-vingts", "0799967180"),
        ("zéro six septante-cinq nonante-deux onze treize", "0675921113"),
        ("zéro six double zéro douze treize quatorze", "0600121314"),
        ("le zéro neuf cinquante et un vingt-deux trente et un quarante et un", "0951223141"),
        ("zéro huit cent dix vingt trente quarante", "0810203040"),
        ("0 800 20 30 40", "0800203040"),
        ("zéro six soixante-douze 34 56 78", "0672345678"),
        ("o 6 12 34 56 78", "0612345678"),
        ("06 cinquante et 1 22 33 44", "0651223344"),
        ("zero six one two three four five six seven eight", "0612345678"),
        ("oh six twelve thirty-four fifty-six seventy-eight", "0612345678"),
        ("it's zero six double five twelve thirteen fourteen", "0655121314"),
        ("06 12 34 56 78 de préférence le matin", "0612345678"),
        ("zéro un trente et un 40 50 60", "0131405060"),
        // As Whisper base wrote what recorded voices dictated.
        ("0, 1, 30, 87, 20, 0, 2", "0130872002"),
        ("0,7,83,67,03,59", "0783670359"),
        ("0,6, 60, 30 et 1, 48, 69.", "0660314869"),
        ("0, 1, 20 et 1, 30 7 40 25", "0121374025"),
        ("0,7,86,80,26,23", "0786802623"),
        ("07 25 49 38 02.", "0725493802"),
    ] {
        let readings = readings(text);
        assert_eq!(readings[0].value, number, "{text}: {readings:?}");
        let mended = text.contains("30 7") || text.starts_with("33 ");
        assert!(is_sure(&readings) || mended, "{text}: {readings:?}");
    }
}

/// Found by undoing what the recogniser did; asked about before they are believed.
#[test]
fn mistakes_of_the_ear_are_undone() {
    let mut wrong = Vec::new();
    for (text, number) in [
        // As Whisper base wrote what recorded voices dictated.
        ("0,6, 20, 80, 17, 0, 9, 17", "0620970917"),
        ("06 20 80 17 0 9 17", "0620970917"),
        ("0, 1, 52, 30, 5, 23, 80, 18.", "0152352398"),
        ("0 1 52 35 23 80 18", "0152352398"),
        ("0, 1, 0, 0, 26, 80, 19, 27.", "0100269927"),
        ("0 1 0 0 26 80 19 27 27", "0100269927"),
        ("0, 1, 20 et 1, 30, 7, 40, 25.", "0121374025"),
        ("0,7,60,1956,16,16,16", "0779561616"),
        ("0 13 87 20 02.", "0130872002"),
        ("07 86, 80 26 23 23", "0786802623"),
        ("0 1 4 23 0 6 24 14", "0183062014"),
        // As it wrote what our voice said at telephone band.
        ("C'est le 0-1-34-27-20-0-0.", "0130872000"),
        ("0672.9711.14", "0672971114"),
        // The rest after the same manner.
        ("06 80 17 45 12 60 12", "0697451272"),
        ("06 soixante 12 34 56 78", "0672345678"),
        ("06 4 20 12 34 56 78", "0692345678"),
        ("06 4 23 34 56 78", "0683345678"),
        ("zéro six cette zéro douze treize quatorze", "0670121314"),
        ("zéro cette douze treize quatorze quinze", "0712131415"),
        ("zéro six vin deux trente quarante cinquante", "0622304050"),
        ("zéro six vingt de trente quarante cinquante", "0622304050"),
        ("zéro six quatre vin douze treize quatorze quinze", "0692131415"),
        ("06 12 34 56 cette zéro", "0612345670"),
        ("zéro si douze trente-quatre cinquante-six soixante dis huit", "0612345678"),
        ("6 12 34 56 78", "0612345678"),
        ("oh six 06 88 77 66 55", "0688776655"),
        ("06 soixante, 12, 34, 56", "0660123456"),
        ("zéro six ouate huit ouate huit onze onze onze", "0688881111"),
        // The first "un" lost, or heard as "en", as Whisper base wrote what our voices said.
        ("0, 19, 24, 43, 34", "0119244334"),
        ("0,1504,5411", "0115045411"),
        ("C'est le 0 en 29, 12, 23, 21.", "0129122321"),
        ("C'est le 0 en, 2169, 6160.", "0121696160"),
        ("0 à 99, 0 à 26, 14.", "0199002614"),
        ("0639-9876-9811", "0639987691"),
    ] {
        let Found::Whole { readings, .. } = find(text) else {
            wrong.push(format!("{text}: no number"));
            continue;
        };
        if !readings.iter().take(2).any(|r| r.value == number) {
            wrong.push(format!("{text}: {readings:?}"));
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[test]
fn the_next_best_is_kept() {
    let readings = readings("0,7,60,1956,16,16,16");
    assert!(readings.len() > 1 && !is_sure(&readings), "{readings:?}");
    assert!(readings.windows(2).all(|pair| pair[0].cost <= pair[1].cost && pair[0].value != pair[1].value));
}

#[test]
fn what_the_recogniser_nearly_chose_is_offered_too() {
    let among = |text: &str, alternatives: &[(&str, f32)]| {
        let alternatives: Vec<_> =
            alternatives.iter().map(|(text, odds)| Reading::nearly((*text).into(), *odds)).collect();
        find_among("", text, &alternatives)
    };
    let values = |found: Found| match found {
        Found::Whole { readings, .. } => readings.into_iter().map(|r| (r.value, r.cost)).collect::<Vec<_>>(),
        other => panic!("{other:?}"),
    };
    let (said, other) = ("06 18 76 29 90", "06 18 66 29 90");
    assert_eq!(values(among(said, &[(other, 0.5)])), [("0618762990".into(), 0), ("0618662990".into(), 30)]);
    assert_eq!(values(among(said, &[(said, 0.5)])), [("0618762990".into(), 0)]);
    // Far fewer likely ones are left out, and there are three at most.
    assert_eq!(values(among(said, &[(other, 5.0)])).len(), 1);
    let many = [(other, 0.5), ("06 18 56 29 90", 1.0), ("06 18 96 29 90", 0.7), ("06 18 86 29 90", 0.6)];
    let costs: Vec<u16> = values(among(said, &many)).into_iter().map(|(_, cost)| cost).collect();
    assert_eq!(costs, [0, 30, 36]);
    // Where no whole number was heard, but nearly all of one; the rest of a number that is being dictated is still to come.
    assert_eq!(values(among("07 63 67 03 5", &[("07 63 67 03 59", 0.2)])), [("0763670359".into(), 12)]);
    assert_eq!(among("07 63 67 03", &[("07 63 67 03 59", 0.2)]), Found::Part { digits: "07636703".into() });
    assert_eq!(among("bonjour", &[(other, 0.1)]), Found::Nothing);
    // What stands beside the number is what was heard.
    let kept = among("06 18 76 29 90 le matin", &[("06 18 66 29 90 le matin", 0.5)]);
    assert!(matches!(kept, Found::Whole { rest, .. } if rest == "le matin"));
}

#[test]
fn the_rest_of_the_sentence_is_kept() {
    for (text, wanted) in [
        ("Le Goff, au 06 12 34 56 78, plutôt le matin", "Le Goff au plutôt le matin"),
        ("06 12 34 56 78 de préférence le matin", "de préférence le matin"),
        ("06 12 34 56 78 après 17 heures", "après 17 heures"),
    ] {
        let Found::Whole { rest, .. } = find(text) else {
            panic!("no number: {text}");
        };
        assert_eq!(rest, wanted);
    }
}

#[test]
fn parts_and_nothing() {
    let part = |digits: &str| Found::Part { digits: digits.into() };
    assert_eq!(find("06 12 34"), part("061234"));
    assert_eq!(find("zéro six douze"), part("0612"));
    // What is said of a number stays a part: the rest is still to come.
    assert_eq!(find("zéro six soixante-douze trente-quatre cinquante-six"), part("06723456"));
    assert_eq!(find("06 72 97 11"), part("06729711"));
    // Of nine digits the last is still to come, unless all pairs stand one place too far left.
    assert_eq!(find("06 12 34 56 7"), part("061234567"));
    assert_eq!(find("061234567"), part("061234567"));
    for text in ["un agent", "", "j'ai deux enfants", "cent", "de cette ville", "et", "double", "oui c'est ça"] {
        assert_eq!(find(text), Found::Nothing, "{text}");
    }
    assert!(matches!(find(&"12 ".repeat(5_000)), Found::Part { .. }));
    assert!(matches!(find(&"1".repeat(5_000)), Found::Part { .. }));
}

#[test]
fn a_number_in_pieces() {
    let whole = |so_far: &str, text: &str| match find_after(so_far, text) {
        Found::Whole { readings, .. } => readings[0].value.clone(),
        other => panic!("{so_far} + {text}: {other:?}"),
    };
    assert_eq!(whole("061234", "56 78"), "0612345678");
    assert_eq!(whole("0612", "trente-quatre 56 78"), "0612345678");
    assert_eq!(whole("06", "80, 17, 34, 56, 78"), "0697345678");
    assert_eq!(whole("061234", "06 12 34 56 79"), "0612345679");
    assert_eq!(whole("061234567", "huit"), "0612345678");
    assert_eq!(find_after("0612", "34"), Found::Part { digits: "061234".into() });
    assert_eq!(find_after("0612345", "06 12 34"), Found::Part { digits: "061234".into() });
    assert_eq!(find_after("0612", "bonjour"), Found::Nothing);
}

#[test]
fn read_back_by_pairs() {
    assert_eq!(by_pairs("0612345678"), "06 12 34 56 78");
    assert_eq!(by_pairs("+442079460958"), "+44 20 79 46 09 58");
}

#[test]
fn what_begins_a_number() {
    for digits in ["0", "06", "0130", "61234", "7", "3", "336", "0033"] {
        assert!(may_begin(digits), "{digits}");
    }
    for digits in ["2614", "99", "32", "1"] {
        assert!(!may_begin(digits), "{digits}");
    }
}

#[test]
fn an_odd_number_of_digits_by_pairs_was_misheard() {
    for text in ["0353 01717", "0 35 35 01 7 7", "06 12 34 5"] {
        assert!(is_misheard(text), "{text}");
    }
    for text in ["06 12 34", "0 6 12 34", "0 6 1", "0 6 1 2 3", "bonjour", "06 12"] {
        assert!(!is_misheard(text), "{text}");
    }
}

#[test]
fn typed_digits() {
    assert_eq!(normalise("0612345678", false).as_deref(), Some("0612345678"));
    assert_eq!(normalise("33612345678", false).as_deref(), Some("0612345678"));
    assert_eq!(normalise("0612", false), None);
    assert_eq!(normalise("1234567890", false), None);
    assert_eq!(normalise("", true), None);
}
