use super::*;

fn instant(text: &str) -> UnixMillis {
    UnixMillis::parse_rfc3339(text).unwrap()
}

fn file(body: &str) -> String {
    format!("BEGIN:VCALENDAR\r\nVERSION:2.0\r\n{}\r\nEND:VCALENDAR\r\n", body.replace('\n', "\r\n"))
}

fn event(lines: &str) -> String {
    file(&format!("BEGIN:VEVENT\nUID:a@b\n{lines}\nEND:VEVENT"))
}

/// Starts and ends in October and November 2026, for somebody in Berlin.
fn busy(text: &str) -> Vec<String> {
    let berlin = TimeZone::get("Europe/Berlin").unwrap();
    let own = ["robin@larkfield.example".to_owned()];
    let asked =
        Asked { from: instant("2026-10-20T00:00:00Z"), to: instant("2026-11-30T00:00:00Z"), zone: &berlin, own: &own };
    let mut found = occurrences(text, &asked, &mut Budget::default()).unwrap();
    found.sort_by_key(|one| one.start);
    found.iter().map(|one| format!("{}/{}", &one.start.to_rfc3339()[5..16], &one.end.to_rfc3339()[5..16])).collect()
}

#[test]
fn single_events_take_their_time_in_their_zone() {
    let cases = [
        ("UTC", "DTSTART:20261124T103000Z\nDTEND:20261124T110000Z", "11-24T10:30/11-24T11:00"),
        ("a zone", "DTSTART;TZID=America/New_York:20261124T103000\nDURATION:PT1H30M", "11-24T15:30/11-24T17:00"),
        (
            "a zone of Windows",
            "DTSTART;TZID=\"W. Europe Standard Time\":20261124T103000\nDURATION:PT1H",
            "11-24T09:30/11-24T10:30",
        ),
        ("floating", "DTSTART:20261124T103000\nDTEND:20261124T110000", "11-24T09:30/11-24T10:00"),
        ("a whole day", "DTSTART;VALUE=DATE:20261124", "11-23T23:00/11-24T23:00"),
        (
            "a day without an end of its own",
            "DTSTART;VALUE=DATE:20261124\nDTEND;VALUE=DATE:20261124",
            "11-23T23:00/11-24T23:00",
        ),
        ("a day of 25 hours", "DTSTART;VALUE=DATE:20261025\nDTEND;VALUE=DATE:20261026", "10-24T22:00/10-25T23:00"),
        ("nobody's zone is widened", "DTSTART;TZID=Mars:20261124T100000\nDURATION:PT1H", "11-23T20:00/11-25T01:00"),
    ];
    for (name, lines, expected) in cases {
        assert_eq!(busy(&event(lines)), [expected], "{name}");
    }
}

#[test]
fn what_takes_no_time_does_not_block() {
    let base = "DTSTART:20261124T103000Z\nDTEND:20261124T110000Z\n";
    let free = ["TRANSP:TRANSPARENT", "STATUS:CANCELLED", "ATTENDEE;PARTSTAT=DECLINED:mailto:Robin@larkfield.example"];
    for line in free {
        assert!(busy(&event(&format!("{base}{line}"))).is_empty(), "{line}");
    }
    assert_eq!(busy(&event(&format!("{base}ATTENDEE;PARTSTAT=DECLINED:mailto:other@x.example"))).len(), 1);
    assert!(busy(&event("DTSTART:20261124T103000Z")).is_empty(), "an instant");
}

#[test]
fn a_series_stays_at_its_wall_time_when_the_clock_changes() {
    let weekly =
        event("DTSTART;TZID=Europe/Berlin:20261001T093000\nDURATION:PT30M\nRRULE:FREQ=WEEKLY;UNTIL=20261105T083000Z");
    assert_eq!(busy(&weekly), ["10-22T07:30/10-22T08:00", "10-29T08:30/10-29T09:00", "11-05T08:30/11-05T09:00"]);
    // 02:30 exists twice on 25 October: the first one counts.
    let fold = event("DTSTART;TZID=Europe/Berlin:20261024T023000\nDURATION:PT30M\nRRULE:FREQ=DAILY;COUNT=3");
    assert_eq!(busy(&fold), ["10-24T00:30/10-24T01:00", "10-25T00:30/10-25T01:00", "10-26T01:30/10-26T02:00"]);
}

#[test]
fn exceptions_and_changed_repetitions_take_the_place_of_the_rule() {
    let text = file(
        "BEGIN:VEVENT\nUID:s\nDTSTART;TZID=Europe/Berlin:20261102T100000\nDTEND;TZID=Europe/Berlin:20261102T110000\n\
         RRULE:FREQ=DAILY;COUNT=6\nEXDATE;TZID=Europe/Berlin:20261103T100000\nRDATE;TZID=Europe/Berlin:20261120T120000\nEND:VEVENT\n\
         BEGIN:VEVENT\nUID:s\nRECURRENCE-ID;TZID=Europe/Berlin:20261104T100000\nDTSTART;TZID=Europe/Berlin:20261104T150000\n\
         DTEND;TZID=Europe/Berlin:20261104T153000\nEND:VEVENT\n\
         BEGIN:VEVENT\nUID:s\nRECURRENCE-ID:20261105T090000Z\nSTATUS:CANCELLED\nDTSTART:20261105T090000Z\nEND:VEVENT\n\
         BEGIN:VEVENT\nUID:s\nRECURRENCE-ID;RANGE=THISANDFUTURE;TZID=Europe/Berlin:20261106T100000\n\
         DTSTART;TZID=Europe/Berlin:20261106T110000\nDTEND;TZID=Europe/Berlin:20261106T113000\nEND:VEVENT",
    );
    let expected = [
        "11-02T09:00/11-02T10:00",
        "11-04T14:00/11-04T14:30",
        "11-06T10:00/11-06T10:30",
        "11-07T10:00/11-07T10:30",
        "11-20T12:00/11-20T12:30",
    ];
    assert_eq!(busy(&text), expected);
}

#[test]
fn a_zone_that_only_the_file_knows_is_read_from_it() {
    let text = file(
        "BEGIN:VTIMEZONE\nTZID:Office\nBEGIN:STANDARD\nDTSTART:16011028T030000\nRRULE:FREQ=YEARLY;BYDAY=-1SU;BYMONTH=10\n\
         TZOFFSETFROM:+0200\nTZOFFSETTO:+0100\nEND:STANDARD\nBEGIN:DAYLIGHT\nDTSTART:16010325T020000\n\
         RRULE:FREQ=YEARLY;BYDAY=-1SU;BYMONTH=3\nTZOFFSETFROM:+0100\nTZOFFSETTO:+0200\nEND:DAYLIGHT\nEND:VTIMEZONE\n\
         BEGIN:VEVENT\nUID:z\nDTSTART;TZID=Office:20261023T100000\nDURATION:PT1H\nRRULE:FREQ=WEEKLY;COUNT=2\nEND:VEVENT",
    );
    assert_eq!(busy(&text), ["10-23T08:00/10-23T09:00", "10-30T09:00/10-30T10:00"]);
}

#[test]
fn hostile_files_are_bounded_and_never_free() {
    let endless = event("DTSTART:19700101T000000Z\nDURATION:PT1S\nRRULE:FREQ=SECONDLY;COUNT=999999999");
    assert_eq!(busy(&endless), ["10-20T00:00/11-30T00:00"], "given up: busy to the end");
    let nonsense = event("DTSTART:20261124T103000Z\nDURATION:PT1H\nRRULE:FREQ=NEVER");
    assert!(busy(&nonsense).iter().any(|one| one.ends_with("11-30T00:00")), "a rule that cannot be read");
    let berlin = TimeZone::get("Europe/Berlin").unwrap();
    let asked =
        Asked { from: instant("2026-10-20T00:00:00Z"), to: instant("2026-11-30T00:00:00Z"), zone: &berlin, own: &[] };
    let read = |text: &str| occurrences(text, &asked, &mut Budget::default());
    assert_eq!(read("<html>Sign in</html>"), Err(Unreadable::NotACalendar));
    let many: String = (0..300).map(|n| format!("BEGIN:VEVENT\nUID:{n}\nDTSTART:19000101T000000Z\nDURATION:PT1S\nRRULE:FREQ=SECONDLY;COUNT=99999999\nEND:VEVENT\n")).collect();
    assert_eq!(read(&file(&many)), Err(Unreadable::TooMuch));
    let broken = "BEGIN:VCALENDAR\nBEGIN:VEVENT\nBEGIN:VALARM\nDTSTART:9999\nDTSTART:20261399T250000\nRRULE:;;=\nEXDATE:,,,\nRDATE:x/y\nDURATION:PPPT\nEND:VEVENT";
    assert_eq!(read(broken), Ok(vec![]));
    let parts = "RECURRENCE-ID:20261124T103000Z\nDTSTART:20261124T103000Z\nDTEND:20261124T110000Z";
    assert_eq!(read(&event(parts)).unwrap().len(), 1, "a repetition whose series is elsewhere");
}

#[test]
fn fifty_thousand_events_are_read() {
    let events: String = (0..50_000)
        .map(|n| {
            format!(
                "BEGIN:VEVENT\nUID:{n}\nDTSTART:2026{:02}{:02}T{:02}0000Z\nDURATION:PT30M\nEND:VEVENT\n",
                n % 12 + 1,
                n % 28 + 1,
                n % 24
            )
        })
        .collect();
    let berlin = TimeZone::get("Europe/Berlin").unwrap();
    let asked =
        Asked { from: instant("2026-11-01T00:00:00Z"), to: instant("2026-11-30T00:00:00Z"), zone: &berlin, own: &[] };
    let found = occurrences(&file(&events), &asked, &mut Budget::default()).unwrap();
    assert!((4_100..4_200).contains(&found.len()), "{}", found.len());
}
