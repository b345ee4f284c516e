//! Words that callers use for one another in front of a town hall: "détritus" for "ordures", "bouquin" for "livre".
//!
//! A built-in lexicon of general French, the same for every town: it knows no topic. A word of the officer's is found by its
//! neighbours too, at a discount ([`Token::likeness`](super::text::Token::likeness)); the officer's own words always win.

use std::collections::HashMap;
use std::sync::LazyLock;

/// Number of a family of words; 0: none.
pub type Family = u16;

/// One family a line: words that may stand for one another, folded.
const FAMILIES: &[&str] = &[
    // Identity papers
    "perime perimee perimes perimees expire expiree expires expirees expiration echue validite caduque valable",
    "refaire renouveler renouvellement renouvele renouvelle refasse refais refait remplacer",
    "vole volee voles voler vol derobe derobee pique piquee fauche",
    "perdu perdue perdus perdues perdre perds perte egare egaree egares egarer paume paumee",
    "voyage voyager voyages etranger frontiere douane avion",
    "photo photos photomaton photographe",
    "empreinte empreintes digitales biometrique biometriques",
    // Civil status
    "naissance naissances naitre accouchement accoucher accouche maternite",
    "bebe bebes nourrisson poupon bambin",
    "deces decede decedee mort morte defunt defunte deceder",
    "cimetiere tombe tombes concession caveau columbarium inhumation enterrement enterrer obseques funerailles funeraire",
    "mariage mariages marier marie mariee maries noces epouser epouse fiance fiancee fiances",
    "pacs pacser pacse pacsee pacses pacsons",
    "divorce divorcer divorcee",
    "enfant enfants fils fille filles gamin gamine gamins gosse gosses mome momes",
    "genealogie genealogique ancetre ancetres aieux",
    // School, early childhood
    "cantine cantines refectoire restauration",
    "ecole ecoles scolaire scolaires scolarite scolariser scolarisation scolarise elementaire primaire",
    "garderie garderies periscolaire periscolaires",
    "creche creches microcreche",
    "nounou nounous nourrice nourrices babysitter",
    "aere loisir loisirs colonie colonies colo",
    // Waste
    "poubelle poubelles ordure ordures dechet dechets detritus immondices",
    "bac bacs conteneur conteneurs container containers benne",
    "ramassage ramasser ramassent ramasse ramassee ramassees collecte collectes eboueur eboueurs collecter",
    "encombrant encombrants monstres debarras debarrasser debarrassent debarrasse",
    "dechetterie dechetteries decheterie decheteries decharge",
    "tri trier recyclage recycler recyclable recyclables selectif",
    "canape fauteuil matelas sommier armoire meuble meubles commode buffet",
    "frigo refrigerateur congelateur electromenager gaziniere",
    "vegetaux branchage branchages tonte gazon vegetal",
    "compost composteur composteurs composter compostage",
    // Cars
    "stationnement stationner stationne garer garee parking parkings parker",
    "amende amendes pv contravention contraventions prune verbalise verbalisee verbaliser",
    "horodateur horodateurs parcmetre parcmetres",
    "voiture voitures vehicule vehicules auto autos bagnole bagnoles automobile",
    "demenagement demenager demenage demenageurs emmenager emmenagement emmenage demenageons",
    "handicap handicape handicapee handicapes invalidite invalide pmr",
    "fourriere fourrieres",
    // Building
    "construire construction batir agrandir agrandissement extension surelever surelevation",
    "abri cabanon cabane",
    "veranda verandas pergola",
    "facade facades ravalement ravaler",
    "cloture clotures clore grillage palissade muret",
    "fenetre fenetres volet volets velux",
    "toit toiture toitures tuile tuiles",
    "travaux chantier chantiers",
    // Streets
    "trou trous crevasse orniere",
    "chaussee route routes rue rues goudron bitume voirie",
    "lampadaire lampadaires reverbere reverberes eclairage ampoule",
    "tag tags graffiti graffitis tague taguee",
    "sale sales salete saletes degoutant degueulasse proprete nettoyer nettoyage nettoye balayer balayage balayeuse",
    "crotte crottes dejection dejections",
    "arbre arbres elagage elaguer",
    "egout egouts caniveau caniveaux",
    "casse cassee casses cassees abime abimee endommage endommagee deteriore fichu panne",
    // Library
    "mediatheque mediatheques bibliotheque bibliotheques biblio",
    "livre livres bouquin bouquins roman romans ouvrage ouvrages lecture",
    "emprunter emprunt emprunts emprunte empruntes",
    "rendre restituer rapporter ramener",
    // Elections
    "election elections electoral electorale electorales electeur electeurs electrice scrutin urnes",
    "vote voter votes voterai votez",
    "recensement recenser recense recensee",
    // Lost things
    "cle cles clef clefs trousseau",
    "portefeuille portemonnaie sacoche sac sacs pochette cartable",
    "portable smartphone iphone",
    "doudou peluche",
    "bijou bijoux bague bracelet collier alliance",
    // Public order
    "bruit bruits tapage boucan vacarme raffut nuisance nuisances bruyant bruyants sonore sonores",
    "voisin voisins voisine voisines voisinage",
    "chien chiens chienne clebs molosse",
    "cambriolage cambriolages cambriole cambriolee cambrioler effraction",
    "police policier policiers flics flic",
    // Social
    "social sociale sociales sociaux ccas",
    "aide aides aider allocation allocations",
    "senior seniors agee agees age ages vieux vieille aines retraite retraites retraitee",
    "alimentaire alimentaires nourriture manger faim",
    "dette dettes endette endettee surendettement",
    // Housing
    "logement logements appartement appartements appart hlm habitation loger",
    "expulsion expulsions expulse expulsee expulser huissier",
    "insalubre insalubrite moisissure moisissures moisi humidite humide",
    // Clubs and events
    "association associations asso assos club clubs associatif associative",
    "louer location loue louez",
    "gymnase gymnases stade sport sports sportif sportive sportives",
    "subvention subventions",
    "benevole benevoles benevolat",
    "fete fetes festivite festivites animation animations evenement evenements manifestation",
    "concert concerts spectacle spectacles theatre",
    "brocante brocantes grenier greniers braderie",
    "conservatoire solfege musique piano violon guitare",
    "exposition expositions expo expos musee",
    // Having one's say
    "idee idees suggestion suggestions suggerer suggere proposition propositions proposer propose",
    "reclamation reclamations plainte plaindre mecontent mecontente doleance remarque remarques",
    "velo velos cyclable cyclables bicyclette",
    // What is asked about anything
    "prix tarif tarifs cout coute couter coutent payant payante gratuit gratuite montant",
    "delai delais duree longtemps",
    "horaire horaires ouvert ouverte ouverts ouvrez ouverture ouvertures ouvrir ouvre ferme fermee fermes fermez fermeture heures",
    "justificatif justificatifs document documents formulaire paperasse",
    "rendez rdv creneau creneaux",
    "inscrire inscription inscriptions inscrit inscrite inscris inscrivant preinscription preinscrire reinscrire",
    "annuler annulation annule annulee",
    "payer paye payee paiement regler reglement regle",
    "facture factures",
    "impot impots taxe taxes fonciere",
    // English
    "rubbish garbage trash waste litter refuse bin bins",
    "renew renewal replace expired",
    "lost lose missing",
    "price cost costs fee fees cheap",
    "appointment appointments booking",
    "wedding marriage married marry",
    "school schools canteen",
    "library libraries",
    "flat apartment housing accommodation",
    "park",
    "opening open close closed closing hours",
];

static FAMILY: LazyLock<HashMap<&'static str, Family>> = LazyLock::new(|| {
    let numbered = FAMILIES.iter().zip(1..);
    numbered.flat_map(|(words, family)| words.split(' ').map(move |word| (word, family))).collect()
});

/// The family of a folded word.
pub fn family(folded: &str) -> Family {
    FAMILY.get(folded).copied().unwrap_or(0)
}

/// What several words stand for: (said, words that towns write for it). Folded; `said` is a run of whole words.
const OTHERWISE: &[(&str, &str)] = &[
    ("cni", "carte identite"),
    ("carte nationale", "carte identite"),
    ("piece d identite", "carte identite papiers"),
    ("objet perdu", "objet trouve perdu"),
    ("objets perdus", "objets trouves perdu"),
    ("bout de chou", "bebe enfant"),
    ("passer la bague", "mariage"),
    ("dire oui devant le maire", "mariage"),
    ("fins de mois", "aide sociale"),
    ("fin de mois", "aide sociale"),
    ("joindre les deux bouts", "aide sociale"),
    ("plus un sou", "aide sociale"),
    ("plus d argent", "aide sociale"),
    ("me loger", "logement"),
    ("nid de poule", "trou chaussee"),
    ("nids de poule", "trou chaussee"),
    ("plaque d egout", "egout voirie"),
    ("seize ans", "recensement citoyen"),
    ("16 ans", "recensement citoyen"),
    ("troisieme age", "personnes agees seniors"),
    ("4eme age", "personnes agees seniors"),
    ("vide grenier", "brocante"),
    ("assistante maternelle", "nounou"),
    ("assistantes maternelles", "nounou"),
    ("carte d electeur", "carte electorale"),
    ("carte de vote", "carte electorale"),
    ("identity card", "id card identity"),
];

/// The sentence with what its turns of phrase stand for added at its end; `None` when it has none.
pub fn said_otherwise(plain: &str) -> Option<String> {
    let spaced = format!(" {plain} ");
    let added: Vec<&str> =
        OTHERWISE.iter().filter(|(said, _)| spaced.contains(&format!(" {said} "))).map(|(_, meant)| *meant).collect();
    (!added.is_empty()).then(|| format!("{plain} {}", added.join(" ")))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::understanding::text::fold;

    #[test]
    fn families_hold_folded_words_once() {
        let mut seen = std::collections::HashSet::new();
        for word in FAMILIES.iter().flat_map(|line| line.split(' ')) {
            assert_eq!(fold(word), word);
            assert!(seen.insert(word), "« {word} » stands in two families");
        }
    }

    #[test]
    fn words_of_one_family_meet() {
        assert_eq!(family("detritus"), family("poubelles"));
        assert_ne!(family("bouquin"), family("poubelle"));
        assert_eq!(family("carte"), 0);
    }

    #[test]
    fn turns_of_phrase_are_added_not_replaced() {
        assert_eq!(said_otherwise("refaire ma cni").as_deref(), Some("refaire ma cni carte identite"));
        assert_eq!(said_otherwise("refaire ma carte"), None);
    }
}
