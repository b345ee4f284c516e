//! Sentences as points: near to each other when they mean the same, whatever their words.
//!
//! The multilingual Universal Sentence Encoder (Yang et al. 2019, "Multilingual Universal Sentence Encoder for Semantic
//! Retrieval"): pieces of words, convolutions over two, three and five of them, a small deep network over their sum. Owns: the
//! model and its arithmetic. Must not know: where the file lies, dialplans, what a point is used for.

mod network;
mod points;
#[cfg(test)]
mod tests;
mod unigram;

use std::ops::Range;

use safetensors::SafeTensors;
use safetensors::tensor::{Dtype, TensorView};

use network::Network;
use unigram::Vocabulary;

pub use network::{BRANCHES, FEATURES};
pub use points::{Coarse, Points, likeness};

/// Numbers in a point.
pub const DIMENSIONS: usize = 512;
/// Most pieces of a sentence that are looked at.
const MOST_PIECES: usize = 128;
/// Pieces computed together: enough that each matrix is read once for several sentences.
const BATCH: usize = 256;

/// A prepared model file that cannot be used.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("modèle de phrases illisible : {0}")]
pub struct Malformed(pub String);

/// The model, ready to compute.
pub struct Encoder {
    vocabulary: Vocabulary,
    network: Network,
}

impl std::fmt::Debug for Encoder {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Encoder").field("pieces", &self.vocabulary.len()).finish_non_exhaustive()
    }
}

impl Encoder {
    /// From the bytes of a prepared file (`docs/models.md`). `table` is given where in them the rows of the pieces lie: most of the
    /// file, of which a sentence needs some twenty rows, so whoever has the file need not keep them in memory.
    pub fn read(bytes: &[u8], table: impl FnOnce(Range<usize>) -> Box<dyn Table>) -> Result<Self, Malformed> {
        let file = SafeTensors::deserialize(bytes).map_err(|error| Malformed(error.to_string()))?;
        let tensors = Tensors { file };
        let pieces = String::from_utf8(tensors.bytes("pieces")?.to_vec())
            .map_err(|_| Malformed("les morceaux ne sont pas en UTF-8".into()))?;
        let vocabulary = Vocabulary::new(pieces.split('\n'), tensors.floats("scores")?)
            .ok_or_else(|| Malformed("autant de notes que de morceaux sont attendues".into()))?;
        let rows = tensors.bytes("table")?;
        if rows.len() != vocabulary.len() * DIMENSIONS {
            return Err(Malformed("une ligne par morceau est attendue dans « table »".into()));
        }
        let start = rows.as_ptr().addr() - bytes.as_ptr().addr();
        let network = Network::read(&tensors, vocabulary.len(), table(start..start + rows.len()))?;
        Ok(Self { vocabulary, network })
    }

    /// One point a text, in the same order; the same text always has the same point.
    pub fn encode<T: AsRef<str>>(&self, texts: &[T]) -> Points {
        let mut points = Points::default();
        let mut batch: Vec<Vec<u32>> = Vec::new();
        let mut pieces = 0;
        for text in texts {
            let mut cut = self.vocabulary.cut(text.as_ref());
            cut.truncate(MOST_PIECES);
            let sentence: Vec<u32> =
                std::iter::once(unigram::BEGIN).chain(cut).chain(std::iter::once(unigram::END)).collect();
            if pieces + sentence.len() > BATCH && !batch.is_empty() {
                points.append(self.network.points(&batch));
                batch.clear();
                pieces = 0;
            }
            pieces += sentence.len();
            batch.push(sentence);
        }
        if !batch.is_empty() {
            points.append(self.network.points(&batch));
        }
        points
    }
}

/// The rows of the pieces, a byte a number, one after the other.
pub trait Table: Send + Sync {
    /// Fills `row` with what begins at byte `at`; `false`: it can't be read now.
    fn read(&self, at: usize, row: &mut [u8]) -> bool;
}

/// In memory.
impl Table for Vec<u8> {
    fn read(&self, at: usize, row: &mut [u8]) -> bool {
        let found = at.checked_add(row.len()).and_then(|end| self.get(at..end));
        found.map(|found| row.copy_from_slice(found)).is_some()
    }
}

/// Whoever finds the points of sentences.
pub trait Encode: Send + Sync + std::fmt::Debug {
    /// One point a text, in the same order, always the same for the same text.
    fn points(&self, texts: &[String]) -> Points;
}

impl Encode for Encoder {
    fn points(&self, texts: &[String]) -> Points {
        self.encode(texts)
    }
}

/// Named arrays of a file.
struct Tensors<'a> {
    file: SafeTensors<'a>,
}

impl<'a> Tensors<'a> {
    fn view(&self, name: &str, dtype: Dtype) -> Result<TensorView<'a>, Malformed> {
        let view = self.file.tensor(name).map_err(|_| Malformed(format!("« {name} » manque")))?;
        if view.dtype() == dtype { Ok(view) } else { Err(Malformed(format!("« {name} » n'a pas le type attendu"))) }
    }

    fn bytes(&self, name: &str) -> Result<&'a [u8], Malformed> {
        Ok(self.view(name, Dtype::U8)?.data())
    }

    fn floats(&self, name: &str) -> Result<Vec<f32>, Malformed> {
        let data = self.view(name, Dtype::F32)?.data();
        Ok(data.chunks_exact(4).map(|b| f32::from_le_bytes([b[0], b[1], b[2], b[3]])).collect())
    }

    /// So many numbers, no other.
    fn exactly(&self, name: &str, count: usize) -> Result<Vec<f32>, Malformed> {
        let floats = self.floats(name)?;
        if floats.len() == count {
            Ok(floats)
        } else {
            Err(Malformed(format!("« {name} » a {} nombres au lieu de {count}", floats.len())))
        }
    }
}
