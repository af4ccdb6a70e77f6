use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};
use serde_json::{json, Value};

use super::*;

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
struct Nothing;

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
struct Id(u64);

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
enum Kind {
    Plain,
    Named { at: i64, why: Option<String> },
    One(Id),
    Two(bool, char),
    Many(Vec<Kind>),
}

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(tag = "is", rename_all = "snake_case")]
enum Tagged {
    Empty,
    Full { left: u8, right: Vec<i32> },
}

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
struct Row {
    numbers: (u8, u16, u32, u64, i8, i16, i32, i64),
    halves: (f32, f64),
    kinds: Vec<Kind>,
    tagged: Vec<Tagged>,
    by_name: BTreeMap<String, Option<Id>>,
    by_number: BTreeMap<i32, [u8; 3]>,
    id: uuid::Uuid,
    any: Value,
    nothing: Nothing,
    unit: (),
    #[serde(default)]
    later: Vec<String>,
}

fn row(nth: usize) -> Row {
    let edge = [0, 1, 127, 128, 255, 256, 65_535, 65_536, u64::from(u32::MAX), u64::MAX][nth];
    let below = [0, -1, -32, -33, -128, -129, -32_768, -32_769, i64::from(i32::MIN), i64::MIN][nth];
    let long = "é".repeat([0, 15, 16, 127, 128, 33_000, 3, 2, 1, 5][nth]);
    Row {
        numbers: (edge as u8, edge as u16, edge as u32, edge, below as i8, below as i16, below as i32, below),
        halves: (0.1, -1.0e300),
        kinds: vec![
            Kind::Plain,
            Kind::Named { at: below, why: None },
            Kind::Named { at: 7, why: Some(long.clone()) },
            Kind::One(Id(edge)),
            Kind::Two(true, 'ß'),
            Kind::Many(vec![Kind::Plain; [0, 15, 16, 1, 2, 70_000, 3, 4, 5, 6][nth]]),
        ],
        tagged: vec![Tagged::Empty, Tagged::Full { left: 3, right: vec![-5, 5] }],
        by_name: BTreeMap::from([(long, Some(Id(1))), ("-".into(), None)]),
        by_number: BTreeMap::from([(-1, [1, 2, 3]), (70_000, [0, 128, 255])]),
        id: uuid::Uuid::from_u128(u128::MAX / 3),
        any: json!({ "a": [1, -2, 3.5, null, true, { "b": "c" }], "d": u64::MAX }),
        nothing: Nothing,
        unit: (),
        later: vec!["x".into(); nth],
    }
}

#[test]
fn what_is_written_is_read_as_the_other_decoder_reads_it() {
    for nth in 0..10 {
        let row = row(nth);
        let bytes = rmp_serde::to_vec_named(&row).unwrap();
        assert_eq!(from_slice::<Row>(&bytes).unwrap(), row, "{nth}");
        assert_eq!(rmp_serde::from_slice::<Row>(&bytes).unwrap(), row, "{nth}");
    }
}

#[test]
fn fields_that_came_or_went_are_no_trouble() {
    #[derive(Serialize)]
    struct Newer {
        gone: BTreeMap<String, Vec<(f64, Kind)>>,
        later: Vec<String>,
        stays: u32,
    }
    #[derive(Debug, PartialEq, Deserialize)]
    struct Older {
        stays: i64,
        #[serde(default)]
        came: Option<Vec<u8>>,
    }
    let gone = BTreeMap::from([("a".into(), vec![(1.5, Kind::Two(false, 'x')), (0.0, Kind::Plain)])]);
    let bytes = rmp_serde::to_vec_named(&Newer { gone, later: vec![String::new()], stays: 9 }).unwrap();
    assert_eq!(from_slice::<Older>(&bytes).unwrap(), Older { stays: 9, came: None });
}

#[test]
fn bytes_that_end_early_or_lie_are_an_error_and_take_no_room() {
    let bytes = rmp_serde::to_vec_named(&row(3)).unwrap();
    for end in 0..bytes.len() {
        assert!(from_slice::<Row>(&bytes[..end]).is_err(), "{end}");
    }
    // A list and a map of four thousand million, of which nothing follows.
    for lie in [[0xdd, 255, 255, 255, 255], [0xdf, 255, 255, 255, 255], [0xdb, 255, 255, 255, 255]] {
        assert!(from_slice::<Vec<u64>>(&lie).is_err());
        assert!(from_slice::<BTreeMap<String, u64>>(&lie).is_err());
        assert!(from_slice::<String>(&lie).is_err());
        assert!(from_slice::<de::IgnoredAny>(&lie).is_err());
    }
    assert!(matches!(from_slice::<Value>(&[0x91; 100_000]), Err(UnpackError::Deep)));
    assert!(from_slice::<de::IgnoredAny>(&[0x91; 100_000]).is_err());
}

#[test]
fn another_shape_is_refused_and_its_text_not_told() {
    let bytes = rmp_serde::to_vec_named("ada@example.test").unwrap();
    let error = from_slice::<u32>(&bytes).unwrap_err().to_string();
    assert_eq!(error, "a text where a whole number was expected");
    for wrong in [json!(300), json!(-1), json!("x"), json!([1]), json!({"a": 1}), json!(null), json!(1.5)] {
        let bytes = rmp_serde::to_vec_named(&wrong).unwrap();
        assert!(from_slice::<u8>(&bytes).is_err(), "{wrong}");
        assert!(from_slice::<Kind>(&bytes).is_err(), "{wrong}");
        assert!(from_slice::<bool>(&bytes).is_err(), "{wrong}");
    }
    assert!(from_slice::<(u8, u8)>(&rmp_serde::to_vec_named(&[1, 2, 3]).unwrap()).is_err(), "one is left over");
    let two = BTreeMap::from([("Plain", ()), ("One", ())]);
    assert!(from_slice::<Kind>(&rmp_serde::to_vec_named(&two).unwrap()).is_err());
    let empty = rmp_serde::to_vec_named(&"Named").unwrap();
    assert!(from_slice::<Kind>(&empty).is_err(), "a variant without its fields");
}
