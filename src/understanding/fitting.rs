//! What the judges find, for the scripts that fit what it weighs (`scripts/fit_*.py`). Must not know: what is decided from it.

use crate::dialplan::TopicId;

use super::context::Way;
use super::text::{self, tokens};
use super::{Decision, Readings, Understanding, acknowledgement, similarity, topic, weights};

/// See [`Understanding::findings`].
#[derive(Debug, Clone)]
pub struct Findings {
    pub names: &'static [&'static str],
    pub services: Vec<(String, [f32; weights::FINDINGS])>,
    /// How much the sentence is like danger, asking for somebody and calls for another house: by words, then the last two by meaning.
    pub kinds: [f32; 5],
}

impl Understanding {
    /// What the judges found for each service, and the names of the findings: to fit what they weigh.
    pub fn findings(&self, text: &str) -> Findings {
        let heard = Self::heard(text);
        let point = self.point(&heard.mended);
        let kinds = self.second_ear.kinds(&similarity::pieces_of(&heard.readings[0]), point.first());
        let meant = kinds.meant.unwrap_or_default();
        let judged = self.judge(&heard.readings, &self.judges.meaning(point.first()), None);
        let services = self.judges.groups.iter().zip(&judged.groups).filter(|(_, verdict)| verdict.best.is_some());
        Findings {
            names: &weights::NAMES,
            services: services.map(|(group, found)| (group.service.clone(), weights::findings(found))).collect(),
            kinds: [kinds.danger, kinds.somebody, kinds.elsewhere, meant.somebody, meant.elsewhere],
        }
    }

    /// The topics of the service that `text` is about, with what speaks for each: to fit what they weigh.
    pub fn topics(&self, text: &str) -> Vec<topic::Candidate> {
        let Readings { readings, mended } = Self::heard(text);
        match self.interpret(text, None).decision {
            Decision::Answer(topic) | Decision::Confirm(topic) => {
                self.candidates(topic, &readings, self.point(&mended).first())
            }
            _ => Vec::new(),
        }
    }

    /// The ways in which `text` may go on from `open`: to fit what they weigh.
    pub fn ways(&self, text: &str, open: TopicId) -> Vec<Way> {
        let heard = Self::heard(&text::written(acknowledgement::without_signs(&tokens(text))));
        let point = self.point(&heard.mended);
        let kinds = self.second_ear.kinds(&similarity::pieces_of(&heard.readings[0]), point.first());
        let judged = self.judge(&heard.readings, &self.judges.meaning(point.first()), Some(open));
        self.ways_on(&heard.readings, &judged, kinds.foreign(), open)
    }
}
