//! Compresses the files that the program carries whole and needs rarely, so that it stays small.

use std::error::Error;
use std::io::Write;
use std::path::Path;
use std::{env, fs};

use flate2::write::ZlibEncoder;
use flate2::Compression;

/// Read by `carried!` of `base` under the name of the file.
const CARRIED: [&str; 2] = ["docs/openapi.json", "src/language/classify/model.bin"];

fn main() -> Result<(), Box<dyn Error>> {
    let out = env::var("OUT_DIR")?;
    for path in CARRIED {
        println!("cargo::rerun-if-changed={path}");
        let name = Path::new(path).file_name().ok_or("a file has a name")?;
        let target = Path::new(&out).join(name).with_added_extension("z");
        let mut encoder = ZlibEncoder::new(fs::File::create(target)?, Compression::best());
        encoder.write_all(&fs::read(path)?)?;
        encoder.finish()?;
    }
    println!("cargo::rerun-if-changed=build.rs");
    Ok(())
}
