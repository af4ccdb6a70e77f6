//! The classifier as a whole.

use super::*;

fn classify(text: &str) -> Classification {
    let headers = ReplyHeaders::default();
    let sent_at = Some("2026-03-03T10:00:00Z".parse().unwrap());
    Classifier::embedded().classify(&ReplyInput { text, headers: &headers, sent_at, zone: None })
}

#[test]
fn the_embedded_lists_and_model_can_be_read() {
    assert!(Knowledge::embedded().is_ok(), "{:?}", Knowledge::embedded().err());
    assert!(TrainedModel::parse(MODEL).is_ok());
}

#[test]
fn an_empty_reply_is_other() {
    let found = classify("> quoted only\n");
    assert_eq!((found.label, found.other_kind), (Label::Other, Some(OtherKind::Empty)));
}
