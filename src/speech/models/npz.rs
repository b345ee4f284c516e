//! NumPy's archives of arrays (NEP 1, `.npy` 1.0 in a zip file), as far as the sentence encoder's weights use them.

use std::io::{Cursor, Read};

use super::ModelsError;

const FILE: &str = "weights.npz";
const MAGIC: &[u8] = b"\x93NUMPY\x01\x00";

/// An archive in memory.
pub struct Arrays(zip::ZipArchive<Cursor<Vec<u8>>>);

impl Arrays {
    pub fn open(bytes: Vec<u8>) -> Result<Self, ModelsError> {
        zip::ZipArchive::new(Cursor::new(bytes)).map(Self).map_err(|error| malformed(error.to_string()))
    }

    /// `uint8` values, in C order.
    pub fn bytes(&mut self, name: &str) -> Result<Vec<u8>, ModelsError> {
        self.values(name, "'|u1'")
    }

    /// `float32` values, in C order.
    pub fn floats(&mut self, name: &str) -> Result<Vec<f32>, ModelsError> {
        let values = self.values(name, "'<f4'")?;
        Ok(values.chunks_exact(4).map(|b| f32::from_le_bytes([b[0], b[1], b[2], b[3]])).collect())
    }

    fn values(&mut self, name: &str, kind: &str) -> Result<Vec<u8>, ModelsError> {
        let mut member = self.0.by_name(&format!("{name}.npy")).map_err(|error| malformed(error.to_string()))?;
        let mut bytes = Vec::new();
        member.read_to_end(&mut bytes).map_err(|error| malformed(error.to_string()))?;
        let length = bytes
            .strip_prefix(MAGIC)
            .and_then(|rest| rest.first_chunk())
            .map(|length| usize::from(u16::from_le_bytes(*length)))
            .ok_or_else(|| malformed(format!("« {name} » n'est pas un tableau")))?;
        let start = MAGIC.len() + 2;
        let header = bytes.get(start..start + length).map(String::from_utf8_lossy).unwrap_or_default();
        if !header.contains(kind) || !header.contains("'fortran_order': False") {
            return Err(malformed(format!("« {name} » n'a pas la forme attendue : {}", header.trim())));
        }
        Ok(bytes.split_off(start + length))
    }
}

fn malformed(detail: String) -> ModelsError {
    ModelsError::malformed(FILE, detail)
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::io::Write;

    fn archive(header: &str, values: &[u8]) -> Arrays {
        let mut file = zip::ZipWriter::new(Cursor::new(Vec::new()));
        file.start_file("a.npy", zip::write::SimpleFileOptions::default()).unwrap();
        file.write_all(MAGIC).unwrap();
        file.write_all(&u16::try_from(header.len()).unwrap().to_le_bytes()).unwrap();
        file.write_all(header.as_bytes()).unwrap();
        file.write_all(values).unwrap();
        Arrays::open(file.finish().unwrap().into_inner()).unwrap()
    }

    #[test]
    fn reads_arrays_of_the_kind_asked_for() {
        let values: Vec<u8> = [1.5f32, -2.0].iter().flat_map(|v| v.to_le_bytes()).collect();
        let mut arrays = archive("{'descr': '<f4', 'fortran_order': False, 'shape': (2,), }\n", &values);
        assert_eq!(arrays.floats("a").unwrap(), [1.5, -2.0]);
        assert!(arrays.bytes("a").is_err());
        assert!(arrays.floats("b").is_err());
    }

    #[test]
    fn columns_first_and_what_is_no_array_are_refused() {
        assert!(archive("{'descr': '|u1', 'fortran_order': True, 'shape': (1,), }\n", &[1]).bytes("a").is_err());
        assert!(Arrays::open(b"no archive".to_vec()).is_err());
    }
}
