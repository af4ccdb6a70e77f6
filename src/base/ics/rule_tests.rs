use super::*;

fn at(text: &str) -> DateTime {
    text.parse().unwrap()
}

fn walk(rule: &str, start: &str, from: &str, until: &str) -> Vec<String> {
    let (mut steps, mut found) = (Steps(100_000), Vec::new());
    let rule = Rule::parse(rule).unwrap();
    rule.walk(at(start), at(from), at(until), None, &mut steps, &mut found).unwrap();
    found.into_iter().map(|at| at.strftime("%m-%d %H:%M").to_string()).collect()
}

#[test]
fn rules_give_the_days_that_the_standard_gives() {
    // Examples of RFC 5545 section 3.8.5.3, moved to other years.
    let cases: [(&str, &str, &[&str]); 9] = [
        ("FREQ=DAILY;COUNT=4", "2026-03-01T09:00", &["03-02 09:00", "03-03 09:00", "03-04 09:00"]),
        (
            "FREQ=WEEKLY;INTERVAL=2;BYDAY=MO,FR;WKST=SU;COUNT=4",
            "2026-03-02T09:00",
            &["03-06 09:00", "03-16 09:00", "03-20 09:00"],
        ),
        ("FREQ=MONTHLY;BYDAY=-1FR;COUNT=3", "2026-03-27T09:00", &["04-24 09:00", "05-29 09:00"]),
        ("FREQ=MONTHLY;BYMONTHDAY=31;COUNT=3", "2026-03-31T09:00", &["05-31 09:00", "07-31 09:00"]),
        ("FREQ=MONTHLY;BYDAY=TU,WE,TH;BYSETPOS=3;COUNT=3", "2026-03-05T09:00", &["04-07 09:00", "05-07 09:00"]),
        ("FREQ=YEARLY;BYMONTH=4,6;BYMONTHDAY=-1;COUNT=3", "2026-04-30T09:00", &["06-30 09:00", "04-30 09:00"]),
        ("FREQ=YEARLY;BYDAY=20MO;COUNT=2", "2026-05-18T09:00", &["05-17 09:00"]),
        ("FREQ=YEARLY;BYWEEKNO=20;BYDAY=MO;COUNT=2", "2026-05-11T09:00", &["05-17 09:00"]),
        ("FREQ=HOURLY;INTERVAL=3;COUNT=3", "2026-03-01T21:00", &["03-02 00:00", "03-02 03:00"]),
    ];
    for (rule, start, expected) in cases {
        assert_eq!(walk(rule, start, start, "2030-01-01T00:00"), expected, "{rule}");
    }
}

#[test]
fn an_endless_rule_of_long_ago_is_walked_only_near_the_range() {
    let mut steps = Steps(2_000);
    let mut found = Vec::new();
    let rule = Rule::parse("FREQ=MINUTELY;INTERVAL=15").unwrap();
    let (start, from, until) = (at("1970-01-01T00:00"), at("2026-11-24T10:00"), at("2026-11-24T11:00"));
    rule.walk(start, from, until, None, &mut steps, &mut found).unwrap();
    assert_eq!(found.len(), 5);
}

#[test]
fn what_never_comes_or_never_ends_costs_no_more_than_it_was_given() {
    let hostile = [
        "FREQ=SECONDLY;COUNT=1000000000",
        "FREQ=SECONDLY;BYMONTH=2;BYMONTHDAY=30;COUNT=5",
        "FREQ=MINUTELY;BYHOUR=4;COUNT=999999",
        "FREQ=DAILY;COUNT=18446744073709551615",
    ];
    for text in hostile {
        let (mut steps, mut found) = (Steps(10_000), Vec::new());
        let (start, until) = (at("1900-01-01T00:00"), at("2200-01-01T00:00"));
        let walked = Rule::parse(text).unwrap().walk(start, start, until, None, &mut steps, &mut found);
        assert_eq!(walked, Err(TooMuch), "{text}");
        assert!(found.len() <= 10_000);
    }
    let far = Rule::parse("FREQ=YEARLY;INTERVAL=9223372036854775807").unwrap();
    let (start, mut found) = (at("2026-01-01T00:00"), Vec::new());
    assert_eq!(far.walk(start, start, at("2027-01-01T00:00"), None, &mut Steps(100_000), &mut found), Ok(()));
}

#[test]
fn what_is_no_rule_is_not_taken_for_one() {
    for text in [
        "",
        "FREQ=SOMETIMES",
        "INTERVAL=2",
        "FREQ=DAILY;INTERVAL=0",
        "FREQ=DAILY;BYDAY=XX",
        "FREQ=DAILY;BYMONTH=13",
        "nonsense",
        "FREQ=WEEKLY;BYDAY=ü",
    ] {
        assert_eq!(Rule::parse(text), None, "{text}");
    }
}
