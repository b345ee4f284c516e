use super::*;
use crate::understanding::slots::golden::golden;
use crate::understanding::slots::is_sure;

fn best(text: &str) -> Option<String> {
    read(text).first().map(|r| r.value.recorded())
}

#[test]
fn clock_times() {
    golden(
        &[
            ("18h30", "18:30"),
            ("18 h 30", "18:30"),
            ("18 heures 30", "18:30"),
            ("18:30", "18:30"),
            ("18.30", "18:30"),
            ("dix-huit heures trente", "18:30"),
            ("dix-huit heures", "18:00"),
            ("10 heures", "10:00"),
            ("à dix heures du matin", "10:00"),
            ("9h", "09:00"),
            ("neuf heures et demie", "09:30"),
            ("neuf heures et demi", "09:30"),
            ("8 heures et quart", "08:15"),
            ("huit heures moins le quart", "07:45"),
            ("neuf heures moins vingt", "08:40"),
            ("11h moins 10", "10:50"),
            ("midi", "12:00"),
            ("à midi", "12:00"),
            ("midi et quart", "12:15"),
            ("midi et demi", "12:30"),
            ("midi moins le quart", "11:45"),
            ("minuit", "00:00"),
            ("minuit et demi", "00:30"),
            ("quatorze heures quarante-cinq", "14:45"),
            ("deux heures de l'après-midi", "14:00"),
            ("cinq heures du soir", "17:00"),
            ("six heures du matin", "06:00"),
            ("6 heures et demie du soir", "18:30"),
            ("dix-huit trente", "18:30"),
            ("14 15", "14:15"),
            ("quinze heures trois quarts", "15:45"),
            ("vingt heures cinq minutes", "20:05"),
            ("seize heures pile", "16:00"),
            ("15h05", "15:05"),
            ("quinze heures zéro cinq", "15:05"),
            ("17", "17:00"),
            ("08h30", "08:30"),
            ("10 heures non 11 heures", "11:00"),
            ("disons 16 heures", "16:00"),
            ("alors euh à seize heures quinze s'il vous plaît", "16:15"),
        ],
        best,
    );
}

#[test]
fn around_a_time() {
    golden(
        &[
            ("vers 18 h", "vers 18:00"),
            ("vers dix heures et demie", "vers 10:30"),
            ("aux alentours de midi", "vers 12:00"),
            ("après 17 h", "après 17:00"),
            ("à partir de 14 heures", "après 14:00"),
            ("pas avant 10 heures", "après 10:00"),
            ("avant midi", "avant 12:00"),
            ("jusqu'à 16h", "avant 16:00"),
            ("entre 9 heures et 11 heures", "entre 09:00 et 11:00"),
            ("entre midi et deux", "entre 12:00 et 14:00"),
            ("entre 14 et 16 h", "entre 14:00 et 16:00"),
            ("de 9h à 11h30", "entre 09:00 et 11:30"),
            ("entre deux heures et quatre heures", "entre 14:00 et 16:00"),
            ("en fin de matinée", "fin de matinée"),
            ("plutôt le matin", "matin"),
            ("en début d'après-midi", "début d'après-midi"),
            ("l'après-midi", "après-midi"),
            ("dans l'après midi", "après-midi"),
            ("en fin d'après-midi", "fin d'après-midi"),
            ("en fin de journée", "fin d'après-midi"),
            ("le soir", "soir"),
            ("en soirée", "soir"),
            ("n'importe quand", "toute la journée"),
            ("peu importe", "toute la journée"),
            ("toute la journée", "toute la journée"),
            ("tôt le matin", "début de matinée"),
        ],
        best,
    );
}

#[test]
fn mistakes_of_the_ear() {
    golden(
        &[
            ("midi et car", "12:15"),
            ("Ver 18h", "vers 18:00"),
            ("Neuf heures moins le cas.", "08:45"),
            ("à 16h5.", "16:05"),
            ("vin heures", "20:00"),
            ("dis heures", "10:00"),
            ("20 2 heures", "22:00"),
            ("huit heures est demi", "08:30"),
            ("18, heures, 30", "18:30"),
            ("neuve heures", "09:00"),
            ("dix huit heure trente", "18:30"),
        ],
        best,
    );
}

#[test]
fn english() {
    golden(
        &[
            ("5 pm", "17:00"),
            ("5 p.m.", "17:00"),
            ("nine am", "09:00"),
            ("at ten o'clock", "10:00"),
            ("half past ten", "10:30"),
            ("a quarter past nine", "09:15"),
            ("quarter to eleven", "10:45"),
            ("ten to eleven", "10:50"),
            ("ten thirty am", "10:30"),
            ("noon", "12:00"),
            ("about 4 pm", "vers 16:00"),
            ("after 5 pm", "après 17:00"),
            ("before noon", "avant 12:00"),
            ("between 2 pm and 4 pm", "entre 14:00 et 16:00"),
            ("in the morning", "matin"),
            ("late in the afternoon", "fin d'après-midi"),
            ("six thirty in the evening", "18:30"),
            ("any time, all day", "toute la journée"),
        ],
        best,
    );
}

#[test]
fn half_of_the_day_is_asked_when_it_is_not_said() {
    let readings = read("à cinq heures");
    let both: Vec<String> = readings.iter().map(|r| r.value.recorded()).collect();
    assert_eq!(both, ["17:00", "05:00"]);
    assert!(!is_sure(&readings));
    assert!(is_sure(&read("dix heures")));
    assert!(is_sure(&read("17 heures")));
}

#[test]
fn no_time() {
    for text in
        ["", "oui", "je ne sais pas", "35 heures", "dans deux jours", "06 12 34 56 78", "trois personnes par an"]
    {
        assert!(read(text).is_empty(), "{text}: {:?}", read(text));
    }
}

#[test]
fn typed_times() {
    assert_eq!(typed("1830").map(|m| m.recorded()).as_deref(), Some("18:30"));
    assert_eq!(typed("09").map(|m| m.recorded()).as_deref(), Some("09:00"));
    assert_eq!(typed("930").map(|m| m.recorded()).as_deref(), Some("09:30"));
    for wrong in ["", "2560", "1875", "12345", "x"] {
        assert_eq!(typed(wrong), None, "{wrong}");
    }
}

#[test]
fn read_back() {
    let spoken = |text: &str| read(text)[0].value.spoken();
    assert_eq!(spoken("midi et quart"), "12h15");
    assert_eq!(spoken("vers 18 h"), "vers 18h");
    assert_eq!(spoken("entre midi et deux"), "entre midi et 14h");
    assert_eq!(read("after 5 pm")[0].value.spoken_english(), "after 5 pm");
    assert_eq!(read("half past ten am")[0].value.spoken_english(), "10:30 am");
}
