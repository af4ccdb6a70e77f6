use super::*;
use crate::testing;

#[test]
fn a_day_and_a_time_are_read_on_the_clock_of_the_working_hours() {
    let zone = TimeZone::get("Europe/Berlin").unwrap();
    let read = |date: &str, time: &str| {
        let mut errors = FieldErrors::default();
        let at = WhenForm { date: date.into(), time: time.into(), ..WhenForm::default() }.read(&zone, &mut errors);
        (at.map(|at| at.to_rfc3339()), errors.len())
    };
    assert_eq!(read("2026-11-24", "10:30"), (Some("2026-11-24T09:30:00Z".into()), 0));
    assert_eq!(read("2027-03-28", "02:30"), (Some("2027-03-28T01:30:00Z".into()), 0), "the clock jumps over it");
    assert_eq!(read("tomorrow", "half ten"), (None, 2));
}

#[test]
fn an_empty_week_says_what_to_do_next() {
    let test = testing::app();
    let week = Week::read(&test.app, &test.owner, None).unwrap();
    let page = WeekPage { layout: Layout::default(), week, can_book: true }.render().unwrap();
    assert!(page.contains("23 to 29 November"), "{page}");
    assert!(page.contains("No calendar is connected"), "{page}");
    assert!(page.contains("No bookings this week."), "{page}");
    assert!(page.contains(r#"href="/calendar?week=2026-11-16""#), "{page}");
}
