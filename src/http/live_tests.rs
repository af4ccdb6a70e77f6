use super::*;
use crate::base::UnixMillis;
use futures_util::StreamExt;

fn workspace(millis: i64) -> WorkspaceId {
    WorkspaceId::new(UnixMillis(millis))
}

async fn next(stream: &mut LiveStream) -> String {
    String::from_utf8(stream.next().await.unwrap().unwrap().to_vec()).unwrap()
}

#[actix_web::test]
async fn an_event_reaches_the_pages_of_its_workspace_and_no_other() {
    let (hub, ours, theirs) = (LiveHub::default(), workspace(1), workspace(2));
    let (mut first, mut other) = (hub.subscribe(ours).unwrap(), hub.subscribe(theirs).unwrap());
    assert_eq!(next(&mut first).await, "retry: 3000\n\n");
    assert_eq!(next(&mut other).await, "retry: 3000\n\n");
    hub.publish(ours, &LiveEvent::new("reply", "42"));
    hub.publish(theirs, &LiveEvent::new("booking", "7"));
    assert_eq!(next(&mut first).await, "event: reply\ndata: 42\n\n");
    assert_eq!(next(&mut other).await, "event: booking\ndata: 7\n\n");
}

#[test]
fn text_in_an_event_cannot_make_another_event() {
    let event = LiveEvent::new("a\nevent: b", "one\ntwo\r\ndata");
    assert_eq!(event.encode(), "event: aevent: b\ndata: one\ndata: two\ndata: \ndata: data\n\n");
}

#[actix_web::test]
async fn a_reader_that_does_not_read_is_let_go_and_nobody_waits_for_it() {
    let (hub, ours) = (LiveHub::default(), workspace(1));
    let mut slow = hub.subscribe(ours).unwrap();
    for _ in 0..2 * BACKLOG {
        hub.publish(ours, &LiveEvent::new("reply", ""));
    }
    assert_eq!(hub.reader_count(), 0);
    let mut read = 0;
    while slow.next().await.is_some() {
        read += 1;
    }
    assert_eq!(read, BACKLOG, "what was sent before arrives, then the stream ends");
}

#[actix_web::test]
async fn in_silence_a_comment_keeps_the_line_open() {
    let (sender, receiver) = channel(1);
    let mut stream = LiveStream::new(receiver, Duration::from_millis(1));
    assert_eq!(next(&mut stream).await, ": still here\n\n");
    drop(sender);
    while let Some(comment) = stream.next().await {
        assert_eq!(comment.unwrap(), ": still here\n\n");
    }
}

#[actix_web::test]
async fn a_closed_page_is_forgotten() {
    let (hub, ours) = (LiveHub::default(), workspace(1));
    drop(hub.subscribe(ours).unwrap());
    assert_eq!(hub.reader_count(), 0);
    hub.publish(ours, &LiveEvent::new("reply", ""));
    assert!(hub.readers().by_workspace.is_empty());
}

#[actix_web::test]
async fn stopping_ends_the_streams_and_takes_no_new_ones() {
    let (hub, ours) = (LiveHub::default(), workspace(1));
    let mut stream = hub.subscribe(ours).unwrap();
    hub.close();
    next(&mut stream).await;
    assert!(stream.next().await.is_none());
    assert!(matches!(hub.subscribe(ours), Err(PageError::Unavailable { .. })));
}

#[actix_web::test]
async fn one_workspace_cannot_take_every_line() {
    let (hub, ours) = (LiveHub::default(), workspace(1));
    let open: Vec<LiveStream> = (0..MAX_READERS).map(|_| hub.subscribe(ours).unwrap()).collect();
    assert!(matches!(hub.subscribe(ours), Err(PageError::TooMany { .. })));
    assert!(hub.subscribe(workspace(2)).is_ok());
    drop(open);
    assert!(hub.subscribe(ours).is_ok());
}
