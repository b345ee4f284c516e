//! What everyday words have to do with: a médaillon with help at home, a maîtresse with school, a pare-brise with parking.
//!
//! A built-in knowledge of what people call town halls about, in general French, the same for every town. It knows none of the
//! town's services: which theme belongs to which service is learned from the words officers wrote, so a town that cuts its
//! services otherwise is served as well. Must not know: topics.

use std::collections::HashMap;
use std::sync::LazyLock;

use super::text::stem;

/// Themes of a word, one bit each.
pub type Themes = u32;

/// One theme a line: words that have to do with it, folded. A word may have to do with several.
const THEMES: &[&str] = &[
    // Identity papers
    "carte identite cni passeport titre voyage voyager etranger empreintes ants predemande perime expire biometrique douane \
     frontiere avion timbre fiscal photo photomaton papiers validite renouveler vole valable europe angleterre maroc",
    // Civil status
    "acte extrait copie integrale naissance livret registre civil mention filiation notaire succession genealogie ancetre \
     arriere reconnaissance reconnaitre anticipee prenom patronyme vie legalisation legaliser signature certifiee conforme \
     apostille rectification rectifier nationalite naitre accoucher maternite jumeaux heritage hoirie tampon tamponne vivant \
     orthographe faute",
    // Deaths and graves
    "deces decede mort defunt obseques enterrement enterrer inhumation cremation incineration cendres funebres cimetiere \
     concession tombe caveau columbarium cercueil fosse marbrier funeraire reposent tombale pompes",
    // Weddings
    "mariage marier noces epouser fiance fiancailles pacs pacser bans temoin bapteme parrain marraine alliance unir union \
     ceremonie convention dissolution dissoudre celibat celebrer celebration compagnon conjoint futur maries robe romance \
     concubinage concubin divorce republicain",
    // School
    "ecole cantine classe maternelle primaire elementaire cp ce1 ce2 cm1 cm2 maitresse maitre instituteur rentree \
     periscolaire garderie etude devoirs loisirs mercredi vacances gouter repas menu allergie allergique pai quotient \
     familial portail car atsem derogation animateur inscrire scolaire eleve cartable ramassage sejour colonie ecolier \
     dejeuner dejeuners midi absence famille surveillant orthophoniste aere",
    // Early childhood
    "creche bebe nourrisson nounou nourrice assistante maternelle garde garder halte micro puericultrice petits biberon \
     couches poussette relais laep pmi commission enceinte mois agreee agrement conge naitre petite enfance eveil \
     socialiser accueil",
    // Waste
    "poubelle bac collecte ramassage ramasser tri trier jaune verre carton plastique emballage dechetterie encombrant \
     gravats peinture branches vegetaux compost composteur seau ordures eboueurs camion benne canape matelas frigo pile \
     ampoule tonte epluchures recycler jeter debarrasser sortir conteneur couvercle sommier armoire lave televiseur amiante \
     huile pots solvant vetements textile bouteille sapin pneu dechet enlever vider vieux cave grenier fauteuil polystyrene",
    // Parking
    "stationner garer parking horodateur ticket fps amende brise macaron resident disque bleue abonnement souterrain plaque \
     emplacement voiture place payant demenagement demenageurs mobilite livraison forfait contester verbaliser pv \
     parcmetre gratuit vehicule immatriculation badge barriere recharge borne electrique soignant infirmiere artisan \
     garage camionnette emmenager monnaie pieces",
    // Building
    "permis construire construction declaration prealable plu cadastre veranda piscine cloture facade toiture toit tuiles \
     volets fenetre extension agrandir surelever garage abri terrain constructible parcelle architecte batiments demolition \
     demolir ravalement urbanisme mitoyen mur panneau plans metres carres abattre enseigne combles portail couvreur \
     menuisier maison travaux chantier etage hauteur autorisation solaire pergola balcon clim pompe antenne vendre vendons \
     acheter notaire peindre repeindre couleur bardage cheminee servitude voisin preemption",
    // Streets
    "trou chaussee trottoir pave nid poule lampadaire eclairage lumiere poteau panneau marquage passage pieton feu \
     tricolore banc arbre elagage elaguer branches egout bouche avaloir inonde verglas neige sel saler deneigement fuite \
     caniveau travaux barree deviation fontaine square tag graffiti depot sauvage seringue rat rats rue route goudron \
     balayer nettoyer feuilles sale crottes reverbere clignote casse abime dangereux glissant ralentisseur vitesse dos \
     cyclable racines barriere eteint repeindre defonce boue avenue boulevard parc pelouse jeux toboggan lanterne ampoule \
     proprete mobilier corbeille platane haie racine",
    // Library
    "mediatheque bibliotheque livre roman lire lecture emprunter prolonger dvd cd revue journaux bd manga auteur rayon \
     conte conteuse lecteur bouquin abonner retard rappel numerique atelier informatique wifi ordinateur simenon polar \
     bande dessinee album encyclopedie reviser travailler calme prete",
    // Elections
    "vote voter electeur electorale electoral liste scrutin bureau procuration tour urne bulletin depouillement assesseur \
     candidat recensement recenser jdc defense citoyennete citoyen municipales presidentielle europeennes legislatives \
     elire maire isoloir radie inscrit dimanche majeur majorite seize",
    // Lost things
    "perdu trouve objet oublie egare cle portefeuille lunettes parapluie doudou telephone sac bijou montre gant echarpe \
     appareil trousseau depose rapporte tombe tomber laisse ramasse manteau bonnet porte monnaie collier bague bracelet \
     peluche velo retrouve bus abribus marche auditif dentier casquette valise",
    // Public order
    "police bruit tapage voisin fete chien aboie aboyer errant fourriere cambriolage surveillance surveiller tranquillite \
     rodeur jeunes attroupement scooter rodeo trottinette genant genee ventouse arnaque demarchage suspect ivre alcool \
     camera mordu petards rottweiler pitbull categorie agents securite incivilite squat squattent hurle musique \
     nuit dort dormir epave epaves degradation vandalisme vandalise effraction absence voleur garage insulte menace \
     barbecue tondeuse perceuse crient drogue deal dealers vacarme ronde moto motos klaxon drone gens",
    // Social help
    "aide ccas assistante sociale rsa apa dossier mdph handicap repas domicile portage menagere menage toilette auxiliaire \
     teleassistance medaillon bouton alarme senior retraite age isole isolee canicule colis alimentaire bon secours facture \
     impayee dette precarite alzheimer dependance aidant ehpad royale banquet navette chute tombe solitude seule veuve \
     handicape fauteuil minimum vieillesse pension electricite payer manger courses argent surendettement expulse \
     autonomie demarches invalide infirmiere hospitalisation lit medicalise anciens visite perte memoire rechauffer froid",
    // Housing
    "logement hlm appartement loyer bailleur locataire proprietaire expulsion bail conge chambre studio residence unique \
     attribution insalubre moisissure humidite punaises chauffage demande colocation heberge hebergement relogement huissier \
     ascenseur pieces f2 f3 f4 t2 t3 social loger louer habiter immeuble cafards charges syndic quittance mutation echanger \
     rez isoler isolation renovation energetique etudiant degats",
    // Clubs
    "association club sport gym gymnastique judo danse yoga chorale bridge scrabble petanque foot tennis natation salle louer \
     reserver gymnase subvention benevole benevolat statuts loi president tresorier forum adhesion cours activite \
     assemblee generale barnum tables chaises materiel stand karate basket rugby poterie peinture couture theatre echecs \
     randonnee marche amicale licence entrainement equipe annuaire loto kermesse adherent devoirs soutien",
    // Events
    "fete concert spectacle theatre exposition festival animation marche noel brocante vide grenier artifice bal ceremonie \
     commemoration programme agenda billet patinoire piscine conservatoire musique cinema foire loges carrousel sortie \
     week soir chalets manege defile carnaval halloween chateau terrasse nager nage longueurs maitre nageur solfege \
     instrument piano guitare galerie artiste guinguette commercant commercants forain maraicher fromager anciens \
     combattants novembre mai juillet gerbe",
    // Having one's say
    "idee suggestion suggerer proposer proposition avis concertation consultation budget participatif conseil quartier \
     seance reclamation remarque plaindre feliciter felicitations projet elus ameliorer amelioration enquete publique \
     petition sondage reunion debat citoyens habitants deliberation faudrait devriez pourriez serait imagine pense envie \
     participer opinion boite mecontent scandale inadmissible innovation",
    // When and where
    "horaire ouvert ferme ouverture fermeture heure samedi midi matin adresse venir guichet accueil ferie ascension pont \
     situe trouver acces hotel ville annexe deleguee recevez queue monde attente permanence plan rendez porte close \
     lundi mardi mercredi jeudi vendredi reveillon vacances tard tot pause dejeuner sonner entree",
];

static BY_STEM: LazyLock<HashMap<String, Themes>> = LazyLock::new(|| {
    let mut themes: HashMap<String, Themes> = HashMap::new();
    for (number, words) in THEMES.iter().enumerate() {
        for word in words.split_whitespace() {
            *themes.entry(stem(word)).or_default() |= 1 << number;
        }
    }
    themes
});

/// The themes of a word, by its stem.
pub fn themes(stem: &str) -> Themes {
    BY_STEM.get(stem).copied().unwrap_or(0)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::understanding::text::Token;

    #[test]
    fn words_share_the_theme_of_their_matter() {
        let themes = |word: &str| Token::new(word).themes;
        assert_ne!(themes("médaillon") & themes("téléassistance"), 0);
        assert_ne!(themes("poubelles") & themes("épluchures"), 0);
        assert_eq!(themes("poubelle") & themes("passeport"), 0);
        assert_eq!(themes("xylophage"), 0);
        assert!(THEMES.len() <= Themes::BITS as usize);
    }
}
