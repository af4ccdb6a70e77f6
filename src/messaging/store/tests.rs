use super::messages::{export_messages, insert_message};
use super::replies::{
    by_worker_key, erase_replies, export_replies, insert_reply, list_replies_of_worker, BY_WORKER_FILLED,
    REPLIES_BY_WORKER,
};
use crate::base::{MessageId, ReplyId, WorkerId};
use crate::messaging::model::{Message, Reply};
use crate::messaging::testing::queue_mail;
use crate::store::{Dir, Key, Person, StoreError};
use crate::testing;

fn reply_to(first: &Message, nth: u32) -> Reply {
    Reply {
        id: ReplyId::new(first.queued_at),
        workspace: first.workspace,
        contact: first.contact,
        message: first.id,
        connection: first.connection,
        worker: None,
        enrolment: None,
        from: first.to.clone(),
        from_name: String::new(),
        received_at: first.queued_at,
        sent_at: first.queued_at,
        subject: String::new(),
        excerpt: "Yes.".into(),
        message_id: format!("a{nth}@fellside.example"),
        references: vec![],
        provider_thread: None,
        header_facts: vec![],
        automatic: false,
        reading: None,
        handled_at: None,
    }
}

#[test]
fn an_export_holds_all_messages_and_replies_however_many() {
    let test = testing::app();
    let (store, workspace) = (&test.app.store, test.workspace);
    let first = queue_mail(&test.app, workspace, "anna@fellside.example");
    let reply = |nth: u32| reply_to(&first, nth);
    let message = |nth: u32| Message {
        id: MessageId::new(first.queued_at),
        message_id: format!("m{nth}@fernhill.example"),
        ..first.clone()
    };
    let numbers: Vec<u32> = (0..1010).collect();
    for batch in numbers.chunks(10) {
        let rows: Vec<_> = batch.iter().map(|nth| (message(*nth), reply(*nth))).collect();
        let written = store.write::<_, StoreError>(|txn| {
            for (message, reply) in &rows {
                insert_message(txn, message)?;
                insert_reply(txn, reply)?;
            }
            Ok(())
        });
        written.unwrap();
    }
    let person = Person::Contact(workspace, first.contact);
    assert_eq!(export_messages(store, person).unwrap().len(), 1011);
    assert_eq!(export_replies(store, person).unwrap().len(), 1010);
}

#[test]
fn the_replies_to_a_worker_are_found_however_many_others_came_since_and_who_is_erased_is_not() {
    let test = testing::app();
    let (store, workspace) = (&test.app.store, test.workspace);
    let first = queue_mail(&test.app, workspace, "anna@fellside.example");
    let (own, other) = (WorkerId::new(first.queued_at), WorkerId::new(first.queued_at));
    let reply = |nth: u32, worker| Reply { worker: Some(worker), ..reply_to(&first, nth) };
    for nth in 0..3 {
        store.write(|txn| insert_reply(txn, &reply(nth, own))).unwrap();
    }
    for nth in 3..250 {
        store.write(|txn| insert_reply(txn, &reply(nth, other))).unwrap();
    }
    let count = |worker| list_replies_of_worker(store, workspace, worker, None, 300).unwrap().rows.len();
    assert_eq!((count(own), count(other)), (3, 247));
    let page = list_replies_of_worker(store, workspace, own, None, 2).unwrap();
    let rest = list_replies_of_worker(store, workspace, own, page.next.as_ref(), 2).unwrap();
    assert_eq!((page.rows.len(), rest.rows.len(), rest.next), (2, 1, None));

    // As an older version left it: no reply stands in the index.
    for (worker, all) in [(own, 3), (other, 247)] {
        for row in list_replies_of_worker(store, workspace, worker, None, 300).unwrap().rows {
            store.write(|txn| txn.remove(&REPLIES_BY_WORKER, &by_worker_key(&row).unwrap())).unwrap();
        }
        assert_eq!(count(worker), 0);
        store.write(|txn| txn.remove(&BY_WORKER_FILLED, &Key::of(&BY_WORKER_FILLED, workspace))).unwrap();
        assert_eq!(count(worker), all);
    }
    erase_replies(store, Person::Contact(workspace, first.contact)).unwrap();
    let keys = store.key_page(&REPLIES_BY_WORKER, &Key::of(&REPLIES_BY_WORKER, workspace), None, Dir::Forward, 9);
    assert_eq!(keys.unwrap().rows.len(), 0);
}
