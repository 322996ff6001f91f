//! From a file, a pipe or the standard input to unpacked bytes.

use std::io::{ErrorKind, IsTerminal, Read};
use std::path::Path;

use flate2::bufread::GzDecoder;
use ruzstd::decoding::StreamingDecoder;

use crate::progress::say;

/// The largest input, packed or not. A larger one would not fit into a worker beside what contenders build from it.
pub(super) const MAX_BYTES: usize = 256 << 20;

/// The path that means the standard input.
pub(super) const STANDARD_INPUT: &str = "-";

/// Reads everything that is there, once. A file that grows meanwhile is read to where it ended.
pub(super) fn read(path: &Path) -> Result<Vec<u8>, String> {
    if path == Path::new(STANDARD_INPUT) {
        let input = std::io::stdin();
        if input.is_terminal() {
            say("reading the input from the terminal; end it with Ctrl-D");
        }
        return limited(input.lock()).map_err(|error| format!("cannot read it: {error}"));
    }
    let file = std::fs::File::open(path).map_err(|error| format!("cannot open it: {error}"))?;
    limited(file).map_err(|error| format!("cannot read it: {error}"))
}

/// Reads to the end, or fails where there is more than an input may have.
fn limited(mut source: impl Read) -> std::io::Result<Vec<u8>> {
    let mut bytes = Vec::new();
    source.by_ref().take(MAX_BYTES as u64 + 1).read_to_end(&mut bytes)?;
    if bytes.len() > MAX_BYTES {
        return Err(std::io::Error::new(ErrorKind::FileTooLarge, too_large()));
    }
    Ok(bytes)
}

/// What to say of too large an input.
pub(super) fn too_large() -> String {
    format!("it holds more than {} MiB", MAX_BYTES >> 20)
}

/// How a file begins that is not read, what it is, and what unpacks it: `{}` stands for the file.
const REFUSED: [(&[u8], &str, &str); 11] = [
    (b"\xfd7zXZ\0", "is packed with xz", "xzcat {}"),
    (b"BZh", "is packed with bzip2", "bzcat {}"),
    (b"\x04\x22\x4d\x18", "is packed with lz4", "lz4 -dc {}"),
    (b"\x5d\0\0", "is packed with lzma", "xzcat --format=lzma {}"),
    (b"\x1f\x9d", "is packed with compress", "zcat {}"),
    (b"PK\x03\x04", "is a zip archive", "unzip -p {} FILE"),
    (b"7z\xbc\xaf\x27\x1c", "is a 7z archive", "7z x -so {} FILE"),
    (b"Rar!\x1a\x07", "is a rar archive", "unrar p -inul {} FILE"),
    (b"PAR1", "is a Parquet file", "duckdb -noheader -list -c \"select COLUMN from '{}'\""),
    (b"SQLite format 3\0", "is an SQLite database", "sqlite3 {} 'select COLUMN from TABLE'"),
    (b"\x7fELF", "is a program", "your program's output"),
];

/// Where a tar archive says that it is one.
const TAR: (usize, &[u8]) = (257, b"ustar");

/// Unpacks gzip and zstd. Returns the content, and the packing's name if there was one. What is packed in another way, or
/// twice, or an archive, is refused by name.
pub(super) fn unpack(bytes: Vec<u8>, file: &str) -> Result<(Vec<u8>, Option<&'static str>), String> {
    refuse(&bytes, file)?;
    let (unpacked, packing) = if is_gzip(&bytes) {
        (gunzip(&bytes)?, "gzip")
    } else if is_zstd(&bytes) {
        (unzstd(&bytes)?, "zstd")
    } else {
        return Ok((bytes, None));
    };
    refuse(&unpacked, file)?;
    if is_gzip(&unpacked) || is_zstd(&unpacked) {
        return Err(format!("it is packed twice: unpack it once and pipe it, `… | {}`", piped()));
    }
    Ok((unpacked, Some(packing)))
}

/// The end of a command that gives what another one writes to the lab.
fn piped() -> &'static str {
    "lab run … --input -"
}

fn refuse(bytes: &[u8], file: &str) -> Result<(), String> {
    if bytes.get(TAR.0..).is_some_and(|rest| rest.starts_with(TAR.1)) {
        return Err(format!(
            "it is a tar archive, and its files are not one input: `tar -xOf {file} FILE | {}` takes one",
            piped()
        ));
    }
    let known = REFUSED.iter().find(|(magic, ..)| bytes.starts_with(magic));
    // `BZh` alone could begin a key. A digit and the first block's mark follow it.
    let known = known.filter(|(magic, ..)| *magic != b"BZh" || is_bzip2(bytes));
    known.map_or(Ok(()), |(_, what, how)| {
        Err(format!("it {what}, which is not read here: `{} | {}`", how.replace("{}", file), piped()))
    })
}

fn is_bzip2(bytes: &[u8]) -> bool {
    let block = bytes.get(4..10);
    bytes.get(3).is_some_and(|level| (b'1'..=b'9').contains(level))
        && (block == Some(b"1AY&SY") || block == Some(b"\x17rE8P\x90"))
}

fn is_gzip(bytes: &[u8]) -> bool {
    bytes.starts_with(&[0x1f, 0x8b])
}

/// A file of several members is one content. Zeros behind the last one are a padding, as tapes and block devices have it.
fn gunzip(bytes: &[u8]) -> Result<Vec<u8>, String> {
    let mut unpacked = Vec::new();
    let mut rest = bytes;
    while is_gzip(rest) {
        let mut member = GzDecoder::new(rest);
        let room = (MAX_BYTES + 1 - unpacked.len()) as u64;
        let read = (&mut member).take(room).read_to_end(&mut unpacked);
        read.map_err(|error| {
            format!("cannot unpack its gzip member at byte {}: {error}", offset(bytes, rest))
        })?;
        if unpacked.len() > MAX_BYTES {
            return Err(too_large());
        }
        rest = member.into_inner();
    }
    padded("gzip", bytes, rest)?;
    Ok(unpacked)
}

/// The number of the first byte of `rest`, which is the end of `whole`, counted from 1.
fn offset(whole: &[u8], rest: &[u8]) -> usize {
    whole.len() - rest.len() + 1
}

/// Refuses what stands behind the packed data, unless it is zeros.
fn padded(packing: &str, whole: &[u8], rest: &[u8]) -> Result<(), String> {
    let zeros = rest.iter().take_while(|byte| **byte == 0).count();
    if zeros == rest.len() {
        return Ok(());
    }
    let at = offset(whole, &rest[zeros..]);
    Err(format!("at byte {at}, behind its {packing} data, stands something else"))
}

const ZSTD: u32 = 0xfd2f_b528;
/// The numbers of frames that hold nothing: 16 in a row from this one on.
const SKIPPABLE: u32 = 0x184d_2a50;

fn first_number(bytes: &[u8]) -> Option<u32> {
    bytes.first_chunk().map(|bytes| u32::from_le_bytes(*bytes))
}

fn is_skippable(number: u32) -> bool {
    number & !0xf == SKIPPABLE
}

fn is_zstd(bytes: &[u8]) -> bool {
    first_number(bytes).is_some_and(|number| number == ZSTD || is_skippable(number))
}

/// A file of several frames is one content. Some frames hold nothing.
fn unzstd(bytes: &[u8]) -> Result<Vec<u8>, String> {
    let mut unpacked = Vec::new();
    let mut rest = bytes;
    while let Some(number) = first_number(rest).filter(|_| is_zstd(rest)) {
        let at = offset(bytes, rest);
        let failed = |error: &dyn std::fmt::Display| {
            format!("cannot unpack its zstd frame at byte {at}: {error}; `zstdcat … | {}` may", piped())
        };
        if is_skippable(number) {
            let length = first_number(&rest[4..]).map(|length| 8 + length as usize);
            rest =
                length.and_then(|length| rest.get(length..)).ok_or_else(|| failed(&"it ends too early"))?;
            continue;
        }
        let mut frame = StreamingDecoder::new(&mut rest).map_err(|error| failed(&error))?;
        let room = (MAX_BYTES + 1 - unpacked.len()) as u64;
        (&mut frame).take(room).read_to_end(&mut unpacked).map_err(|error| failed(&error))?;
        if unpacked.len() > MAX_BYTES {
            return Err(too_large());
        }
        let decoder = frame.into_frame_decoder();
        if let (Some(said), Some(is)) = (decoder.get_checksum_from_data(), decoder.get_calculated_checksum())
            && said != is
        {
            return Err(failed(&"its checksum is another one"));
        }
    }
    padded("zstd", bytes, rest)?;
    Ok(unpacked)
}

#[cfg(test)]
mod tests {
    use std::io::Write;

    use flate2::Compression;
    use flate2::write::GzEncoder;
    use ruzstd::encoding::{CompressionLevel, compress_to_vec};

    use super::*;

    fn gzip(content: &[u8]) -> Vec<u8> {
        let mut packer = GzEncoder::new(Vec::new(), Compression::fast());
        packer.write_all(content).unwrap();
        packer.finish().unwrap()
    }

    fn zstd(content: &[u8]) -> Vec<u8> {
        compress_to_vec(content, CompressionLevel::Fastest)
    }

    fn skippable(length: u32) -> Vec<u8> {
        [&0x184d_2a53_u32.to_le_bytes()[..], &length.to_le_bytes(), &vec![7; length as usize]].concat()
    }

    /// What it is, its bytes, what they unpack to, and the packing's name.
    type Packed<'a> = (&'a str, Vec<u8>, &'a [u8], Option<&'a str>);

    #[test]
    fn what_is_packed_is_unpacked() {
        let text = "a key\n".repeat(1000).into_bytes();
        let twice = [&text[..], &text].concat();
        let cases: [Packed<'_>; 13] = [
            ("plain", text.clone(), &text, None),
            ("nothing", Vec::new(), b"", None),
            ("a key that looks like bzip2", b"BZhang\nBZh9\n".to_vec(), b"BZhang\nBZh9\n", None),
            ("gzip", gzip(&text), &text, Some("gzip")),
            ("gzip of nothing", gzip(b""), b"", Some("gzip")),
            ("two members", [gzip(&text), gzip(&text)].concat(), &twice, Some("gzip")),
            ("gzip, padded", [gzip(&text), vec![0; 512]].concat(), &text, Some("gzip")),
            ("gzip, padded by one byte", [gzip(&text), vec![0]].concat(), &text, Some("gzip")),
            ("zstd", zstd(&text), &text, Some("zstd")),
            ("two frames", [zstd(&text), zstd(&text)].concat(), &twice, Some("zstd")),
            (
                "frames that hold nothing",
                [skippable(4), zstd(&text), skippable(0)].concat(),
                &text,
                Some("zstd"),
            ),
            ("zstd, padded", [zstd(&text), vec![0; 100]].concat(), &text, Some("zstd")),
            ("a zstd frame of nothing", zstd(b""), b"", Some("zstd")),
        ];
        for (what, packed, expected, packing) in cases {
            let (unpacked, found) = unpack(packed, "x").unwrap_or_else(|error| panic!("{what}: {error}"));
            assert!(unpacked == expected, "{what}");
            assert_eq!(found, packing, "{what}");
        }
    }

    #[test]
    fn what_cannot_be_unpacked_is_refused_by_name_or_place() {
        let text = "a key\n".repeat(1000).into_bytes();
        let [packed, framed] = [gzip(&text), zstd(&text)];
        let (whole, whole_frame) = (packed.len(), framed.len());
        let mut flipped = packed.clone();
        flipped[whole - 8] ^= 1;
        let mut tar = vec![b'x'; 1024];
        tar[257..262].copy_from_slice(b"ustar");
        let cases: [(Vec<u8>, &str); 20] = [
            (packed[..whole - 3].to_vec(), "gzip member at byte 1"),
            (packed[..12].to_vec(), "gzip member at byte 1"),
            (vec![0x1f, 0x8b], "gzip member at byte 1"),
            (flipped, "gzip member at byte 1"),
            ([&packed[..], &packed[..9]].concat(), &*format!("gzip member at byte {}", whole + 1).leak()),
            (
                [&packed[..], b"key\n"].concat(),
                &*format!("at byte {}, behind its gzip data", whole + 1).leak(),
            ),
            (
                [&packed[..], &[0, 0, 1]].concat(),
                &*format!("at byte {}, behind its gzip data", whole + 3).leak(),
            ),
            (framed[..whole_frame - 5].to_vec(), "zstd frame at byte 1"),
            (framed[..4].to_vec(), "zstd frame at byte 1"),
            (skippable(9)[..12].to_vec(), "it ends too early"),
            (
                [&framed[..], b"key\n"].concat(),
                &*format!("at byte {}, behind its zstd data", whole_frame + 1).leak(),
            ),
            (b"\xfd7zXZ\0\0\x04".to_vec(), "`xzcat f.x | lab run … --input -`"),
            (b"BZh91AY&SY\0".to_vec(), "`bzcat f.x | "),
            (b"\x04\x22\x4d\x18d".to_vec(), "lz4"),
            (b"PK\x03\x04".to_vec(), "a zip archive"),
            (b"7z\xbc\xaf\x27\x1c".to_vec(), "a 7z archive"),
            (b"PAR1\x15".to_vec(), "a Parquet file"),
            (tar.clone(), "a tar archive"),
            (gzip(&tar), "`tar -xOf f.x FILE | "),
            (gzip(&packed), "packed twice"),
        ];
        for (bytes, words) in cases {
            let refused = unpack(bytes, "f.x").unwrap_err();
            assert!(refused.contains(words), "`{words}` is not in `{refused}`");
            assert_eq!(refused.lines().count(), 1);
        }
    }
}
