//! Being told of changes, where providers can reach this server.

use std::time::Duration;

use super::desk::{at, Desk};
use crate::availability::{self, Span};
use crate::connections::{self, keeping_of, Keeping, Kind, Provider};

const BOTH: [Provider; 2] = [Provider::Google, Provider::Microsoft];
const DAY: Duration = Duration::from_secs(86_400);

fn keeping(desk: &Desk) -> Keeping {
    let calendar = desk.connection.calendars().unwrap().write_to.unwrap();
    keeping_of(&desk.app().store, &desk.connection, &calendar).unwrap()
}

fn desk(provider: Provider) -> Desk {
    let desk = Desk::told(provider);
    desk.may_book_by_itself();
    desk
}

fn booked(provider: Provider) -> Desk {
    let desk = desk(provider);
    desk.carry_notices();
    desk.reply("Could you do Thursday at 11:30?");
    desk.carry_notices();
    desk
}

fn is_taken(desk: &Desk) -> bool {
    let row = availability::cached(&desk.app().store, desk.world.test.workspace, desk.connection.id).unwrap().unwrap();
    let afternoon = Span::new(at("2026-11-26T14:00:00Z"), at("2026-11-26T15:00:00Z"));
    row.busy.iter().any(|busy| busy.overlaps(&afternoon))
}

fn add_dentist(desk: &Desk) {
    desk.add_event("Dentist", "2026-11-26T14:00:00Z", "2026-11-26T15:00:00Z");
}

#[test]
fn what_the_provider_tells_is_known_at_once() {
    for provider in BOTH {
        let desk = booked(provider);
        assert!(keeping(&desk).is_told(desk.app().now()), "{provider:?}");
        add_dentist(&desk);
        desk.settle();
        assert!(!is_taken(&desk), "{provider:?}: nobody has told yet");
        let answers = desk.carry_notices();
        assert!(matches!(answers[..], [(202 | 204, _)]), "{provider:?}: {answers:?}");
        assert!(is_taken(&desk), "{provider:?}");
        assert!(keeping(&desk).told_at.is_some(), "{provider:?}");
    }
}

#[test]
fn microsoft_hears_its_own_words_again_and_nothing_else_is_echoed() {
    let desk = desk(Provider::Microsoft);
    let asked = desk.carry_notices();
    let [(200, echo)] = &asked[..] else { panic!("{asked:?}") };
    assert!(echo.starts_with("Validation: Testing client application reachability <"), "{echo}");
    let long = format!("https://desk.example.com/hooks/microsoft?validationToken={}", "a".repeat(3_000));
    assert_eq!(desk.post(&long, &[], "").0, 400);
    assert_eq!(desk.post("https://desk.example.com/hooks/microsoft", &[], "<html>").0, 400);
}

#[test]
fn a_notice_without_the_word_of_its_connection_moves_nothing() {
    for provider in BOTH {
        let desk = booked(provider);
        add_dentist(&desk);
        let id = (desk.world.test.workspace, desk.connection.id);
        let forged = format!("{}.{}.{}", id.0, id.1, "A".repeat(43));
        for word in ["", "a", "a.b.c", forged.as_str()] {
            let status = match provider {
                Provider::Google => {
                    let headers = [("x-goog-channel-token", word), ("x-goog-resource-state", "exists")];
                    desk.post("https://desk.example.com/hooks/google", &headers, "").0
                }
                _ => {
                    let body = serde_json::json!({"value": [{"clientState": word}]}).to_string();
                    desk.post("https://desk.example.com/hooks/microsoft", &[], &body).0
                }
            };
            assert_eq!(status, 404, "{provider:?} {word}");
        }
        desk.settle();
        assert!(!is_taken(&desk), "{provider:?}");
    }
}

#[test]
fn a_busy_calendar_is_heard_while_strangers_are_refused_and_strangers_cannot_use_it_up() {
    for provider in BOTH {
        let desk = booked(provider);
        add_dentist(&desk);
        desk.settle();
        let address = match provider {
            Provider::Google => "https://desk.example.com/hooks/google",
            _ => "https://desk.example.com/hooks/microsoft",
        };
        let forged = [("x-goog-channel-token", "a.b.c"), ("x-goog-resource-state", "exists")];
        let stranger = || desk.post(address, &forged, r#"{"value":[{"clientState":"a.b.c"}]}"#).0;
        let answers: Vec<u16> = (0..1_000).map(|_| stranger()).take_while(|status| *status != 429).collect();
        assert!(!answers.is_empty() && answers.iter().all(|status| *status == 404), "{provider:?}");
        assert_eq!(stranger(), 429, "{provider:?}: whoever cannot prove it is counted by where they come from");
        // From the same address.
        let heard = desk.carry_notices();
        assert!(matches!(heard[..], [(202 | 204, _)]), "{provider:?}: {heard:?}");
        assert!(is_taken(&desk), "{provider:?}");
    }
}

/// Uses up what one connection's provider may say in a minute.
fn use_up(desk: &Desk) {
    while desk.app().limits.by_connection.check(&desk.connection.id).is_ok() {}
}

#[test]
fn an_ending_is_heard_however_much_else_was_said() {
    let desk = booked(Provider::Microsoft);
    let first = keeping(&desk).watching.unwrap();
    add_dentist(&desk);
    let notice = desk.world.ask_control("notices", &serde_json::json!({}))[0]["body"].as_str().unwrap().to_owned();
    let ending = notice.replace("\"changeType\":\"updated\"", "\"lifecycleEvent\":\"subscriptionRemoved\"");
    let post = |body: &str| desk.post("https://desk.example.com/hooks/microsoft", &[], body).0;
    use_up(&desk);
    assert_eq!(post(&notice), 429);
    assert!(keeping(&desk).is_told(desk.app().now()));
    assert_eq!(post(&ending), 202);
    assert!(!keeping(&desk).is_told(desk.app().now()));
    assert_eq!(post(&ending), 429, "it has ended, and that is known");
    desk.sync();
    assert!(keeping(&desk).watching.unwrap().until > first.until, "it was asked for anew");
}

#[test]
fn more_from_one_network_than_any_provider_says_is_refused_before_it_is_read() {
    let desk = booked(Provider::Google);
    add_dentist(&desk);
    desk.settle();
    let here = crate::http::ClientIp([127, 0, 0, 1].into());
    while desk.app().limits.notice(here).is_ok() {}
    let heard = desk.carry_notices();
    assert!(matches!(heard[..], [(429, _)]), "{heard:?}");
    assert!(!is_taken(&desk));
}

#[test]
fn being_told_is_prolonged_before_it_ends_and_told_once() {
    for provider in BOTH {
        let desk = booked(provider);
        let first = keeping(&desk).watching.unwrap();
        desk.advance(DAY * 5);
        assert_eq!(keeping(&desk).watching.as_ref(), Some(&first), "{provider:?}: not yet");
        desk.advance(DAY + Duration::from_secs(7_200));
        let second = keeping(&desk).watching.unwrap();
        assert!(second.until > first.until, "{provider:?}: {second:?}");
        desk.carry_notices();
        desk.advance(Duration::from_secs(60));
        add_dentist(&desk);
        assert_eq!(desk.carry_notices().len(), 1, "{provider:?}: the old one has ended");
        assert!(desk.app().now() < first.until);
        desk.advance(DAY * 3);
        assert!(keeping(&desk).is_told(desk.app().now()), "{provider:?}: it goes on");
    }
}

#[test]
fn an_ending_that_microsoft_announces_is_answered_by_asking_anew() {
    let desk = booked(Provider::Microsoft);
    let first = keeping(&desk).watching.unwrap();
    desk.advance(DAY);
    let waiting = desk.world.ask_control("notices", &serde_json::json!({}));
    assert_eq!(waiting.as_array().unwrap().len(), 0);
    add_dentist(&desk);
    let notice = desk.world.ask_control("notices", &serde_json::json!({}))[0]["body"].as_str().unwrap().to_owned();
    let ending = notice.replace("\"changeType\":\"updated\"", "\"lifecycleEvent\":\"reauthorizationRequired\"");
    assert_ne!(notice, ending);
    assert_eq!(desk.post("https://desk.example.com/hooks/microsoft", &[], &ending).0, 202);
    desk.sync();
    assert!(keeping(&desk).watching.unwrap().until > first.until);
}

#[test]
fn who_is_disconnected_is_told_nothing_any_more() {
    for provider in BOTH {
        for later in [Duration::ZERO, Duration::from_secs(2 * 3_600)] {
            let desk = booked(provider);
            let event = desk.bookings().remove(0);
            assert_eq!(event.state.as_str(), "confirmed");
            // The queue stands still meanwhile, so that the access token may have run out.
            desk.world.advance(later);
            connections::disconnect(desk.app(), &desk.world.owner, desk.connection.id).unwrap();
            assert_eq!(keeping(&desk), Keeping::default(), "{provider:?}");
            let asked = desk.world.requests();
            let is_end = |one: &String| {
                one.ends_with("/channels/stop") || (one.starts_with("DELETE") && one.contains("/subscriptions/"))
            };
            let stopped = asked.iter().any(is_end);
            assert!(stopped, "{provider:?} after {later:?}: {asked:?}");
        }
    }
}

#[test]
fn a_calendar_whose_changes_are_not_told_is_asked_and_its_provider_left_alone_for_a_day() {
    let desk = booked(Provider::Google);
    let holidays = "holidays#all@group.calendar.larkfield.example";
    connections::update(&desk.app().store, desk.world.test.workspace, desk.connection.id, |connection| {
        if let Kind::Google(google) = &mut connection.kind {
            google.busy_calendars = vec![holidays.into()];
        }
    })
    .unwrap();
    let watched = || {
        let asked = desk.world.requests();
        asked.iter().filter(|one| one.contains("/holidays") && one.ends_with("/events/watch")).count()
    };
    desk.sync();
    desk.sync();
    assert_eq!(watched(), 1, "{:?}", desk.world.requests());
    let kept = keeping_of(&desk.app().store, &desk.connection, holidays).unwrap();
    assert!(kept.refused.is_some() && kept.read_at.is_some() && kept.is_followed, "{kept:?}");
    desk.advance(DAY);
    assert_eq!(watched(), 2);
}
