//! Reads the variables of a CTranslate2 `model.bin`, binary version 6, without copying them.
//!
//! Owns: the container format. Must not know: what the variables mean.
//!
//! Little-endian: `u32` version, string spec, `u32` revision, `u32` number of variables; each variable is its name,
//! `u8` rank, `u32` × rank dimensions, `u8` type, `u32` byte length, data; then `u32` number of aliases, each a name
//! and its target. A string is a `u16` length that counts the closing NUL, then the bytes.
//! Source: `serialize` in CTranslate2's `python/ctranslate2/specs/model_spec.py`.

use super::ModelsError;

/// Type of a variable's numbers.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    F32,
    I8,
    I16,
    I32,
    F16,
}

impl Kind {
    fn size(self) -> usize {
        match self {
            Self::I8 => 1,
            Self::I16 | Self::F16 => 2,
            Self::F32 | Self::I32 => 4,
        }
    }
}

#[derive(Debug)]
pub struct Variable<'a> {
    pub name: &'a str,
    pub shape: Vec<usize>,
    pub kind: Kind,
    /// Little-endian, row-major; as long as shape and kind say.
    pub data: &'a [u8],
}

#[derive(Debug)]
pub struct Model<'a> {
    pub spec: &'a str,
    pub variables: Vec<Variable<'a>>,
}

impl<'a> Model<'a> {
    pub fn read(bytes: &'a [u8]) -> Result<Self, ModelsError> {
        let mut reader = Reader { rest: bytes };
        let version = reader.u32()?;
        if version != 6 {
            return Err(malformed(format!("version {version} au lieu de 6")));
        }
        let spec = reader.string()?;
        let _revision = reader.u32()?;
        let count = reader.u32()?;
        let mut variables = Vec::new();
        for _ in 0..count {
            variables.push(reader.variable()?);
        }
        for _ in 0..reader.u32()? {
            let (_name, _target) = (reader.string()?, reader.string()?);
        }
        if !reader.rest.is_empty() {
            return Err(malformed(format!("{} octets de trop à la fin", reader.rest.len())));
        }
        Ok(Self { spec, variables })
    }

    pub fn find(&self, name: &str) -> Option<&Variable<'a>> {
        self.variables.iter().find(|variable| variable.name == name)
    }
}

fn malformed(detail: impl Into<String>) -> ModelsError {
    ModelsError::malformed("model.bin", detail)
}

struct Reader<'a> {
    rest: &'a [u8],
}

impl<'a> Reader<'a> {
    fn take(&mut self, count: usize) -> Result<&'a [u8], ModelsError> {
        let (taken, rest) = self.rest.split_at_checked(count).ok_or_else(|| malformed("il s'arrête trop tôt"))?;
        self.rest = rest;
        Ok(taken)
    }

    fn array<const N: usize>(&mut self) -> Result<[u8; N], ModelsError> {
        let mut array = [0; N];
        array.copy_from_slice(self.take(N)?);
        Ok(array)
    }

    fn u32(&mut self) -> Result<u32, ModelsError> {
        Ok(u32::from_le_bytes(self.array()?))
    }

    fn string(&mut self) -> Result<&'a str, ModelsError> {
        let length = u16::from_le_bytes(self.array()?);
        let bytes = self.take(length.into())?;
        let text = bytes.strip_suffix(&[0]).unwrap_or(bytes);
        std::str::from_utf8(text).map_err(|_| malformed("un nom n'est pas de l'UTF-8"))
    }

    fn variable(&mut self) -> Result<Variable<'a>, ModelsError> {
        let name = self.string()?;
        let [rank] = self.array()?;
        let mut shape = Vec::with_capacity(rank.into());
        for _ in 0..rank {
            shape.push(self.u32()? as usize);
        }
        let kind = match self.array()? {
            [0] => Kind::F32,
            [1] => Kind::I8,
            [2] => Kind::I16,
            [3] => Kind::I32,
            [4] => Kind::F16,
            [other] => return Err(malformed(format!("{name} est du type inconnu {other}"))),
        };
        let length = self.u32()? as usize;
        let data = self.take(length)?;
        let expected = shape.iter().try_fold(kind.size(), |size, dim| size.checked_mul(*dim));
        if expected != Some(length) {
            return Err(malformed(format!(
                "{name} occupe {length} octets, ce qui ne va pas avec ses dimensions {shape:?}"
            )));
        }
        Ok(Variable { name, shape, kind, data })
    }
}

#[cfg(test)]
pub(super) mod testing {
    //! Writes CTranslate2 files for the tests.

    use half::f16;

    /// Shape, type and data of a variable.
    pub type Content = (Vec<usize>, u8, Vec<u8>);

    /// A variable of `f16` values.
    pub fn halves(shape: &[usize], values: impl IntoIterator<Item = f32>) -> Content {
        let data = values.into_iter().flat_map(|value| f16::from_f32(value).to_le_bytes()).collect();
        (shape.to_vec(), 4, data)
    }

    pub fn write(variables: &[(String, Content)]) -> Vec<u8> {
        let mut out = Vec::new();
        let string = |out: &mut Vec<u8>, text: &str| {
            out.extend((text.len() as u16 + 1).to_le_bytes());
            out.extend(text.as_bytes());
            out.push(0);
        };
        out.extend(6u32.to_le_bytes());
        string(&mut out, "WhisperSpec");
        out.extend(3u32.to_le_bytes());
        out.extend((variables.len() as u32).to_le_bytes());
        for (name, (shape, kind, data)) in variables {
            string(&mut out, name);
            out.push(shape.len() as u8);
            for dim in shape {
                out.extend((*dim as u32).to_le_bytes());
            }
            out.push(*kind);
            out.extend((data.len() as u32).to_le_bytes());
            out.extend(data);
        }
        out.extend(1u32.to_le_bytes());
        string(&mut out, "decoder/projection/weight");
        string(&mut out, "decoder/embeddings/weight");
        out
    }
}

#[cfg(test)]
mod tests {
    use super::testing::{halves, write};
    use super::*;

    #[test]
    fn reads_names_shapes_and_bytes() {
        let bytes = write(&[
            ("a/weight".into(), halves(&[2, 3], (0..6).map(|n| n as f32))),
            ("a/num_heads".into(), (vec![], 2, vec![8, 0])),
        ]);
        let model = Model::read(&bytes).expect("a well-formed file");
        assert_eq!(model.spec, "WhisperSpec");
        let weight = model.find("a/weight").expect("the variable");
        assert_eq!((weight.shape.as_slice(), weight.kind), (&[2, 3][..], Kind::F16));
        assert_eq!(weight.data[2..4], half::f16::ONE.to_le_bytes());
        let heads = model.find("a/num_heads").expect("the scalar");
        assert_eq!((heads.kind, heads.data), (Kind::I16, &[8, 0][..]));
    }

    #[test]
    fn a_cut_or_lengthened_file_is_refused_at_every_length() {
        let bytes = write(&[("a".into(), halves(&[2], [1.0, 2.0]))]);
        for length in 0..bytes.len() {
            assert!(Model::read(&bytes[..length]).is_err(), "cut at {length}");
        }
        let mut longer = bytes.clone();
        longer.push(0);
        assert!(Model::read(&longer).is_err());
    }

    #[test]
    fn dimensions_that_do_not_fit_the_data_are_refused() {
        let (_, kind, data) = halves(&[2], [1.0, 2.0]);
        for shape in [vec![3], vec![u32::MAX as usize; 8]] {
            let bytes = write(&[("a".into(), (shape, kind, data.clone()))]);
            assert!(Model::read(&bytes).is_err());
        }
    }
}
