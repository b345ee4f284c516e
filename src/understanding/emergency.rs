//! Emergencies, caught before everything else: fire, gas, violence, somebody's life.
//!
//! Wrong alarms cost a sentence, missed ones a life: the lists lean towards alarm, and name the town-hall matters that only
//! sound like one (fireworks, traffic lights, gas meter). "C'est urgent" alone is about the caller's hurry, not an emergency.

use std::sync::LazyLock;

use super::pattern::{Pattern, Patterns, content_outside};
use super::text::Token;

/// What kind of danger: it decides the number to dial.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Danger {
    Fire,
    Gas,
    /// Somebody's health or life.
    Health,
    /// Violence, an intruder, somebody missing.
    Police,
    /// The caller, or somebody near, wants to die.
    Suicide,
    /// Not said.
    Unclear,
}

/// An alarm that was heard.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Alarm {
    pub danger: Danger,
    /// The words that gave it.
    pub words: String,
}

/// Town-hall matters that hold an alarming word. When one is found, the alarm it covers doesn't count.
const HARMLESS: &[&str] = &[
    "feu|feux d artifice*",
    "feux? tricolore*",
    "feu|feux tricolore*|rouge|rouges|vert|verts|orange|pieton|pietons|signalisation|clignotant*",
    "feu de? la? saint jean",
    "feu|feux de? circulation|signalisation|joie|camp|cheminee|vehetaux|vegetaux|jardin",
    "feu vert|rouge pour|du|de|au",
    "feu au lac",
    "au secours parce|car",
    "coupe gorge",
    "coup de poignard|massue|fusil|hache dans le dos|budget|coeur",
    "etouffe avec|sous vos|les|des|toutes",
    "en finir avec ce|cet|cette|ces|le|les|l|vos",
    "failli faire|avoir|tomber|mourir un|une|une? malaise|attaque|crise* cardiaque?",
    "malaise a chaque",
    "bouche|bouches d|de? egout|egouts|metro|aeration|chaleur",
    "parler a|au|aux|avec un|une|quelquun|quelqu|la|le|l|mairie|service|agent|madame|monsieur|vous|votre",
    "parler|parle plus|pas? francais|tres|bien",
    "fils|fille|enfant|petit|petite|bebe|gamin|gamine a perdu son|sa|ses|un|une|le|la",
    "assistante|assistant|educateur|educatrice sociale|social|specialise|specialisee? qui? me|m|nous|le|la|l suit|suivent|suivait",
    "medecin|docteur|conseiller|conseillere|infirmiere|infirmier|psychologue|psychiatre|juge|avocat|avocate qui? me|m|nous|le|la|l suit|suivent|suivait",
    "si jamais il? y|un|une a|avait|incendie|accident un|une? incendie*|accident|inondation",
    "film|films|livre|livres|dvd|roman|documentaire sur l|un|une|les|des incendie*|explosion|attentat*|pompier*|avalanche",
    "au secours je|la|le|on|comment|que ne|date|delai|fais|faire|faut",
    "telealarme|teleassistance|bracelet|appareil|bouton|montre pour appeler les|des secours",
    "oiseau|pigeon|chat|herisson|animal|chien|merle|chouette blesse|blessee",
    "rat|rats|souris|cafard|cafards|guepes|frelons|punaises|fouine|pigeons|fourmis dans|chez la|le|ma|mon|notre|moi|nous",
    "y a|quelqu des|un|une rats|souris|cafards|guepes|frelons|punaises|chat|pigeon|pigeons|fourmis",
    "accouche|accoucher dans|en deux|trois|quatre|cinq|six|un|janvier|fevrier|mars|avril|mai|juin|juillet|aout|septembre|octobre|novembre|decembre",
    "couvre feu",
    "coupe feu",
    "feu mon|ma|le|la pere|mere|mari|grand",
    "arme* a? feu permis",
    "port d arme*",
    "permis de? chasse",
    "alarme|assurance|securite|detecteur|bouche|bouches|borne|bornes|porte|commission|exercice|extincteur incendie*",
    "poteau|poteaux|lance d? incendie",
    "attestation|declaration|certificat|apres d|un|l? incendie|sinistre",
    "compteur|facture|contrat|chauffage|chaudiere|gaziniere|cuisiniere|reseau|raccordement|bouteille|bouteilles|travaux|effet|effets de|du|au|a? gaz|serre",
    "gaz de? france|ville|schiste|echappement",
    "bal|calendrier|calendriers|caserne|recrutement|jeunes|association|exposition|expo|musee|collection|journee|visite|spectacle|camion|concours|metier des|de|du|sur|aux? les? sapeurs? pompier*",
    "pompier* volontaire*",
    "devenir|etre|comme sapeurs? pompier*",
    "association*|conference|campagne|journee|lutte contre|sur? les|de? violence*|victime*",
    "urgence* dentaire*",
    "dentiste de? garde",
    "hebergement|logement|aide|secours|relogement|numero|numeros d urgence*",
    "toute|en|d urgence* passeport|carte|identite|rendez|acte|papiers",
    "accident du|de? travail",
    "accident sans gravite",
    "formation*|initiation*|cours|stage aux|au|de? premiers? secours",
    "poste de secours",
    "mort|morte|decede|decedee a|au|en|l|hier|depuis",
    "declarer|declaration|acte|avis de|un|d? deces",
    "tapage|bruit",
    "mourir|mort|morts|meurs|creve de|d rire|chaud|ennui|honte|envie|fatigue|jalousie",
    "prix|prix|loyer|loyers|facture|factures|budget|tarifs explose*",
    "explosion des|du|de prix|demandes|tarifs|loyers|nombre",
    "tue l? ambiance|temps",
    "a|ont|avait brule|brulee",
    "secours populaire|catholique|financier|exceptionnel",
    "au secours je? ne? n? comprends",
    "fire station|alarm|works|drill",
    "gas meter|bill",
    "stroke of",
];

/// The same, with other words between.
const HARMLESS_APART: &[&str] = &[
    // "Il y a trois ans", but not "elle a quatre-vingts ans".
    "avc|infarctus|attaque|accident|malaise|crise y|depuis|date ans|annees|mois",
    "avc|infarctus|attaque|accident|malaise|crise autrefois|jadis",
    "brule*|brulee depuis",
    "chute|chuter|tombe|tombee|renverse|renversee|blesse|blessee mois|semaine|semaines|an|ans|annee|jours",
    "chien|chat|chaton|chiot suit",
    "jeu|jeux|dragon|niveau tuer|tue|mort|feu",
    "panneau|stop|poteau|barriere|borne|lampadaire terre|frappe|renverse|percute",
    "brule*|incendie*|explose* dernier|derniere|mois|annee|hier|semaine|passe|passee",
    "saigne* nez",
    "feu|feux panne|marche|marchent|marchait|fonctionne|fonctionnent|clignote*|deregle*|pieton*|carrefour|croisement",
    "agresse|agressee|frappe|frappee|menace|menacee|cambriole*|accident hier|derniere|dernier|mois|semaine|annee",
    "porter|plainte|deposer plainte|agresse|agressee|agression|menace*|violence*",
    "repond|repondent pas|plus telephone|mail|mails|courrier|appel|appels|rien|message|messages|numero",
    "accident*|accidents faudrait|risque|securiser|ralentisseur|dangereux|dos",
];

/// What is an alarm wherever it stands.
const ALARMS: &[(Danger, &[&str])] = &[
    (
        Danger::Suicide,
        &[
            "suicid*",
            "veux|vais|voudrais|envie|prefere de? mourir|crever",
            "veux|peux|envie|force plus de? vivre",
            "plus envie|force|raison de vivre",
            "mettre fin a|mes|ses jours|vie",
            "finir avec? la|ma|tout vie?",
            "veux|vais|va|envie en? finir $",
            "veux|vais|voudrais|envie en|d finir",
            "finir ce soir|maintenant|aujourdhui",
            "me|se|m|s tuer|foutre|pendre|jeter|ouvrir en|sous|par|du|les? air|train|fenetre|pont|veines",
            "vais|veux|veut me|se tuer|pendre",
            "me|se tuer $",
            "sauter par|du|de la? fenetre|pont|toit|balcon",
            "avale|pris|prendre tous|plein|trop|boite des|de|mes|ses|les? medicaments|cachets|comprimes",
            "kill myself|himself|herself",
            "suicide",
            "want|going to die",
        ],
    ),
    (
        Danger::Gas,
        &[
            "fuite|fuites de|du? gaz",
            "odeur|odeurs de|du? gaz",
            "sent|sens|senti|pue|renifle fort|vraiment|comme? le|du|un? gaz",
            "gaz s|qui|est echappe|fuit|fuite|ouvert|partout",
            "intoxi* monoxyde|carbone|gaz",
            "monoxyde de? carbone",
            "smell|smells|smelling of|like? gas",
            "gas leak*|smell",
        ],
    ),
    (
        Danger::Fire,
        &[
            "y a|avait? le? feu",
            "a le feu",
            "le feu a|au|chez|dans|sur",
            "au feu",
            "en feu|flammes",
            "des flammes",
            "prend|pris|prends|met|mis|mettre le? feu",
            "feu chez|dans|sur|au",
            "feux dans l|la|le|un|une|mon|ma|notre? immeuble|maison|appartement|appart|cuisine|garage|cave|chambre|parking|local",
            "depart|debut de feu",
            "incendie*",
            "crame|crament",
            "ca|maison|immeuble|appartement|voiture|cuisine|toit|poubelle|poubelles|foret|scooter|local|grange|batiment|tout brule*",
            "est|sont entrain|train de? bruler|cramer",
            "plein|beaucoup de|la? fumee",
            "y a de? la|une? fumee",
            "fumee noire|epaisse|partout|toxique|sort|qui",
            "explosion",
            "explose",
            "explosait",
            "there|s is|s a? fire",
            "on fire",
            "house|building|car|kitchen|flat is|s? burning",
            "fire in|at my|the",
        ],
    ),
    (
        Danger::Health,
        &[
            "respire|respirer plus|pas|mal|presque|difficilement",
            "peux|peut|arrive|arrivons|arrete plus|pas|de a|de? respirer",
            "du mal a respirer",
            "etouffe",
            "etouffer",
            "s etrangle",
            "inconscient*",
            "perdu|perd|perdre connaissance",
            "evanoui*",
            "fait|faire|fais|eu|pris un malaise|convulsions|attaque",
            "malaise cardiaque|grave",
            "crise cardiaque|epilepsie|convulsion*|asthme",
            "convuls*",
            "arret cardiaque",
            "infarctus",
            "un avc",
            "fait un? avc",
            "mal|douleur|douleurs|serre|oppression dans? a? la|une poitrine|coeur",
            "il|elle|mari|femme|mere|pere|maman|papa|bebe|fils|fille|enfant|monsieur|dame|voisin|voisine ne? bouge|reagit|repond plus|pas",
            "se reveille|reveiller|releve|relever plus|pas",
            "arrive|peut|peux plus|pas a? se|me relever|bouger",
            "il|elle|mari|femme|mere|pere|maman|papa|mamie|papi n|ne? arrive|peut|sait plus a? parler|articuler",
            "s est effondre|effondree|ecroule|ecroulee",
            "effondre|effondree|ecroule|allonge|allongee|git par terre|sol",
            "il|elle|je|mari|femme|mere|pere|fils|fille|enfant saigne|saignes",
            "saigne|saignent",
            "convulse*",
            "sur les rails|voies",
            "en train de mordre|attaquer|devorer",
            "perd|perds beaucoup|plein|du de? sang",
            "plein|mare de sang",
            "se|me|il|elle|en|est|s noie|noye|noyee|noyer",
            "noyade",
            "electrocute*",
            "tombe|tombee|tomber du|de|par|d|dans l|le|la|les? balcon|fenetre|toit|etage|echelle|escalier|escaliers",
            "vient de tomber|chuter",
            "fait une|grosse|mauvaise chute",
            "grievement",
            "grave accident",
            "accident grave",
            "accident avec? des? blesse*",
            "blesse|blessee|blesses gravement|grave",
            "il|y a|des|est un|une|tres? blesse|blesses|blessee|blessees",
            "y a eu? un accident",
            "vient de? voir|avoir|y un|d accident",
            "renverse|renversee|percute|percutee par une|un voiture|camion|scooter|moto|bus|velo",
            "renverse|renversee|renverser|percute|percuter|fauche|faucher|ecrase|ecraser un|une|mon|ma|le|la pieton|pietonne|enfant|cycliste|dame|monsieur|fils|fille|gamin|gamine|gosse|petit|petite|bebe|mamie|papi|motard|ouvrier|personne",
            "passe|passee|tombe|tombee|jete|jetee sous|sur un|le|la|les? metro|train|rer|tram|bus|rails",
            "urgence* vitale|medicale|absolue",
            "appelez|appeler|prevenez|envoyez|appelle les|des|le|la|une|un|vite? pompiers|samu|ambulance|secours",
            "besoin|faut d|une|un|des|les|le|du|l? ambulance|samu|pompiers|secours",
            "accouche|accoucher maintenant|dans|la",
            "en|suis|est train d accoucher",
            "va|vais accoucher maintenant|tout|la",
            "perdu|perd|perds les eaux",
            "overdose",
            "avale|bu|mange des|du|de|un|une|la|l? medicaments|medicament|produit|javel|poison|pile|eau|champignons javel?",
            "mort|mourir dans|sous|devant mes|mon|moi bras|yeux",
            "est|va|suis en? train? de? mourir $",
            "not|isn|doesn|stopped t? breathe|breathing",
            "can|cannot|can't t? breathe",
            "heart attack",
            "having|had a stroke",
            "unconscious",
            "bleeding",
            "collapsed",
            "need|call|send an|the? ambulance",
            "choking",
        ],
    ),
    (
        Danger::Police,
        &[
            "agresse",
            "agresser",
            "agressee",
            "agression en|cours|dans|devant",
            "on m|l agresse*",
            "fait|fais|fait agresser|frapper|tabasser|battre|attaquer|poignarder|violer|braquer",
            "m|l|nous a|ont frappe|frappee|battu|battue|tabasse|tabassee|cogne|cognee|gifle|giflee|etrangle|etranglee",
            "me|le|nous|ma|mon frappe|tape|bat|menace|poursuit|etrangle|sequestre|cogne|suit|suivent dessus?",
            "la frappe|bat|menace|etrangle|sequestre|cogne",
            "mari|femme|compagnon|conjoint|pere|mere|fils|copain|ex me|m|la|les|nous|a frappe|bat|tape|menace|cogne",
            "mari|compagnon|conjoint|copain|pere est|devient tres? violent",
            "violent|violente avec|contre|envers moi|nous|mes|les|ma|elle",
            "femme|enfant|enfants battue|battues|battu|battus",
            "battue par mon|son|le mari|compagnon|conjoint|copain",
            "violences? conjugale*|conjugales",
            "peur de|pour|qu il? me|ma|mon|mes|ses? vie|tue|frappe|mari|conjoint|coups",
            "veut|va|vas|vont me|nous|la|le|tout|tous tuer|frapper|tue",
            "menace* de mort|avec|mort",
            "coup|coups de? couteau|feu|poing|poings|fusil|pistolet|hache",
            "donne|met des|mis coups",
            "poignard*",
            "avec|a un|une couteau|arme|pistolet|fusil|revolver|hache|machette|batte",
            "homme|individu|quelqu*|type|gars|personne|gens arme|armee|armes",
            "tire|tirs|tirent|tirer dessus|sur|feu nous|moi|gens?",
            "prise d otage*",
            "attentat",
            "viol",
            "violee",
            "violer",
            "kidnapp*",
            "enleve ma|mon fille|fils|enfant",
            "enfant|fille|fils|bebe|frere|soeur|petite|petit a? disparu|disparue|introuvable|perdu|perdue",
            "trouve|retrouve|retrouvons|trouvons plus|pas mon|ma|notre|mes|le|la petit|petite? fils|fille|enfant|enfants|bebe|gamin|gamine",
            "perdu mon|ma|notre|un petit|petite? fils|fille|enfant|bebe|gamin|gamine $",
            "perdu mon|ma|notre petit|petite? fils|fille|enfant|gamin|gamine au|dans|a|en",
            "cambrioleur*|voleur*|rodeur*|intrus|inconnu chez|dans|la|est|sont|essaie|essaye",
            "suis|est|sommes en train d etre cambriole*",
            "cambrioler|cambriole|braquer en ce? moment|maintenant",
            "est|sont|a|ont|veut|veulent|essaie|essaye|essaient|essayent de|d|en|encore? entre|entres|entree|entrer|rentrer|penetrer chez|dans moi|nous|ma|mon|notre|la maison?",
            "homme|inconnu|quelquun|individu|type|gens entre|rentre|rentrer|entrer chez|dans moi|nous|ma|mon|notre",
            "y a quelquun|des|un chez|dans|gens|homme moi|ma|mon|chez maison|appartement|jardin|garage|moi",
            "force|forcent|forcer|defonce|defoncer|defoncent|casse|casser de? ma|la|notre porte|serrure",
            "y a une bagarre",
            "se|s battent|battre|tapent|entretuent dessus|devant|dans|violemment",
            "braquage",
            "appelez|appeler|appelle|prevenez|envoyez la|les|vite? police|gendarmes|gendarmerie|flics",
            "broke|breaking|broken into|in my|the? house|flat|home?",
            "someone|somebody|man is? in my house|flat|garden",
            "hitting|beating|attacking|threatening|following me|her|him|us",
            "been|being attacked|raped",
            "child|son|daughter|kid is|s|has|went? missing|disappeared",
            "call the police",
            "has a gun|knife",
        ],
    ),
    (
        Danger::Unclear,
        &[
            "au secours",
            "aidez moi|nous vite",
            "vite aidez",
            "a l aide $",
            "a l aide vite|je|il|elle|aidez",
            "danger de? mort|immediat",
            "en danger",
            "it s|is an emergency",
            "help me please? quick*|now|hurry",
        ],
    ),
];

/// The same with other words between.
const ALARMS_APART: &[(Danger, &[&str])] = &[
    (
        Danger::Police,
        &[
            "fille|fils|enfant|garcon|bebe|gamin|gamine|mere|pere|mari|grand|soeur|frere|niece|neveu|petite|petit|mamie|papi disparu|disparue|introuvable|fugue",
            "mere|pere|fils|fille|mari|femme|mamie|papi|grand ne la|le|l retrouve|trouve plus|pas",
            "cagoule*|encagoule*",
            "mari|compagnon|conjoint|copain|ex|pere|frere enferme|enfermee|sequestre|sequestree",
            "valise|colis|paquet|bagage abandonne|abandonnee|suspect|suspecte",
            "crie|crier|hurle|hurler aide|secours",
        ],
    ),
    (
        Danger::Health,
        &[
            "couche|couchee|allonge|allongee|etendu|etendue trottoir|sol|terre|rue|chaussee|neige|herbe|parc|banc|hall|escalier repond|bouge|reagit",
            "quelquun|homme|femme|enfant|gens|personne|ouvrier|conducteur|dame|monsieur|fille|fils|bebe|mamie|papi|voisin|voisine|petit|petite coince|coincee|enseveli|bloque volant|voiture|dessous|dedans|sous|decombres|machine",
            "quelquun|homme|femme|enfant|personne|il|elle|bebe tombe|tombee|tomber eau|bassin|etang|riviere|seine|puits|piscine|rails|voies",
            "bebe|pepe|meme|il|elle|papa|maman|pere|mere|enfant|mari|femme|papi|mamie|fils|fille tout|toute bleu|bleue|violet|violette",
            "enfant|fils|fille|petit|petite|bebe|gamin|gamine fenetre|balcon|rebord rebord|vide|enjambe|penche",
            "bouche|visage|figure|levre|levres|joue travers|tordu|tordue|deforme|deformee|pend|affaisse|affaissee|tombante",
            "bras|main|jambe arrive|peut|sait lever|soulever|bouger|plier",
            "coupe|coupee|arrache|sectionne doigt|doigts|main|bras|jambe",
            "ouvert|taillade|coupe|entaille poignet|poignets|veines|gorge|crane",
            "eau monte|montait|entre|rentre bloque|bloquee|bloques|coince|coincee|coinces|sortir|dedans",
            "vite defibrillateur",
            "inonde|inondee|inondation reste|restee|coince|coincee|bloque|bloquee",
            "voisin|voisine ouvre|repond|repondent plus|pas jours odeur|inquiet|inquiete|sent|pue",
        ],
    ),
    (Danger::Fire, &["fumee sort|sortir|echappe", "cable|fil|ligne etincelles", "etincelles"]),
];

/// Alarms only when little else is said: "c'est une urgence", "les pompiers".
const BARE_ALARMS: &[&str] = &[
    "une|grosse|vraie urgence",
    "urgence*",
    "les? pompiers",
    "le? samu",
    "police secours",
    "feu",
    "gaz",
    "y a|eu un accident",
    "emergency",
    "fire",
];

static HARMLESS_PATTERNS: LazyLock<Vec<Pattern>> = LazyLock::new(|| {
    let apart = HARMLESS_APART.iter().map(|written| Pattern::new(written, 12));
    HARMLESS.iter().map(|written| Pattern::new(written, 0)).chain(apart).collect()
});
static ALARM_PATTERNS: LazyLock<Vec<(Danger, Patterns)>> = LazyLock::new(|| {
    let near = ALARMS.iter().map(|(danger, written)| (*danger, Patterns::new(written, 1)));
    near.chain(ALARMS_APART.iter().map(|(danger, written)| (*danger, Patterns::new(written, 7)))).collect()
});
static BARE_ALARM_PATTERNS: LazyLock<Patterns> = LazyLock::new(|| Patterns::new(BARE_ALARMS, 0));

/// The alarm, when somebody seems in danger now.
pub fn alarm(tokens: &[Token]) -> Option<Alarm> {
    // Words of a harmless matter are taken out, the rest is looked at.
    let mut covered = vec![false; tokens.len()];
    for pattern in HARMLESS_PATTERNS.iter() {
        if let Some(range) = pattern.find(tokens) {
            covered[range].fill(true);
        }
    }
    let rest: Vec<Token> =
        tokens.iter().zip(&covered).filter(|(_, covered)| !**covered).map(|(token, _)| token.clone()).collect();
    let alarm = |danger: Danger, range: std::ops::Range<usize>| {
        let words = rest[range].iter().map(|token| token.written.as_str()).collect::<Vec<_>>().join(" ");
        Alarm { danger, words }
    };
    let found = ALARM_PATTERNS.iter().find_map(|(danger, patterns)| Some((*danger, patterns.find(&rest)?)));
    if let Some((danger, range)) = found {
        return Some(alarm(danger, range));
    }
    let bare = BARE_ALARM_PATTERNS
        .find(&rest)
        .filter(|range| rest.len() == tokens.len() && content_outside(&rest, range) == 0)?;
    let danger = match rest[bare.clone()].last().map(|token| token.folded.as_str()) {
        Some("feu" | "pompiers" | "fire") => Danger::Fire,
        Some("gaz") => Danger::Gas,
        Some("samu" | "accident") => Danger::Health,
        _ => Danger::Unclear,
    };
    Some(alarm(danger, bare))
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
            "Ma mère fait un malaise, elle a quatre-vingts ans",
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
            "ma mère est tombée dans l'escalier elle ne bouge plus",
            "mon mari a la bouche toute de travers et il n'arrive plus à parler",
            "son bras gauche il n'arrive plus à le lever",
            "une camionnette a renversé un monsieur il ne bouge plus",
            "je n'arrive plus à respirer",
            "ma femme ne se réveille pas",
            "mon père a mal dans la poitrine",
            "il y a de la fumée qui sort chez le voisin",
            "la voiture est en flammes",
            "ça pue le gaz dans la cage d'escalier",
            "mon mari est violent j'ai peur",
            "il m'a frappée encore ce soir",
            "je ne trouve plus ma fille",
            "mon fils a disparu depuis ce matin",
            "j'ai perdu ma petite fille au marché",
            "quelqu'un est entré chez moi",
            "il y a un cambrioleur dans la maison",
            "j'ai plus envie de vivre",
            "je veux en finir",
            "une dame s'est fait renverser, renversée par une voiture",
            "ils se battent devant chez moi",
            "le bébé a avalé une pile",
            "my house is on fire",
            "I can smell gas",
            "he is not breathing",
            "someone is in my house",
        ] {
            assert!(alarm(&tokens(text)).is_some(), "{text}");
        }
    }

    #[test]
    fn the_danger_decides_the_number() {
        for (text, danger) in [
            ("il y a le feu dans mon immeuble", Danger::Fire),
            ("les pompiers", Danger::Fire),
            ("je sens une odeur de gaz", Danger::Gas),
            ("mon mari ne respire plus", Danger::Health),
            ("mon mari me frappe", Danger::Police),
            ("j'ai envie de me suicider", Danger::Suicide),
            ("au secours", Danger::Unclear),
        ] {
            assert_eq!(alarm(&tokens(text)).map(|alarm| alarm.danger), Some(danger), "{text}");
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
            "mon père a fait un AVC il y a trois ans, il a droit à la carte pour se garer",
            "mon fils a perdu son doudou, un lapin gris",
            "la bouche d'égout est de travers devant chez moi",
            "elle n'arrive pas à parler à quelqu'un chez vous",
            "ma mère ne peut plus parler français depuis sa maladie",
            "une camionnette qui ne bouge plus depuis trois semaines",
            "j'ai déjà une assistante sociale qui me suit",
            "le médecin qui me suit est en vacances",
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
            "personne ne répond plus au téléphone",
            "c'est urgent pour mon passeport",
            "l'exposition sur les pompiers c'est où",
            "j'ai failli mourir de rire",
            "le feu à l'angle de la rue de Poissy ne marche plus",
            "quand je rentre chez moi le soir il n'y a plus de lumière",
            "je voudrais en finir avec ce dossier de permis",
            "j'ai perdu la carte d'identité de mon fils",
            "j'ai perdu mon mari il y a un mois",
            "c'est quand le feu d'artifice du quatorze juillet",
            "j'ai été agressé la semaine dernière où je dois porter plainte",
            "les prix explosent à la cantine",
            "where are the fireworks",
            "",
        ] {
            assert!(alarm(&tokens(text)).is_none(), "{text}");
        }
    }
}
