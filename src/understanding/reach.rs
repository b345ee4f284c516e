//! "Je voudrais parler à l'état civil", "passez-moi madame Martin", "un agent": the caller wants somebody, not an answer.

use std::sync::LazyLock;

use super::pattern::{Pattern, Patterns, content_outside};
use super::text::{Token, Weight};

/// Wanting to speak with somebody, wherever it stands.
static ASKS: LazyLock<Patterns> = LazyLock::new(|| {
    Patterns::new(
        &[
            "parler|discuter|causer|entretenir a|au|aux|avec",
            "parler|discuter directement|plutot a|au|aux|avec",
            "parler quelquun",
            "passez|passer|passe|repasser|repassez moi|me|nous",
            "me|nous passer|passez",
            "passez le|la|l|les|un|une|quelquun|madame|monsieur",
            "me? mettre|mettez|mets moi|me? en relation|contact|communication",
            "transferer|transferez|transfere|basculer|orienter moi|me|mon|l|vers|a|au",
            "me transferer|rediriger|basculer",
            "joindre|contacter le|la|l|les|un|une|votre? service|agent|standard|secretariat|bureau|responsable|conseiller|conseillere|accueil|directeur|directrice|elu|elue|maire|cabinet|personne",
            "joindre|contacter quelquun|madame|monsieur|mme|mr",
            "avoir|voudrais|veux quelquun au|en|de? ligne|telephone|bout|humain",
            "avoir madame|monsieur|mme|mr",
            "avoir|voudrais|veux|besoin un|une|d? agent|conseiller|conseillere|operateur|operatrice|humain|humaine",
            "avoir le|un? standard|standardiste",
            "veux|voudrais|prefere|prefererais|aimerais un|une vrai|vraie|etre? humain|personne|agent|conseiller|conseillere",
            "lui|leur parler",
            "pas a? un|une|de|d? robot|machine|repondeur|ordinateur",
            "donnez|donner|donne|filez|trouvez|trouver moi|me|nous un|une|le|la|l|les|vite? agent|humain|humaine|conseiller|conseillere|personne|responsable|chef|interlocuteur|interlocutrice|standard|standardiste|etre|employe|employee|secretaire|secretariat|collegue|dame|operateur|operatrice",
            "donnez|donner|donne|filez|trouvez|trouver moi|me|nous quelquun",
            "exige|demande|reclame|reclamer|faut un|une|le|la|l responsable|agent|chef|humain|conseiller|conseillere|interlocuteur|superieur",
            "avoir le|la|un|une monsieur|dame|personne|agent|responsable|secretaire|collegue|directeur|directrice",
            "bout du? fil|telephone",
            "le|au|du|moi poste 1*|2*|3*|4*|5*|6*|7*|8*|9*|vingt|trente|quarante|cinquante|soixante|cent|douze|quinze|deux|trois|quatre|cinq|six|sept|huit",
            "^ poste 1*|2*|3*|4*|5*|6*|7*|8*|9*|vingt|trente|quarante|cinquante|soixante|cent|douze|quinze|deux|trois|quatre|cinq|six|sept|huit",
            "remettez|remettre|basculez|basculer|reliez|dirigez|renvoyez moi|mon|nous",
            "cause|causer|parle avec|au|a maire|chef|responsable|quelquun|monsieur|madame",
            "voir avec|directement votre|le|la|un|une|l",
            "pour joindre|contacter",
            "cherche|voudrais|souhaite|peux|comment|essaie|essaye de|a? joindre|contacter l|le|la|les|un|une|votre|vos|monsieur|madame",
            "numero|ligne direct|directe",
            "poste de monsieur|madame",
            "quelquun au|a bout|l fil|appareil",
            "quelquun peut|pourrait|pour|puisse me|m|nous|l repondre|parler|expliquer|expliquerait",
            "quelquun me|m|nous|l explique|parle|reponde|ecoute",
            "qu on|quelquun me reponde|parle",
            "vive voix",
            "un|une|vos|votre|de collegue*",
            "vraie|autre|veritable personne|dame|voix|interlocuteur|interlocutrice",
            "rappelle|rappelais suite|apres|comme",
            "message de|d monsieur|madame",
            "demande|demandee|demander|dit de rappeler|demander",
            "prend|prennent les|des appels",
            "en ligne avec",
            "avoir en direct",
            "speak|talk to|with somebody|someone|a|an|the|mr|mrs|your|human|person",
            "^ allo? il? y a quelquun $",
            "^ est ce que? qu? il? y a quelquun $",
            "put me through",
            "transfer|connect me",
            "a real? human|person|operator",
            "an? agent|operator $",
        ],
        0,
    )
});

/// Somebody named by what they do, and whether they can be reached.
static IS_THERE: LazyLock<Patterns> = LazyLock::new(|| {
    Patterns::new(
        &[
            "responsable|directeur|directrice|chef|adjoint|adjointe|dame|monsieur|madame|personne|quelquun|charge|chargee|agent|secretaire|conseiller|conseillere|collegue joignable|disponible|present|presente|reunion|dispo",
            "mettez|mettre|passez|donnez moi|nous|me ligne|fil",
            "service|bureau|quelquun peut|pourrait me|nous prendre|repondre",
            "dame|personne|monsieur|agent qui fait|gere|occupe|s est la|elle",
            "dame|personne de|du l|la? accueil|guichet|standard la",
        ],
        6,
    )
});

/// Enough by themselves, when little else is said.
static NAMES_SOMEBODY: LazyLock<Patterns> = LazyLock::new(|| {
    Patterns::new(
        &[
            "un|une|l|votre vrai|vraie? agent|conseiller|conseillere|humain|humaine|operateur|operatrice|personne|standardiste|secretaire|interlocuteur|interlocutrice|correspondant",
            "agent|conseiller|conseillere|operateur|operatrice|standardiste|standard|humain",
            "un? etre humain",
            "quelquun",
            "une? vraie personne",
            "le? standard",
            "le? secretariat",
            "^ l accueil",
            "^ zero $",
        ],
        0,
    )
});

/// Sentences that only look like asking for somebody.
static NOT_ASKING: LazyLock<Vec<Pattern>> = LazyLock::new(|| {
    [
        "agent|agents|conseiller|quelquun m|qui|nous a|ont|est|etait|avait",
        "qui|agent|quelquun qui vient|passe|passera",
        "entendu|voulais|veux|voudrais parler de|d|du|des",
        "permis|passer le? permis|bac|brevet",
        "agent recenseur|immobilier|assermente",
        "faire passer",
        "pour|a quelquun d",
        "quelquun d autre",
        "a quelquun",
    ]
    .iter()
    .map(|w| Pattern::new(w, 0))
    .collect()
});

/// A service called by its name: "le service urbanisme s'il vous plaît".
static CALLS_SERVICE: LazyLock<Patterns> = LazyLock::new(|| {
    Patterns::new(
        &[
            "^ je? voudrais|aimerais|souhaite|souhaiterais|veux? avoir? le|la|les|l|au|aux|du|un? service|services|secretariat|cabinet|bureau|guichet|direction",
            "^ le|la|les|l service|services|secretariat|cabinet|bureau|guichet|direction",
            "^ service|services|secretariat|cabinet|bureau",
            "^ c|est est|pour? pour? le|la|les|l service|services|secretariat|cabinet|bureau|guichet|direction",
        ],
        0,
    )
});

/// Whoever says so wants a service, not only names it.
static WISHES: LazyLock<Patterns> =
    LazyLock::new(|| Patterns::new(&["voudrais|aimerais|souhaite|souhaiterais|veux"], 0));

/// What one may want to know of a service without wanting to speak with it.
static ASKS_ABOUT: LazyLock<Patterns> = LazyLock::new(|| {
    Patterns::new(
        &[
            "horaire*|ouvert*|ouvre|ferme*|adresse|numero|telephone|mail|courriel|ou|quand|comment|combien|a-t-il|existe",
        ],
        0,
    )
});
/// Meaningful words of a sentence that begins with somebody's name and says little more.
const MOST_BESIDE_A_NAME: usize = 5;
/// Meaningful words in the name of a service.
const LONGEST_NAME: usize = 3;

/// Wanting to be called back, which is a request, and no wish to speak with somebody now.
static CALLED_BACK: LazyLock<Patterns> = LazyLock::new(|| {
    Patterns::new(
        &[
            "me|nous rappeler|rappelle|rappellent|rappeliez|rappelez|recontacter|recontacte|recontactez|retelephoner|retelephone|prevenir|telephoner",
            "m|nous appeler|avertir",
            "rappelez|recontactez|rappeler|prevenez|telephonez|appelez|avertissez moi|nous",
            "etre rappele|rappelee|recontacte|recontactee",
            "passer|passez|passe|donner|donnez un|le? petit? coup de? fil|telephone",
        ],
        0,
    )
});
/// A call that was promised, or is to come from somebody who is named.
static NO_REQUEST: LazyLock<Patterns> = LazyLock::new(|| {
    Patterns::new(
        &["devait|devaient|devais|dit|promis|jamais|attends|toujours|comme|suite", "madame|monsieur|mme", "vrai|vraie"],
        0,
    )
});

/// "Est-ce que quelqu'un de chez vous peut me rappeler ?"
pub fn asks_to_be_called_back(tokens: &[Token]) -> bool {
    CALLED_BACK.found(tokens) && !NO_REQUEST.found(tokens)
}

/// "Vous êtes une vraie dame, ou un robot ?"
pub fn asks_what_speaks(tokens: &[Token]) -> bool {
    WONDERS.found(tokens) && MACHINE.found(tokens) && !INSISTS.found(tokens)
}

/// Somebody is asked for.
#[derive(Debug, Clone, PartialEq)]
pub struct Asked {
    /// What is said about whom, to find the service in.
    pub target: Vec<Token>,
    /// The words that ask.
    pub words: String,
    /// Nobody but a person will do: "donnez-moi un agent".
    pub is_for_a_person: bool,
}

/// Whoever is no machine.
static PERSON: LazyLock<Patterns> = LazyLock::new(|| {
    Patterns::new(
        &[
            "agent|humain|humaine|quelquun|conseiller|conseillere|responsable|operateur|operatrice|standardiste|interlocuteur|interlocutrice",
            "vraie|veritable personne|dame|voix",
            "human|person|operator|someone|somebody",
        ],
        0,
    )
});
/// Who only wonders: "c'est une vraie personne ?"
static WONDERS: LazyLock<Patterns> = LazyLock::new(|| {
    Patterns::new(
        &[
            "vous etes",
            "etes vous",
            "t|tu es",
            "es tu",
            "^ c est",
            "est ce que? c|je? est|parle",
            "je parle",
            "ai je",
            "are you",
        ],
        0,
    )
});

/// What may be speaking.
static MACHINE: LazyLock<Patterns> = LazyLock::new(|| {
    Patterns::new(&["robot|machine|ordinateur|repondeur|automate|enregistrement|humain|humaine|vivant|vivante"], 0)
});

/// Who says so besides wants one or the other.
static INSISTS: LazyLock<Patterns> = LazyLock::new(|| {
    Patterns::new(&["voudrais|aimerais|souhaite|veux|prefere|prefererais|passez|passer|donnez|besoin|faut|parler"], 0)
});

impl Asked {
    /// Everything said is about whom.
    pub fn about(said: &[Token]) -> Self {
        Self { target: said.to_vec(), words: String::new(), is_for_a_person: false }
    }
}

/// Whom the caller asks for, when they ask for somebody.
pub fn asked(tokens: &[Token]) -> Option<Asked> {
    if asks_what_speaks(tokens) {
        return None;
    }
    let is_for_a_person = PERSON.found(tokens) && !WONDERS.found(tokens);
    if let Some(range) = ASKS.find(tokens)
        && !reports(tokens, &range)
    {
        return Some(Asked { is_for_a_person, ..without(tokens, &range) });
    }
    if let Some(range) = IS_THERE.find(tokens).or_else(|| called_by_name(tokens)) {
        return Some(Asked { words: spoken(&tokens[range]), ..Asked::about(tokens) });
    }
    if let Some(range) = CALLS_SERVICE.find(tokens) {
        let beside = content_outside(tokens, &range);
        if (1..=LONGEST_NAME).contains(&beside) && !ASKS_ABOUT.found(&tokens[range.end..]) {
            // A name by itself asks for nobody in so many words.
            let asks = WISHES.found(&tokens[range.clone()]);
            let found = without(tokens, &range);
            return Some(if asks { found } else { Asked { words: String::new(), ..found } });
        }
    }
    let range = NAMES_SOMEBODY.find(tokens)?;
    if NOT_ASKING.iter().any(|p| p.find(tokens).is_some()) || content_outside(tokens, &range) > 1 {
        return None;
    }
    Some(Asked { is_for_a_person, ..without(tokens, &range) })
}

/// "Une collègue me dit qu'il fallait le renouveler": somebody has said something, and nobody is asked for.
fn reports(tokens: &[Token], range: &std::ops::Range<usize>) -> bool {
    static SAYS: LazyLock<Pattern> = LazyLock::new(|| {
        Pattern::new(
            "collegue|collegues m|me|nous|lui|leur|a|ont? a|ont|avait|avaient? dit|disait|disent|explique|raconte",
            0,
        )
    });
    SAYS.find(tokens).is_some_and(|said| said.start < range.end && range.start < said.end)
}

/// "Madame Lefèvre, de l'état civil": the sentence begins with somebody's name, and says where they are.
fn called_by_name(tokens: &[Token]) -> Option<std::ops::Range<usize>> {
    let is_title =
        |token: &Token| matches!(token.folded.as_str(), "madame" | "monsieur" | "mademoiselle" | "mr" | "mme");
    let title = tokens.iter().position(is_title)?;
    let opens = tokens[..title].iter().all(|token| token.weight == Weight::Filler);
    let is_named = tokens.get(title + 1).is_some_and(Token::is_content);
    let place = ["a", "au", "aux", "de", "du", "des", "service", "poste"];
    let is_placed = tokens.iter().skip(title + 2).any(|token| place.contains(&token.folded.as_str()));
    let content = tokens.iter().filter(|token| token.is_content()).count();
    let is_short = (2..=MOST_BESIDE_A_NAME).contains(&content);
    (opens && is_named && is_placed && is_short).then_some(title..title + 2)
}

fn spoken(tokens: &[Token]) -> String {
    tokens.iter().map(|token| token.written.as_str()).collect::<Vec<_>>().join(" ")
}

fn without(tokens: &[Token], range: &std::ops::Range<usize>) -> Asked {
    Asked {
        target: tokens.iter().enumerate().filter(|(i, _)| !range.contains(i)).map(|(_, t)| t.clone()).collect(),
        words: spoken(&tokens[range.clone()]),
        is_for_a_person: false,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::understanding::text::tokens;

    #[test]
    fn somebody_is_wanted() {
        for text in [
            "je voudrais parler à l'état civil",
            "passez-moi madame Martin",
            "un agent",
            "un agent s'il vous plaît",
            "quelqu'un",
            "je voudrais parler à quelqu'un",
            "je veux parler à un humain",
            "pourriez-vous me passer le service urbanisme",
            "je voudrais joindre le service des passeports",
            "mettez-moi en relation avec le standard",
            "je veux une vraie personne pas un robot",
            "je voudrais avoir quelqu'un au téléphone",
            "un conseiller",
            "transférez-moi à l'accueil",
            "j'en ai marre des robots je veux un être humain",
            "monsieur Dupont à l'urbanisme s'il vous plaît je voudrais lui parler",
            "le service urbanisme s'il vous plaît",
            "bonjour je voudrais le service des sports",
            "le secrétariat du maire",
            "can I speak to someone please",
            "arrêtez avec votre machine et donnez-moi un agent",
            "le poste vingt-deux quarante-trois",
            "mettez-moi l'état civil en ligne",
            "l'accueil je vous prie",
            "j'exige un responsable",
            "allô il y a quelqu'un",
            "zéro",
            "c'est un robot ça, je veux un humain",
        ] {
            assert!(asked(&tokens(text)).is_some(), "{text}");
        }
    }

    #[test]
    fn nobody_but_a_person_will_do() {
        let for_a_person = |text: &str| asked(&tokens(text)).is_some_and(|asked| asked.is_for_a_person);
        assert!(for_a_person("je veux parler à un humain"));
        assert!(for_a_person("donnez-moi un agent"));
        assert!(for_a_person("il n'y a pas une vraie dame"));
        assert!(for_a_person("opératrice"));
        assert!(!for_a_person("vous êtes une vraie personne"));
        assert!(!for_a_person("je voudrais parler à l'état civil"));
    }

    #[test]
    fn a_call_back_is_wanted() {
        let wants = |text: &str| asks_to_be_called_back(&tokens(text));
        assert!(wants("est-ce que quelqu'un de chez vous peut me rappeler"));
        assert!(wants("rappelez-moi plutôt demain"));
        assert!(wants("j'aimerais être rappelée"));
        assert!(wants("on pourrait me passer un coup de fil un autre jour"));
        assert!(wants("si on le retrouve vous pouvez me prévenir"));
        assert!(!wants("je vous rappelle"));
        assert!(!wants("elle devait me rappeler avant midi"));
        assert!(!wants("je voudrais que monsieur Lenoir me rappelle"));
        assert!(!wants("une vraie personne peut me rappeler"));
    }

    #[test]
    fn an_answer_is_wanted() {
        for text in [
            "un agent m'a dit de refaire ma carte d'identité",
            "je dois refaire mon passeport",
            "je voudrais parler de ma carte d'identité",
            "comment avoir un acte de naissance",
            "faut-il joindre un justificatif",
            "à quelle heure passe le camion",
            "quand passez-vous ramasser les poubelles",
            "je voudrais les horaires du service urbanisme",
            "le service urbanisme est ouvert le samedi",
            "il y a quelqu'un au guichet à midi",
            "je parle à qui là vous êtes une vraie dame ou vous êtes un robot",
            "c'est une machine ou un humain",
            "oui",
            "",
        ] {
            assert!(asked(&tokens(text)).is_none(), "{text}");
        }
    }
}
