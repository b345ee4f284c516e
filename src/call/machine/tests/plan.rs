//! The town of these calls.

pub const PLAN: &str = "# Mairie de Saint-Aubin
- Numéro : 02 99 00 00 00
- Langues : français

## Horaires
- lundi au vendredi : 8h30-12h, 13h30-17h30

## Accueil
Dire :
> Mairie de Saint-Aubin, bonjour. Je suis l'assistant vocal. Que puis-je faire pour vous ?

Si silence :
> Dites par exemple « refaire ma carte d'identité », ou tapez zéro pour un agent.
- Après 2 échecs : aller à Menu au clavier

## Menu au clavier
Dire :
> Pour la carte d'identité, tapez 1. Pour être rappelé, tapez 2. Pour un agent, tapez 0.
- touche 1 : aller à Carte d'identité
- touche 2 : aller à Demande de rappel
- Après 2 échecs : transférer à Standard

## Partout
- « un agent », « un conseiller », touche 0 : transférer à Standard
- « répétez », touche # : répéter
- « au revoir », « c'est tout » : raccrocher

## Carte d'identité
Quand on dit :
- (refaire|renouveler) [ma|une|la] carte [d'identité]
- [j'ai] perdu [ma] carte [d'identité]

Répondre :
> Il faut un rendez-vous à l'état civil. Voulez-vous la liste des pièces à apporter ?
- oui, touche 1 : aller à Pièces à apporter
- non, touche 2 : aller à Autre chose

### Pièces à apporter
Répondre :
> Une photo récente, un justificatif de domicile, et l'ancienne carte.

## Demande de rappel
Quand on dit :
- [je (voudrais|veux)] (être rappelé|qu'on me rappelle)

Demander numéro (téléphone) :
> À quel numéro vous rappeler ? Vous pouvez le taper, puis dièse.

Confirmer :
> Je note le {numéro}. C'est bien cela ?
- Enregistrer : demande de rappel
- Ensuite : aller à Autre chose

## Autre chose
Dire :
> Puis-je faire autre chose pour vous ?

## Annuaire
### Standard
- Poste : 100
- Sonner : 25 secondes
- Si fermé, occupé ou sans réponse : messagerie Accueil
";
