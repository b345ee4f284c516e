# Allô Mairie. « make help » énumère les commandes.
SHELL := bash
.DEFAULT_GOAL := help
.PHONY: help demo test test-interop setup build models serve fuzz bench-call bench-calls bench-latency bench-asr bench-numbers bench-tts bench-vad bench-turns bench-sip bench-media bench-echo bench-audio bench-networks bench-understanding

PROGRAM := $(or $(CARGO_TARGET_DIR),target)/release/allo-mairie

help: ## Montrer cette aide
	@echo "Allô Mairie : l'agent vocal qui répond au téléphone de la mairie"
	@echo
	@awk -F ':.*## ' '/^[a-z-]+:.*## / { printf "  make %-14s %s\n", $$1, $$2 }' $(MAKEFILE_LIST)
	@echo
	@echo "La première fois, chaque commande installe et prépare ce qui lui manque."

demo: ## Voir et écouter un appel complet, sur cette machine
	@scripts/setup.sh
	@scripts/build.sh
	@$(PROGRAM) demo

test: ## Vérifier tout le programme : mise en forme, clippy, essais, vrais téléphones SIP
	@scripts/setup.sh --tests
	@scripts/test.sh

test-interop: ## Vérifier la signalisation face à de vrais logiciels : SIPp, PJSUA2, baresip, Kamailio, sipvicious
	@scripts/setup.sh --interop
	@scripts/test-interop.sh

setup: ## Installer les paquets du système nécessaires
	@scripts/setup.sh
	@echo "Tout ce qu'il faut pour compiler est installé."

build: ## Compiler le programme
	@scripts/setup.sh
	@cargo build --release

models: ## Préparer les modèles de reconnaissance et de voix (une fois)
	@scripts/setup.sh
	@scripts/build.sh

serve: ## Répondre aux appels, avec config.toml s'il existe
	@scripts/setup.sh
	@scripts/build.sh
	@$(PROGRAM) serve

fuzz: ## Soumettre la signalisation, le son, les fiches et la compréhension à des données aléatoires (SECONDES=60 par cible)
	@scripts/setup.sh
	@scripts/fuzz.sh $(or $(SECONDES),60) $(CIBLES)

bench-call: ## Mesurer les délais, la mémoire et la reconnaissance, sur cette machine
	@scripts/setup.sh
	@scripts/build.sh
	@scripts/bench-call.sh

bench-calls: ## Placer les appels parlés de sip-tests/calls et juger ce qu'ils apportent (CALLS="DOSSIER…" OUT=DOSSIER VOICE=pico)
	@scripts/setup.sh
	@scripts/build.sh
	@scripts/bench-calls.sh

bench-latency: ## Mesurer le délai des réponses, pour un appel et pour 4, 8 et 16 en même temps (QUESTIONS=100)
	@scripts/setup.sh
	@scripts/build.sh
	@scripts/bench-latency.sh

bench-asr: ## Mesurer la reconnaissance à côté de faster-whisper : codecs, bruit, pertes, durée (CLIPS=131)
	@scripts/setup.sh
	@scripts/build.sh
	@scripts/bench-asr.sh

bench-numbers: ## Mesurer combien de numéros de téléphone dictés sont retrouvés, du premier coup ou à la deuxième question (NUMBERS=40)
	@scripts/setup.sh
	@scripts/build.sh
	@scripts/bench-numbers.sh

bench-sip: ## Mesurer les appels par seconde et la mémoire de la signalisation, à côté de rsipstack (CALLS=1000000)
	@scripts/setup.sh --tests
	@scripts/bench-sip.sh

bench-media: ## Mesurer le son de 1 à 1000 appels : cadence des paquets, processeur, mémoire (CALLS="1 1000")
	@scripts/setup.sh
	@scripts/bench-media.sh

bench-echo: ## Mesurer l'annulation d'écho sur des voix enregistrées, à côté de sonora
	@scripts/setup.sh
	@scripts/bench-echo.sh

bench-vad: ## Mesurer la détection de la voix (bruits, musique, tonalités), à côté de Silero VAD
	@scripts/setup.sh
	@scripts/bench-vad.sh

bench-turns: ## Mesurer la fin des tours de parole sur des voix enregistrées : personne n'est coupé en dictant
	@scripts/setup.sh
	@scripts/build.sh
	@scripts/bench-turns.sh

bench-audio: ## Mesurer la reconnaissance après pertes, bruit et voix faibles (CLIPS=60)
	@scripts/setup.sh
	@scripts/build.sh
	@scripts/bench-audio.sh

bench-tts: ## Mesurer la voix : délais, niveau, pauses, intelligibilité, à côté de piper (SENTENCES=200)
	@scripts/setup.sh
	@scripts/build.sh
	@scripts/bench-tts.sh

bench-networks: ## Appeler par un mauvais réseau depuis de vrais téléphones, tous codecs et longueurs de paquets (CALLS=48)
	@scripts/setup.sh --interop
	@scripts/bench-networks.sh

bench-understanding: ## Mesurer la compréhension des appelants : phrases écrites, puis dites au téléphone, puis dans le bruit (SPOKEN=0)
	@scripts/setup.sh
	@scripts/build.sh
	@scripts/bench-understanding.sh
