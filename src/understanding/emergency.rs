//! Emergencies, caught before everything else: fire, gas, violence, somebody's life.
//!
//! Wrong alarms cost a sentence, missed ones a life: the lists lean towards alarm, and name the town-hall matters that only
//! sound like one (fireworks, traffic lights, gas meter). "C'est urgent" alone is about the caller's hurry, not an emergency.

use std::sync::LazyLock;

use super::pattern::{Pattern, Patterns, content_outside};
use super::text::Token;

/// Town-hall matters that hold an alarming word. When one is found, the alarm it covers doesn't count.
static HARMLESS: LazyLock<Vec<Pattern>> = LazyLock::new(|| {
    [
        "feu|feux d artifice*",
        "feux? tricolore*",
        "feu|feux tricolore*|rouge|rouges|vert|verts|orange|pieton|pietons|signalisation|clignotant*",
        "feu de? la? saint jean",
        "feu|feux de? circulation|signalisation|joie|camp|vehetaux|vegetaux|jardin",
        "couvre feu",
        "coupe feu",
        "arme* a? feu permis",
        "port d arme*",
        "permis de? chasse",
        "alarme|assurance|securite|detecteur|bouche|bouches|borne|bornes|porte|commission|exercice incendie*",
        "poteau|poteaux|lance d? incendie",
        "attestation|declaration|certificat d|de? incendie|sinistre",
        "compteur|facture|contrat|chauffage|chaudiere|gaziniere|cuisiniere|reseau|raccordement|bouteille|bouteilles|travaux de|au|du|a? gaz",
        "gaz de? france",
        "bal|calendrier|calendriers|caserne|recrutement|jeunes|association des|de? sapeurs? pompier*",
        "pompier* volontaire*",
        "association* contre? les|de? violence*|victime*",
        "urgence* dentaire*",
        "dentiste de? garde",
        "hebergement|logement|aide|secours|relogement d? urgence",
        "toute|en|d urgence* passeport|carte|identite|rendez|acte",
        "accident du|de? travail",
        "accident sans gravite",
        "formation*|initiation* aux|au|de? premiers? secours",
        "mort|morte|decede|decedee a|au|en|l|hier|depuis",
        "declarer|declaration|acte|avis de|un|d? deces",
        "tapage|bruit",
    ]
    .iter()
    .map(|written| Pattern::new(written, 0))
    .collect()
});

/// What is an alarm wherever it stands.
static ALARMS: LazyLock<Patterns> = LazyLock::new(|| {
    Patterns::new(
        &[
            // Fire
            "y a|avait? le? feu",
            "a le feu",
            "au feu",
            "en feu",
            "prend|pris|prends|met|mis|mettre le? feu",
            "feu chez|dans|sur|au|a",
            "incendie*",
            "ca|maison|immeuble|appartement|voiture|cuisine|toit|poubelle brule*",
            "est entrain|train de bruler",
            "plein|beaucoup de|la? fumee",
            "fumee noire|epaisse|partout|toxique",
            "explosion",
            "explose",
            "explosait",
            // Gas
            "fuite|fuites de|du? gaz",
            "odeur|odeurs de|du? gaz",
            "sent|sens|senti le|du? gaz",
            "gaz s|qui echappe|fuit|fuite",
            "intoxi* monoxyde|carbone|gaz",
            "monoxyde de? carbone",
            // Life
            "respire plus|pas|mal|presque",
            "arrete de? respirer",
            "arrive|arrivons plus|pas a respirer",
            "etouffe",
            "etouffer",
            "s etouffe",
            "inconscient*",
            "perdu|perd connaissance",
            "evanoui*",
            "fait|faire|fais un malaise",
            "malaise cardiaque|grave",
            "crise cardiaque|epilepsie|convulsion*",
            "arret cardiaque",
            "infarctus",
            "un avc",
            "bouge|repond|reagit plus",
            "saigne beaucoup|fort|abondamment|partout",
            "perd beaucoup|plein de? sang",
            "plein|mare de sang",
            "noie|noye|noyee|noyer",
            "noyade",
            "electrocute*",
            "tombe|tombee du|de|par balcon|fenetre|toit|etage",
            "grievement",
            "grave accident",
            "accident grave",
            "accident avec? des? blesse*",
            "blesse|blessee|blesses grave|gravement",
            "il|y a|des un? blesse|blesses|blessee",
            "urgence* vitale|medicale|absolue",
            "appelez|appeler|prevenez|envoyez les|des|le|la|une|un|vite? pompiers|samu|ambulance|secours|police|gendarmes",
            "besoin|faut d|une|un|des|les? ambulance|samu|pompiers",
            "accouche|accoucher maintenant|dans|la",
            "en train d accoucher",
            "perdu les eaux",
            "overdose",
            "avale des|du|de|un|une medicaments|produit|javel|poison",
            // Violence
            "agresse",
            "agresser",
            "agressee",
            "agression en|cours",
            "on m agresse*",
            "fait|fais|fait agresser|frapper|tabasser|battre|attaquer|poignarder|violer",
            "me|la|le|nous|ma|mon frappe|tape|bat|menace|poursuit|etrangle|sequestre dessus?",
            "mari|femme|compagnon|conjoint|pere|mere|fils me|la|les|nous frappe|bat|tape|menace",
            "violences? conjugale*|conjugales",
            "veut|va|vas me|nous|la|le|tout|tous tuer|tue",
            "menace* de mort|avec|mort",
            "coup|coups de? couteau|feu|poing|poings|fusil|pistolet",
            "avec un|une couteau|arme|pistolet|fusil|revolver|hache",
            "a un|une couteau|arme|pistolet|fusil|revolver",
            "homme|individu|quelqu*|type|gars arme",
            "tire|tirs|tirent dessus|sur|feu",
            "prise d otage*",
            "attentat",
            "viol",
            "violee",
            "kidnapp*",
            "enleve ma|mon fille|fils|enfant",
            "enfant|fille|fils|bebe disparu|disparue",
            "cambrioleur* chez|dans|la|est|sont",
            "entre|entres|rentre|entrer chez moi",
            "force|forcent|forcer|defonce|defoncer|casse|casser|defoncent ma|la|notre porte",
            // Distress
            "suicid*",
            "veux|vais|envie de? mourir",
            "veux plus vivre",
            "mettre fin a mes|ses jours",
            "en finir avec|maintenant",
            "sauter par|du|de la? fenetre|pont|toit|balcon",
            // Calls for help
            "au secours",
            "aidez moi vite",
            "a l aide",
            "danger de? mort|immediat",
            "en danger",
        ],
        1,
    )
});

/// Alarms only when little else is said: "c'est une urgence", "les pompiers".
static BARE_ALARMS: LazyLock<Patterns> = LazyLock::new(|| {
    Patterns::new(
        &[
            "une|grosse|vraie urgence",
            "urgence*",
            "les? pompiers",
            "le? samu",
            "police secours",
            "feu",
            "gaz",
            "y a|eu un accident",
        ],
        0,
    )
});

/// `true` when somebody seems in danger now.
pub fn is_emergency(tokens: &[Token]) -> bool {
    // Words of a harmless matter are taken out, the rest is looked at.
    let mut covered = vec![false; tokens.len()];
    for pattern in HARMLESS.iter() {
        if let Some(range) = pattern.find(tokens) {
            covered[range].fill(true);
        }
    }
    let rest: Vec<Token> =
        tokens.iter().zip(&covered).filter(|(_, covered)| !**covered).map(|(token, _)| token.clone()).collect();
    if ALARMS.found(&rest) {
        return true;
    }
    BARE_ALARMS.find(&rest).is_some_and(|range| rest.len() == tokens.len() && content_outside(&rest, &range) == 0)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::understanding::text::tokens;

    #[test]
    fn emergencies_are_caught() {
        for text in [
            "il y a le feu dans mon immeuble",
            "au secours il y a le feu",
            "ma voiture est en feu",
            "incendie rue de Pontoise",
            "ça sent le gaz dans l'escalier",
            "je sens une odeur de gaz",
            "il y a une fuite de gaz dans ma rue",
            "mon mari ne respire plus",
            "elle ne respire pas",
            "ma mère a fait un malaise",
            "il est inconscient",
            "mon mari me frappe",
            "il me tape dessus",
            "on est en train de m'agresser",
            "je me fais agresser",
            "il a un couteau",
            "un homme armé est entré chez moi",
            "quelqu'un essaie de forcer ma porte",
            "je veux mourir",
            "j'ai envie de me suicider",
            "au secours",
            "appelez les pompiers vite",
            "il faut une ambulance",
            "il fait une crise cardiaque",
            "c'est une urgence",
            "c'est une urgence médicale",
            "il y a un blessé sur la route",
            "mon bébé s'étouffe",
            "il veut me tuer",
        ] {
            assert!(is_emergency(&tokens(text)), "{text}");
        }
    }

    #[test]
    fn town_hall_matters_are_not() {
        for text in [
            "à quelle heure est le feu d'artifice",
            "le feu rouge est en panne",
            "les feux tricolores de la rue de Pontoise ne marchent plus",
            "je voudrais changer mon compteur de gaz",
            "c'est urgent j'ai besoin d'un passeport",
            "il me faut un passeport en urgence",
            "je cherche un hébergement d'urgence",
            "j'ai une urgence dentaire",
            "le bal des pompiers c'est quand",
            "je voudrais déclarer un décès",
            "mon mari est mort hier",
            "mon voisin fait du tapage la nuit",
            "une association contre les violences faites aux femmes",
            "j'ai perdu ma carte d'identité",
            "on m'a volé mon passeport",
            "est-ce que je peux brûler des végétaux dans mon jardin",
            "je voudrais un acte de naissance",
            "j'ai eu un accident et j'ai perdu mes papiers",
            "attestation pour l'assurance incendie",
            "fuite d'eau sur la chaussée",
            "les éboueurs ne sont pas passés",
            "il faut que je mette mon fils à la cantine",
            "ça ne répond pas chez vous",
            "",
        ] {
            assert!(!is_emergency(&tokens(text)), "{text}");
        }
    }
}
