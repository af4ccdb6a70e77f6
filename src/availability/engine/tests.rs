use jiff::Timestamp;
use proptest::prelude::*;
use serde_json::{json, Value};

use super::{answer_line, explain, explain_line, find, read_line, Request};

/// A Tuesday from nine to twelve in Berlin; what is given replaces fields of the event type, or of the line.
fn line(event: Value, rest: Value) -> Value {
    let mut line = json!({
        "now": "2026-05-01T08:00:00Z",
        "event_type": {
            "duration": 30, "step": 30, "time_zone": "Europe/Berlin",
            "weekly_hours": { "tue": [["09:00", "12:00"]] },
        },
        "query": { "from": "2026-05-12", "to": "2026-05-12", "time_zone": "Europe/Berlin" },
    });
    let put = |into: &mut Value, from: Value| {
        for (name, value) in from.as_object().unwrap() {
            into[name] = value.clone();
        }
    };
    put(&mut line["event_type"], event);
    put(&mut line, rest);
    line
}

fn request(event: Value, rest: Value) -> Request {
    read_line(&line(event, rest).to_string()).unwrap()
}

/// The starts on the wall clock of `zone`: `09:00`, with the date in front where there are several.
fn starts(request: &Request, zone: &str) -> Vec<String> {
    let zone = jiff::tz::TimeZone::get(zone).unwrap();
    let several = request.query.dates.from != request.query.dates.to;
    let shape = if several { "%d. %H:%M" } else { "%H:%M" };
    find(request).iter().map(|at| at.to_zoned(zone.clone()).strftime(shape).to_string()).collect()
}

fn berlin(event: Value, rest: Value) -> Vec<String> {
    starts(&request(event, rest), "Europe/Berlin")
}

fn on(from: &str, to: &str, zone: &str) -> Value {
    json!({ "query": { "from": from, "to": to, "time_zone": zone } })
}

fn busy(entries: Value) -> Value {
    json!({ "busy": entries })
}

#[test]
fn hours_are_divided_into_starts_that_end_within_them() {
    assert_eq!(berlin(json!({}), json!({})), ["09:00", "09:30", "10:00", "10:30", "11:00", "11:30"]);
    assert_eq!(berlin(json!({"duration": 90, "step": 60}), json!({})), ["09:00", "10:00"]);
    let touching = json!({"weekly_hours": {"tue": [["09:00", "10:15"], ["10:15", "11:00"], ["14:00", "13:00"]]}});
    assert_eq!(berlin(touching, json!({})), ["09:00", "09:30", "10:00", "10:30"]);
    let night = json!({"weekly_hours": {"mon": [["23:00", "24:00"]], "tue": [["00:00", "01:00"]]}, "duration": 60});
    assert_eq!(berlin(night, on("2026-05-11", "2026-05-12", "Europe/Berlin")), ["11. 23:00", "11. 23:30", "12. 00:00"]);
}

#[test]
fn a_day_is_the_visitor_s_own() {
    let week = json!({"weekly_hours": {"tue": [["00:00", "03:00"]], "mon": [["22:00", "24:00"]]}, "step": 60});
    let found = starts(&request(week, on("2026-05-11", "2026-05-11", "America/New_York")), "America/New_York");
    assert_eq!(found, ["16:00", "17:00", "18:00", "19:00", "20:00"]);
}

#[test]
fn a_wall_time_that_is_skipped_moves_forward_and_of_one_that_comes_twice_the_first_counts() {
    let sunday = |from: &str, to: &str| json!({"weekly_hours": {"sun": [[from, to]]}, "step": 60, "duration": 60});
    let mut spring = on("2026-03-29", "2026-03-29", "Europe/Berlin");
    spring["now"] = json!("2026-03-01T00:00:00Z");
    assert_eq!(berlin(sunday("02:15", "05:00"), spring.clone()), ["03:15"]);
    assert_eq!(berlin(sunday("01:00", "04:00"), spring), ["01:00", "03:00"], "two elapsed hours");
    let autumn = request(sunday("02:00", "04:00"), on("2026-10-25", "2026-10-25", "Europe/Berlin"));
    let found: Vec<String> = find(&autumn).iter().map(Timestamp::to_string).collect();
    assert_eq!(found, ["2026-10-25T00:00:00Z", "2026-10-25T01:00:00Z", "2026-10-25T02:00:00Z"]);
}

#[test]
fn overrides_replace_a_day_and_being_away_goes_before_them() {
    let one = |hours: Value| json!({"date_overrides": [{"date": "2026-05-12", "hours": hours}]});
    assert_eq!(berlin(one(json!([["15:00", "16:00"]])), json!({})), ["15:00", "15:30"]);
    assert_eq!(berlin(one(json!([])), json!({})), Vec::<String>::new());
    let mut away = one(json!([["15:00", "16:00"]]));
    away["out_of_office"] = json!([{"from": "2026-05-11", "to": "2026-05-12"}]);
    assert_eq!(berlin(away, json!({})), Vec::<String>::new());
    let abroad = json!({"travel": [{"from": "2026-05-10", "to": null, "time_zone": "America/New_York"}]});
    assert_eq!(berlin(abroad, json!({}))[0], "15:00", "nine o'clock over there");
}

#[test]
fn taken_time_blocks_with_its_buffers_and_what_only_touches_does_not() {
    let at = |from: &str, to: &str| json!({"start": format!("2026-05-12T{from}:00Z"), "end": format!("2026-05-12T{to}:00Z")});
    assert_eq!(berlin(json!({}), busy(json!([at("08:00", "08:30")]))), ["09:00", "09:30", "10:30", "11:00", "11:30"]);
    let buffers = json!({"buffer_before": 10, "buffer_after": 10});
    assert_eq!(berlin(buffers.clone(), busy(json!([at("08:00", "08:30")]))), ["09:00", "11:00", "11:30"]);
    assert_eq!(berlin(buffers, busy(json!([at("06:30", "07:00")])))[0], "09:30", "a buffer may lie outside the hours");
    let mut own = at("08:00", "08:30");
    own["booking"] = json!(true);
    own["buffer_after"] = json!(30);
    assert_eq!(berlin(json!({}), busy(json!([own]))), ["09:00", "09:30", "11:00", "11:30"]);
    for not in [
        json!({"transparent": true}),
        json!({"status": "cancelled"}),
        json!({"status": "rejected"}),
        json!({"hold_expires": "2026-05-01T08:00:00Z"}),
    ] {
        let mut entry = at("08:00", "08:30");
        entry[not.as_object().unwrap().keys().next().unwrap()] =
            not.as_object().unwrap().values().next().unwrap().clone();
        assert_eq!(berlin(json!({}), busy(json!([entry]))).len(), 6, "{not}");
    }
    let pending = json!({"start": "2026-05-12T07:00:00Z", "end": "2026-05-12T07:30:00Z", "status": "pending"});
    assert_eq!(berlin(json!({}), busy(json!([pending])))[0], "09:30");
    let whole = json!({"date": "2026-05-12", "time_zone": "Pacific/Auckland"});
    assert_eq!(
        berlin(json!({"weekly_hours": {"tue": [["12:00", "16:00"]]}}), busy(json!([whole])))[0],
        "14:00",
        "their day ends at two here"
    );
}

#[test]
fn notice_and_horizon_count_to_the_second_and_by_whole_dates() {
    let now = |at: &str| json!({ "now": at });
    let notice = json!({"minimum_notice": 60});
    assert_eq!(berlin(notice.clone(), now("2026-05-12T06:00:00Z"))[0], "09:00");
    assert_eq!(berlin(notice, now("2026-05-12T06:00:01Z"))[0], "09:30");
    let daily = |horizon: Value| json!({"horizon": horizon, "duration": 180, "step": 180, "weekly_hours": {"mon": [["09:00", "12:00"]], "tue": [["09:00", "12:00"]], "fri": [["09:00", "12:00"]], "sat": [["09:00", "12:00"]]}});
    let month = |event: Value| {
        let mut rest = on("2026-05-01", "2026-05-31", "Europe/Berlin");
        rest["now"] = json!("2026-05-05T22:30:00Z");
        berlin(event, rest)
    };
    // It is Wednesday the sixth there.
    assert_eq!(month(daily(json!({"type": "rolling_days", "days": 3}))), ["08. 09:00", "09. 09:00"]);
    assert_eq!(
        month(daily(json!({"type": "rolling_business_days", "days": 3}))),
        ["08. 09:00", "09. 09:00", "11. 09:00"]
    );
    let range = json!({"type": "range", "from": "2026-05-09", "to": "2026-05-12"});
    assert_eq!(month(daily(range)), ["09. 09:00", "11. 09:00", "12. 09:00"]);
}

#[test]
fn business_days_are_counted_the_same_however_they_are_counted() {
    for (today, days) in (1..=14).flat_map(|day| (0..=16).map(move |days| (day, days))) {
        let every: Value = ["mon", "tue", "wed", "thu", "fri", "sat", "sun"]
            .map(|day| (day.to_owned(), json!([["12:00", "13:00"]])))
            .into_iter()
            .collect::<serde_json::Map<_, _>>()
            .into();
        let event = json!({"weekly_hours": every, "duration": 60, "step": 60, "time_zone": "UTC", "horizon": {"type": "rolling_business_days", "days": days}});
        let mut rest = on("2026-06-01", "2026-07-31", "UTC");
        rest["now"] = json!(format!("2026-06-{today:02}T08:00:00Z"));
        let last = find(&request(event, rest)).last().unwrap().to_zoned(jiff::tz::TimeZone::UTC).date();
        let (mut date, mut left) = (jiff::civil::date(2026, 6, today), days);
        while left > 0 {
            date = date.tomorrow().unwrap();
            left -= i32::from(date.weekday().to_monday_zero_offset() < 5);
        }
        assert_eq!(last, date, "{days} from {today}");
    }
}

#[test]
fn a_full_day_or_week_offers_nothing() {
    let booked = |day: u8, at: &str| json!({"start": format!("2026-05-{day:02}T{at}:00Z"), "end": format!("2026-05-{day:02}T{}:30Z", &at[..2]), "booking": true});
    let two = busy(json!([booked(12, "06:00"), booked(12, "15:00")]));
    assert_eq!(berlin(json!({"max_per_day": 3}), two.clone()).len(), 6);
    assert_eq!(berlin(json!({"max_per_day": 2}), two.clone()).len(), 0);
    assert_eq!(berlin(json!({"max_minutes_per_day": 90}), two.clone()).len(), 6);
    assert_eq!(berlin(json!({"max_minutes_per_day": 89}), two.clone()).len(), 0);
    assert_eq!(berlin(json!({"max_per_week": 2}), busy(json!([booked(11, "06:00"), booked(17, "06:00")]))).len(), 0);
    assert_eq!(berlin(json!({"max_per_week": 2}), busy(json!([booked(10, "06:00"), booked(18, "06:00")]))).len(), 6);
}

#[test]
fn two_bookings_at_one_time_are_two_and_one_that_stands_with_two_hosts_is_one() {
    let booked = json!({"start": "2026-05-12T15:00:00Z", "end": "2026-05-12T15:30:00Z", "booking": true});
    let twice = busy(json!([booked, booked]));
    assert_eq!(berlin(json!({"max_per_day": 2}), twice).len(), 0);
    let host = json!({"time_zone": "Europe/Berlin", "weekly_hours": {"tue": [["09:00", "12:00"]]}, "busy": [booked]});
    let hosts = json!({"hosts": [host, host], "weekly_hours": {}, "max_per_day": 2});
    assert_eq!(berlin(hosts.clone(), json!({})).len(), 6);
    let mut away = hosts;
    away["out_of_office"] = json!([{"from": "2026-05-12", "to": "2026-05-12"}]);
    assert_eq!(berlin(away, json!({})).len(), 0, "who is away is away with every host");
}

#[test]
fn starts_of_somebody_who_is_there_day_and_night_do_not_move_with_the_question() {
    let day = json!([["00:00", "24:00"]]);
    let week = json!({"mon": day, "tue": day, "wed": day, "thu": day, "fri": day, "sat": day, "sun": day});
    let ask = |from: &str| berlin(json!({"weekly_hours": week, "step": 50}), on(from, "2026-05-20", "Europe/Berlin"));
    let (wide, narrow) = (ask("2026-05-08"), ask("2026-05-19"));
    assert!(!narrow.is_empty() && wide.ends_with(&narrow), "{narrow:?}");
}

#[test]
fn a_group_is_offered_until_its_seats_are_taken() {
    let at = |from: &str, to: &str, held: u64| json!({"start": format!("2026-05-12T{from}:00Z"), "end": format!("2026-05-12T{to}:00Z"), "booking": true, "seats_taken": held});
    let offered = |entries: Value, align: &str| {
        berlin(json!({"seats": 3, "align": align}), busy(entries)).contains(&"10:00".to_owned())
    };
    for align in ["window", "clock"] {
        assert!(offered(json!([at("08:00", "08:30", 2)]), align), "{align}");
        assert!(!offered(json!([at("08:00", "08:30", 3)]), align), "{align}");
        assert!(!offered(json!([at("08:00", "08:45", 2)]), align), "{align}: another length");
        let other = json!({"start": "2026-05-12T08:10:00Z", "end": "2026-05-12T08:20:00Z"});
        assert!(!offered(json!([at("08:00", "08:30", 2), other]), align), "{align}: something else is there");
    }
}

#[test]
fn hosts_are_free_together_or_one_of_them_is() {
    let host = |zone: &str, from: &str, to: &str, busy: Value| json!({"name": zone, "time_zone": zone, "weekly_hours": {"tue": [[from, to]]}, "busy": busy});
    let taken = json!([{"start": "2026-05-12T08:00:00Z", "end": "2026-05-12T08:30:00Z"}]);
    let hosts =
        json!([host("Europe/Berlin", "09:00", "11:00", taken), host("Europe/London", "09:00", "11:00", json!([]))]);
    let with = |assignment: &str| json!({"hosts": hosts, "assignment": assignment, "weekly_hours": {}});
    assert_eq!(berlin(with("collective"), json!({})), ["10:30"]);
    assert_eq!(berlin(with("round_robin"), json!({})), ["09:00", "09:30", "10:00", "10:30", "11:00", "11:30"]);
    let all = busy(json!([{"start": "2026-05-12T07:00:00Z", "end": "2026-05-12T09:00:00Z"}]));
    assert_eq!(berlin(with("round_robin"), all), ["11:00", "11:30"], "what blocks everybody");
}

#[test]
fn on_the_clock_each_free_stretch_begins_at_a_round_minute() {
    let clock = |step: u32| json!({"align": "clock", "step": step, "weekly_hours": {"tue": [["09:10", "12:00"]]}});
    let taken = busy(json!([{"start": "2026-05-12T07:40:00Z", "end": "2026-05-12T08:05:00Z"}]));
    assert_eq!(berlin(clock(30), json!({})), ["09:30", "10:00", "10:30", "11:00", "11:30"]);
    assert_eq!(berlin(clock(45), taken.clone()), ["10:15", "11:00"]);
    assert_eq!(berlin(clock(50), taken), ["09:10", "10:10", "11:00"]);
    let soon = json!({ "now": "2026-05-12T07:31:05Z" });
    assert_eq!(berlin(clock(20), soon), ["09:40", "10:00", "10:20", "10:40", "11:00", "11:20"]);
}

#[test]
fn each_rule_that_removes_a_start_is_named() {
    let why = |event: Value, rest: Value, at: &str| {
        let answer = explain_line(&line(event, rest).to_string(), format!("2026-05-{at}Z").parse().unwrap()).unwrap();
        serde_json::from_str::<Value>(&answer).unwrap()["rule"].as_str().unwrap_or("offered").to_owned()
    };
    let taken = busy(json!([{"start": "2026-05-12T07:30:00Z", "end": "2026-05-12T08:00:00Z", "booking": true}]));
    let cases = [
        (json!({}), json!({}), "12T07:00:00", "offered"),
        (json!({}), json!({}), "13T07:00:00", "query"),
        (json!({"minimum_notice": 20_000}), json!({}), "12T07:00:00", "minimum_notice"),
        (json!({"horizon": {"type": "rolling_days", "days": 2}}), json!({}), "12T07:00:00", "horizon"),
        (json!({}), json!({}), "12T09:45:00", "hours"),
        (json!({}), json!({}), "12T07:10:00", "align"),
        (json!({}), taken.clone(), "12T07:30:00", "busy"),
        (json!({"align": "clock"}), taken.clone(), "12T07:30:00", "busy"),
        (json!({"align": "clock"}), taken.clone(), "12T08:05:00", "align"),
        (json!({"max_per_day": 1}), taken.clone(), "12T09:00:00", "max_per_day"),
        (json!({"max_minutes_per_day": 50}), taken.clone(), "12T09:00:00", "max_minutes_per_day"),
        (json!({"max_per_week": 1}), taken, "12T09:00:00", "max_per_week"),
    ];
    for (event, rest, at, rule) in cases {
        assert_eq!(why(event.clone(), rest, at), rule, "{event} {at}");
    }
}

#[test]
fn a_line_that_cannot_be_used_names_its_field() {
    let error = |event: Value, rest: Value| answer_line(&line(event, rest).to_string()).unwrap_err();
    let cases = [
        (json!({"duration": 0}), json!({}), "event_type.duration: must be a whole number from 1"),
        (json!({"duration": null}), json!({}), "event_type.duration: is missing"),
        (json!({"step": "30"}), json!({}), "event_type.step: must be a whole number"),
        (json!({"time_zone": "Mars/Base"}), json!({}), "event_type.time_zone: must be the name of a time zone"),
        (json!({"weekly_hours": {"tues": []}}), json!({}), "event_type.weekly_hours.tues: is no day"),
        (
            json!({"weekly_hours": {"tue": [["9", "12:00"]]}}),
            json!({}),
            "event_type.weekly_hours.tue: must hold pairs of times",
        ),
        (json!({"horizon": {"type": "weeks"}}), json!({}), "event_type.horizon.type: must be rolling_days or"),
        (json!({"align": "grid"}), json!({}), "event_type.align: must be window or clock"),
        (json!({"hosts": [{"time_zone": "UTC"}, {}]}), json!({}), "event_type.hosts[1].time_zone: is missing"),
        (json!({}), json!({"now": "today"}), "now: must be an instant"),
        (json!({}), busy(json!([{"start": "2026-05-12T07:00:00Z"}])), "busy[0].end: is missing"),
        (
            json!({}),
            busy(json!([{"start": "2026-05-12T07:00:00Z", "end": "2026-05-12T06:00:00Z"}])),
            "busy[0].end: lies before start",
        ),
        (json!({}), on("2026-05-12", "2026-05-11", "UTC"), "query.to: lies before from"),
        (json!({}), on("2026-05-12", "2036-05-11", "UTC"), "query.to: must lie within"),
    ];
    for (event, rest, expected) in cases {
        let said: Value = serde_json::from_str(&error(event.clone(), rest)).unwrap();
        assert!(said["error"].as_str().unwrap().starts_with(expected), "{event}: {said}");
    }
    assert!(answer_line("{").unwrap_err().contains("not JSON at column"));
    assert!(answer_line("[]").unwrap_err().contains("the line must be an object"));
}

proptest! {
    /// What is offered and what is explained are two ways to the same answer.
    #[test]
    fn a_start_is_offered_exactly_when_nothing_removes_it(
        step in prop::sample::select(vec![5_i64, 7, 15, 20, 30, 45]),
        duration in prop::sample::select(vec![15_i64, 30, 60]),
        clock in any::<bool>(), seats in any::<bool>(), round_robin in any::<bool>(), hosts in 0..3_usize,
        taken in prop::collection::vec((0..600_i64, 5..90_i64, any::<bool>(), 0..4_u64), 0..8),
        limit in prop::option::of(1..4_u64),
    ) {
        let text = |minutes: i64| Timestamp::from_second(1_778_565_600 + minutes * 60).unwrap().to_string();
        let entry = |(start, length, booking, held): &(i64, i64, bool, u64)| json!({
            "start": text(*start), "end": text(start + length), "booking": booking, "seats_taken": held,
        });
        let entries: Vec<Value> = taken.iter().map(entry).collect();
        let host = |at: usize| json!({
            "time_zone": if at == 0 { "Europe/London" } else { "Asia/Kolkata" }, "weekly_hours": {"tue": [["08:30", "20:00"]]},
            "busy": entries.iter().skip(at).step_by(2).collect::<Vec<_>>(),
        });
        let event = json!({
            "step": step, "duration": duration, "align": if clock { "clock" } else { "window" }, "max_per_day": limit,
            "seats": seats.then_some(3), "weekly_hours": {"tue": [["08:00", "18:00"]]}, "buffer_after": 5,
            "assignment": if round_robin { "round_robin" } else { "collective" },
            "hosts": (0..hosts).map(host).collect::<Vec<_>>(),
        });
        let request = request(event, busy(json!(entries)));
        let offered = find(&request);
        for minute in 0..700 {
            let at: Timestamp = text(minute).parse().unwrap();
            prop_assert_eq!(explain(&request, at).is_none(), offered.contains(&at), "{}", at);
        }
    }
}
