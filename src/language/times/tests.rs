//! One table for each time rule. Sent on Wednesday 2026-05-13 at 10:20 in the zone of the row.

use jiff::civil::{date, DateTime};
use jiff::tz::TimeZone;
use jiff::Timestamp;
use proptest::prelude::*;

use super::{read_times, OfferedTime, TimeContext, TimesFound, MAX_PROPOSALS};
use crate::language::classify::times_report::{sorted, written};

/// Reads `text` as sent on 2026-05-13 at 10:20, a Wednesday, in `zone`.
fn read_on_wednesday(zone: &str, text: &str) -> String {
    read_at(zone, date(2026, 5, 13).at(10, 20, 0, 0), text)
}

fn read_at(zone_name: &str, sent: DateTime, text: &str) -> String {
    let zone = TimeZone::get(zone_name).unwrap();
    let sent_at = sent.to_zoned(zone.clone()).unwrap().timestamp();
    let berlin = TimeZone::get(BERLIN).unwrap();
    let context =
        TimeContext { sent_at, sender_zone: &zone, sender_zone_name: zone_name, workspace_zone: &berlin, offered: &[] };
    written(5, &read_times(text, &context), &zone)
}

fn check(rows: &[(&str, &str, &str)]) {
    let mut wrong = Vec::new();
    for (zone, text, expected) in rows {
        let got = read_on_wednesday(zone, text);
        if got != sorted(expected) {
            wrong.push(format!("{text:?}\n    expected {}\n    read     {got}", sorted(expected)));
        }
    }
    assert!(wrong.is_empty(), "\n{}", wrong.join("\n"));
}

fn check_at(sent: DateTime, rows: &[(&str, &str, &str)]) {
    for (zone, text, expected) in rows {
        assert_eq!(read_at(zone, sent, text), sorted(expected), "{text:?}");
    }
}

const LONDON: &str = "Europe/London";
const BERLIN: &str = "Europe/Berlin";
const MADRID: &str = "Europe/Madrid";
const PARIS: &str = "Europe/Paris";
const PAULO: &str = "America/Sao_Paulo";
const INDIA: &str = "Asia/Kolkata";
const YORK: &str = "America/New_York";

#[test]
fn a_number_beside_a_weekday_is_a_day_where_an_hour_follows_or_the_language_says_so() {
    let cases = [
        ("Europe/Madrid", "¿El jueves 4 a las 16:30?", "06-04T16:30"),
        ("Europe/Madrid", "El lunes de 10 a 12.", "18T10:00-12:00"),
        ("Europe/Madrid", "El martes 2 de junio a las 16:30.", "06-02T16:30"),
        ("Europe/Madrid", "El jueves 4 a las 16:30 me va bien.", "06-04T16:30"),
        ("Europe/London", "Thursday 4 at 3pm works.", "06-04T15:00"),
        ("Europe/London", "Thursday 4 works.", "14T16:00"),
        ("Europe/Paris", "Vendredi à 14h30.", "15T14:30"),
        ("Europe/Lisbon", "Sexta às 14h30. Obrigado.", "15T14:30"),
        ("Europe/London", "between 9 and 10.30 on Thursday morning", "14T09:00-10:30"),
    ];
    for (zone, text, expected) in cases {
        assert_eq!(read_on_wednesday(zone, text), expected, "{text}");
    }
}

#[test]
fn a_list_of_dates_is_read_whole() {
    check(&[
        ("America/New_York", "5/18, 5/19 or 5/21 at 11am", "18T11:00 19T11:00 21T11:00"),
        ("America/New_York", "We could do 6/1, 6/2 or 6/4 at 2pm", "06-01T14:00 06-02T14:00 06-04T14:00"),
        (LONDON, "18/5, 19/5 or 21/5 at 11", "18T11:00 19T11:00 21T11:00"),
        (BERLIN, "18.5., 19.5. oder 21.5. um 11 Uhr", "18T11:00 19T11:00 21T11:00"),
        (LONDON, "Thu 4 or Fri 5 June at 10", "06-04T10:00 06-05T10:00"),
        (LONDON, "Mon 1, Tue 2 or Thu 4 June", "06-01T09:00-17:00 06-02T09:00-17:00 06-04T09:00-17:00"),
        (LONDON, "Thu 4 or Fri 5 at the latest", "14T16:00 15T17:00"),
        (MADRID, "el dos de junio a las 10", "06-02T10:00"),
        (PARIS, "dix juin à 14h", "06-10T14:00"),
        (PAULO, "dez de junho às 15h", "06-10T15:00"),
    ]);
}

#[test]
fn the_day_after_follows_the_day_named_before() {
    check(&[
        (LONDON, "Not tomorrow, the day after, about two", "15T14:00"),
        (LONDON, "Monday or the day after at 10", "18T10:00 19T10:00"),
        (BERLIN, "Montag oder am Tag darauf um 10 Uhr", "18T10:00 19T10:00"),
        (PARIS, "lundi ou le lendemain à 10h", "18T10:00 19T10:00"),
        (MADRID, "el lunes o el día siguiente a las 10", "18T10:00 19T10:00"),
        (PAULO, "segunda ou no dia seguinte às 10h", "18T10:00 19T10:00"),
        (LONDON, "Call me the day after your launch", "-"),
        (BERLIN, "heute in einer Woche um 11", "20T11:00"),
    ]);
}

#[test]
fn small_words_of_other_languages_do_not_hide_an_hour() {
    check(&[
        (BERLIN, "Rufen Sie mich morgen so gegen zehn an", "14T10:00"),
        (BERLIN, "diesen Freitag zw. 9 und 11", "15T09:00-11:00"),
        (LONDON, "Thu 9am PT / 5pm UK", "14T17:00"),
        (LONDON, "Thu 3pm my time (CET)", "14T14:00"),
        (LONDON, "Monday I'm off, Tuesday then? 11 o'clock", "19T11:00"),
        (MADRID, "el jueves a la tardecita, 18:30", "14T18:30"),
        (LONDON, "10:20", "14T10:20"),
        (LONDON, "How does a week on Friday at 3 sound?", "22T15:00"),
        (BERLIN, "Melden Sie sich morgen um 8 bei mir", "14T08:00"),
    ]);
}

#[test]
fn what_follows_a_refusal_of_two_days_stands() {
    check(&[
        (LONDON, "Neither Thursday nor Friday, Monday morning", "18T09:00-12:00"),
        (BERLIN, "Weder Donnerstag noch Freitag, Montag um 9", "18T09:00"),
        (MADRID, "ni el jueves ni el viernes, el lunes por la mañana", "18T09:00-12:00"),
        (PARIS, "ni jeudi ni vendredi, lundi à 9h", "18T09:00"),
        (PAULO, "nem quinta nem sexta, segunda às 9h", "18T09:00"),
    ]);
}

#[test]
fn the_english_verb_do_is_no_short_thursday_and_leads_to_an_hour() {
    check(&[
        (BERLIN, "Can you do 11am?", "13T11:00"),
        (BERLIN, "Could you do 9am?", "14T09:00"),
        (BERLIN, "Can do 8:30", "14T08:30"),
        (LONDON, "Could do 14:00", "13T14:00"),
        (LONDON, "Can you do 11?", "13T11:00"),
        (LONDON, "Could we do 9?", "14T09:00"),
        (LONDON, "Can you do 10 seats?", "-"),
        (BERLIN, "Do 14 Uhr?", "14T14:00"),
        (BERLIN, "Mi oder Do um 14 Uhr passt.", "20T14:00 14T14:00"),
    ]);
}

#[test]
fn t1_relative_words_count_from_the_sending_and_quotes_are_ignored() {
    check(&[
        (LONDON, "tomorrow at 10:00", "14T10:00"),
        (BERLIN, "heute um 15:00", "13T15:00"),
        (MADRID, "hoy a las 15:00", "13T15:00"),
        (PARIS, "demain à 15h", "14T15:00"),
        (PAULO, "amanhã às 15h", "14T15:00"),
        (INDIA, "kal 11 baje", "14T11:00"),
        (LONDON, "No thanks.\n> Monday at 3pm?", "-"),
        (LONDON, "Friday 2pm works.\n\nOn Tue, Anna wrote:\nMonday 3pm?", "15T14:00"),
        (BERLIN, "Freitag 14 Uhr.\n\nAm Mo., 11. Mai 2026 um 09:12 schrieb Anna:\nMontag?", "15T14:00"),
    ]);
}

#[test]
fn t2_a_part_of_the_day_has_its_hours() {
    check(&[
        (LONDON, "Monday works", "18T09:00-17:00"),
        (LONDON, "Monday morning", "18T09:00-12:00"),
        (LONDON, "Monday first thing", "18T09:00-10:00"),
        (LONDON, "Monday lunchtime", "18T12:00-14:00"),
        (LONDON, "Monday early afternoon", "18T12:00-14:00"),
        (LONDON, "Monday late afternoon", "18T15:00-17:00"),
        (LONDON, "Monday evening", "18T17:00-20:00"),
        (LONDON, "Monday at noon", "18T12:00"),
        (INDIA, "Monday first half", "18T09:00-13:00"),
        (INDIA, "Monday second half", "18T13:00-17:00"),
        (BERLIN, "Montagvormittag", "18T09:00-12:00"),
        (MADRID, "el lunes por la tarde", "18T12:00-17:00"),
        (PARIS, "lundi en début d'après-midi", "18T12:00-14:00"),
        (PAULO, "segunda à noite", "18T17:00-20:00"),
        (INDIA, "सोमवार सुबह", "18T09:00-12:00"),
    ]);
}

#[test]
fn t3_after_before_and_the_end_of_the_day() {
    check(&[
        (LONDON, "Monday after 3", "18T15:00-17:00"),
        (LONDON, "Monday after 5:30pm", "18T17:30-20:00"),
        (LONDON, "Monday post 3", "18T15:00-17:00"),
        (LONDON, "Monday before 11", "18T09:00-11:00"),
        (LONDON, "Monday from 2 on", "18T14:00-17:00"),
        (BERLIN, "Montag ab 14 Uhr", "18T14:00-17:00"),
        (BERLIN, "Montag vor 11 Uhr", "18T09:00-11:00"),
        (MADRID, "el lunes a partir de las 16h", "18T16:00-17:00"),
        (PARIS, "lundi avant 11h", "18T09:00-11:00"),
        (PAULO, "segunda-feira antes das 11h", "18T09:00-11:00"),
        (INDIA, "somvar 3 baje ke baad", "18T15:00-17:00"),
        (LONDON, "end of day Monday is fine", "18T09:00-17:00"),
        (LONDON, "any time today", "13T10:20-17:00"),
        (LONDON, "today before 10", "-"),
    ]);
}

#[test]
fn t4_a_range_is_a_window_and_a_length_is_not() {
    check(&[
        (LONDON, "Monday 9-11", "18T09:00-11:00"),
        (LONDON, "between 2 and 4 on Monday", "18T14:00-16:00"),
        (LONDON, "30 minutes on Monday at 2", "18T14:00"),
        (BERLIN, "Montag von 14 bis 16 Uhr", "18T14:00-16:00"),
        (MADRID, "el lunes de 10 a 12", "18T10:00-12:00"),
        (PARIS, "lundi de 14h à 16h", "18T14:00-16:00"),
        (PAULO, "segunda das 14h às 16h", "18T14:00-16:00"),
        (INDIA, "somvar ko 3 se 5 baje", "18T15:00-17:00"),
    ]);
    assert_eq!(read(LONDON, "a 30-minute call on Monday at 2?").duration_minutes, Some(30));
    assert_eq!(read(BERLIN, "Montag um 14 Uhr, eine Stunde").duration_minutes, Some(60));
    assert_eq!(read(LONDON, "Monday at 2").duration_minutes, None);
}

#[test]
fn t5_an_hour_without_a_mark_falls_into_the_working_day() {
    check(&[
        (LONDON, "Monday at 3", "18T15:00"),
        (LONDON, "Monday at 8", "18T08:00"),
        (LONDON, "Monday at 12", "18T12:00"),
        (LONDON, "Monday at 2:30", "18T14:30"),
        (LONDON, "Monday at 05:30", "18T05:30"),
        (LONDON, "Monday 2-4pm", "18T14:00-16:00"),
        (LONDON, "Monday 10-2pm", "18T10:00-14:00"),
        (LONDON, "Monday 11am-1", "18T11:00-13:00"),
        (LONDON, "Monday at 7 in the evening", "18T19:00"),
        (LONDON, "Monday half eight", "18T08:30"),
        (LONDON, "Monday quarter to four", "18T15:45"),
        (LONDON, "Monday 3ish", "18T15:00"),
        (BERLIN, "Montag halb acht", "18T07:30"),
        (BERLIN, "Montag halb eins", "18T12:30"),
        (BERLIN, "Montag Viertel vor zehn", "18T09:45"),
        (MADRID, "el lunes a las 4 y media", "18T16:30"),
        (MADRID, "el lunes a las cinco menos cuarto", "18T16:45"),
        (PARIS, "lundi à 4 heures et quart", "18T16:15"),
        (PAULO, "segunda às 3 e meia", "18T15:30"),
        (INDIA, "somvar sava teen baje", "18T15:15"),
        (INDIA, "somvar sadhe teen baje", "18T15:30"),
        (INDIA, "सोमवार पौने चार बजे", "18T15:45"),
    ]);
}

#[test]
fn t6_a_bare_weekday_is_the_next_one_and_next_means_the_next_week() {
    check(&[
        (LONDON, "Wednesday at 3pm", "20T15:00"),
        (LONDON, "this Wednesday at 3pm", "13T15:00"),
        (LONDON, "this Friday at 10", "15T10:00"),
        (LONDON, "next Friday at 10", "22T10:00"),
        (LONDON, "Friday next week at 10", "22T10:00"),
        (LONDON, "Tuesday week at 10am", "26T10:00"),
        (LONDON, "a week on Tuesday at 10am", "26T10:00"),
        (LONDON, "the day after tomorrow at 10am", "15T10:00"),
        (BERLIN, "nächste Woche Freitag um 10 Uhr", "22T10:00"),
        (BERLIN, "übernächsten Dienstag um 10 Uhr", "26T10:00"),
        (PARIS, "vendredi prochain à 10h", "22T10:00"),
        (MADRID, "el viernes de la semana que viene a las 10", "22T10:00"),
        (PAULO, "sexta da semana que vem às 10h", "22T10:00"),
        (INDIA, "agle hafte shukravar 10 baje", "22T10:00"),
        (INDIA, "परसों 10 बजे", "15T10:00"),
    ]);
}

#[test]
fn t7_weeks_and_spans_give_one_window_for_each_working_day() {
    check(&[
        (LONDON, "next week works", "18T09:00-17:00 19T09:00-17:00 20T09:00-17:00 21T09:00-17:00 22T09:00-17:00"),
        (LONDON, "early next week", "18T09:00-17:00 19T09:00-17:00"),
        (LONDON, "mid next week", "20T09:00-17:00"),
        (LONDON, "late next week", "21T09:00-17:00 22T09:00-17:00"),
        (LONDON, "later this week", "14T09:00-17:00 15T09:00-17:00"),
        (LONDON, "Monday to Wednesday in the afternoon", "18T12:00-17:00 19T12:00-17:00 20T12:00-17:00"),
        (LONDON, "any day next week but Monday", "19T09:00-17:00 20T09:00-17:00 21T09:00-17:00 22T09:00-17:00"),
        (
            LONDON,
            "Monday, Tuesday or Thursday. All of them in the afternoon.",
            "18T12:00-17:00 19T12:00-17:00 14T12:00-17:00",
        ),
        (BERLIN, "Ende nächster Woche", "21T09:00-17:00 22T09:00-17:00"),
        (MADRID, "de lunes a miércoles", "18T09:00-17:00 19T09:00-17:00 20T09:00-17:00"),
        (PARIS, "en milieu de semaine prochaine", "20T09:00-17:00"),
        (PAULO, "no início da semana que vem", "18T09:00-17:00 19T09:00-17:00"),
        (INDIA, "somvar se budhvar tak", "18T09:00-17:00 19T09:00-17:00 20T09:00-17:00"),
    ]);
}

#[test]
fn t8_a_time_after_a_list_of_days_holds_for_the_days_without_one() {
    check(&[
        (LONDON, "Monday or Tuesday at 4", "18T16:00 19T16:00"),
        (LONDON, "Monday at 3 or Tuesday", "18T15:00 19T09:00-17:00"),
        (LONDON, "Monday and Tuesday at 10 or 11", "18T10:00 18T11:00 19T10:00 19T11:00"),
        (LONDON, "Monday at 9, Tuesday at 10, Friday", "18T09:00 19T10:00 15T09:00-17:00"),
        (BERLIN, "Montag oder Dienstag um 16 Uhr", "18T16:00 19T16:00"),
        (MADRID, "lunes o martes a las 16h", "18T16:00 19T16:00"),
        (PARIS, "lundi ou mardi à 16h", "18T16:00 19T16:00"),
        (PAULO, "segunda ou terça às 16h", "18T16:00 19T16:00"),
        (INDIA, "somvar ya mangalvar ko 4 baje", "18T16:00 19T16:00"),
    ]);
}

#[test]
fn t9_numeric_dates_follow_the_zone_and_the_date_beats_the_weekday() {
    check(&[
        (YORK, "6/5 at 10am", "06-05T10:00"),
        (LONDON, "7/6 at 10am", "06-07T10:00"),
        (LONDON, "5/6 at 10am", "06-05T10:00"),
        (YORK, "25/5 at 10am", "25T10:00"),
        (LONDON, "2026-06-05 10:00", "06-05T10:00"),
        (BERLIN, "am 5.6. um 10 Uhr", "06-05T10:00"),
        (LONDON, "the 20th at 10", "20T10:00"),
        (LONDON, "the 5th at 10", "06-05T10:00"),
        (LONDON, "Friday 21 May at 10", "21T10:00?"),
        (LONDON, "June 5, 10am", "06-05T10:00"),
        (MADRID, "el 5 de junio a las 10", "06-05T10:00"),
        (PARIS, "le 5 juin à 10h", "06-05T10:00"),
        (PAULO, "5 de junho às 10h", "06-05T10:00"),
        (INDIA, "20 मई को 10 बजे", "20T10:00"),
        (LONDON, "We run 5.6 and 7-8.", "-"),
    ]);
}

#[test]
fn t10_a_bare_time_is_today_or_tomorrow_and_weeks_are_no_times() {
    check(&[
        (LONDON, "3pm works", "13T15:00"),
        (LONDON, "9:30am works", "14T09:30"),
        (LONDON, "in 45 minutes", "13T11:05"),
        (LONDON, "in 3 days", "16T09:00-17:00"),
        (LONDON, "in 3 weeks", "-"),
        (LONDON, "next month", "-"),
        (LONDON, "in spring, or Q3", "-"),
        (BERLIN, "in 20 Minuten", "13T10:40"),
        (MADRID, "en 20 minutos", "13T10:40"),
        (PARIS, "dans 3 jours", "16T09:00-17:00"),
        (PAULO, "daqui a 20 minutos", "13T10:40"),
        (INDIA, "20 minute mein", "13T10:40"),
    ]);
}

#[test]
fn t11_a_zone_in_the_text_wins() {
    check(&[
        (BERLIN, "Monday 3pm ET", "18T21:00"),
        (BERLIN, "Monday 3pm PST", "19T00:00"),
        (BERLIN, "Monday 3pm UK time", "18T16:00"),
        (BERLIN, "Monday 15:00 UTC", "18T17:00"),
        (BERLIN, "Monday 15:00 GMT+5:30", "18T11:30"),
        (BERLIN, "Monday 3pm IST", "18T11:30"),
        ("Europe/Dublin", "Monday 3pm IST", "18T15:00"),
        (BERLIN, "Monday 9am JST", "18T02:00"),
        (YORK, "Monday 3pm ET (12pm PT)", "18T15:00"),
        (LONDON, "Monday 3pm your time", "18T14:00"),
        (LONDON, "Monday 3pm my time, 4pm your time", "18T15:00"),
        (BERLIN, "Monday at 10 London time", "18T11:00"),
        (LONDON, "2026-05-18T15:00+02:00", "18T14:00"),
    ]);
}

#[test]
fn t12_a_skipped_wall_time_moves_forward_and_a_double_one_is_the_first() {
    let before_spring = date(2026, 3, 27).at(10, 0, 0, 0);
    check_at(before_spring, &[(BERLIN, "Sunday at 02:15", "03-29T03:15")]);
    let before_autumn = date(2026, 10, 23).at(10, 0, 0, 0);
    check_at(before_autumn, &[(BERLIN, "Sunday at 02:30", "10-25T02:30")]);
    let first = read_sent(BERLIN, before_autumn, "Sunday at 02:30").proposals[0].start;
    assert_eq!(first, "2026-10-25T00:30:00Z".parse::<Timestamp>().unwrap());
}

#[test]
fn t13_what_only_looks_like_a_time_is_none() {
    check(&[
        (LONDON, "We spoke on Monday at 3.", "-"),
        (LONDON, "I can't do Thursday at 3.", "-"),
        (LONDON, "not Monday, rather Tuesday at 10", "19T10:00"),
        (LONDON, "Monday doesn't work, Tuesday at 10 does", "19T10:00"),
        (LONDON, "6 rather than 5 on Monday", "18T18:00"),
        (LONDON, "Tuesday at 3 is bad, 4 would work", "19T16:00"),
        (LONDON, "We're open Mon-Fri 9-5.", "-"),
        (LONDON, "Please pay the invoice by Friday.", "-"),
        (LONDON, "Back on Monday.", "-"),
        (LONDON, "24/7, 2 in 5, 3.50, v2.3, +49 171 2345678", "-"),
        (BERLIN, "nicht Montag, sondern Dienstag um 10 Uhr", "19T10:00"),
        (BERLIN, "Montag geht leider nicht.", "-"),
        (MADRID, "el lunes no, mejor el martes a las 10", "19T10:00"),
        (PARIS, "pas lundi, plutôt mardi à 10h", "19T10:00"),
        (PAULO, "segunda não, prefiro terça às 10h", "19T10:00"),
        (INDIA, "somvar nahi, mangalvar 10 baje", "19T10:00"),
        (LONDON, "Monday at 3. Same time on Friday works too.", "18T15:00 15T15:00"),
        (LONDON, "Friday, same time", "15T09:00-17:00?"),
    ]);
}

#[test]
fn t14_proposals_are_sorted_unique_and_few() {
    let many = read(LONDON, "Monday, Tuesday, Thursday and Friday at 9, 10, 11 and 12");
    assert_eq!(many.proposals.len(), MAX_PROPOSALS);
    assert!(many.proposals.windows(2).all(|pair| pair[0].start < pair[1].start));
    check(&[(LONDON, "Monday at 3. Yes, Monday at 3pm!", "18T15:00")]);
}

#[test]
fn a_pick_among_the_offered_times_is_that_time() {
    let at = |text: &str| text.parse::<Timestamp>().unwrap();
    let offer = |start: &str, end: &str| OfferedTime { start: at(start), end: at(end) };
    let offered =
        [offer("2026-05-18T08:00:00Z", "2026-05-18T08:30:00Z"), offer("2026-05-19T13:00:00Z", "2026-05-19T13:30:00Z")];
    let rows = [
        ("The second one works.", vec![offered[1].start]),
        ("Slot two is fine, put it in.", vec![offered[1].start]),
        ("Option 1 please", vec![offered[0].start]),
        ("Die zweite Option passt", vec![offered[1].start]),
        ("The first one doesn't work.", vec![]),
        ("Both work for me", vec![offered[0].start, offered[1].start]),
        ("2pm is good", vec![offered[1].start]),
    ];
    let london = TimeZone::get(LONDON).unwrap();
    let context = TimeContext {
        sent_at: at("2026-05-13T09:20:00Z"),
        sender_zone: &london,
        sender_zone_name: LONDON,
        workspace_zone: &london,
        offered: &offered,
    };
    for (text, expected) in rows {
        let starts: Vec<Timestamp> = read_times(text, &context).proposals.iter().map(|p| p.start).collect();
        assert_eq!(starts, expected, "{text:?}");
    }
}

#[test]
fn a_proposal_quotes_the_words_it_was_read_from_and_its_zone() {
    let found = read(LONDON, "Sure, let's take Monday at 3pm ET. Or book: https://calendly.com/ann/30min");
    assert_eq!(found.proposals[0].source_text, "Monday at 3pm ET");
    assert_eq!(found.proposals[0].zone, "America/New_York");
    assert_eq!(found.booking_links, ["https://calendly.com/ann/30min"]);
    assert_eq!(read(INDIA, "हाँ, कल सुबह 10 बजे ठीक").proposals[0].source_text, "कल सुबह 10 बजे");
}

fn read(zone: &str, text: &str) -> TimesFound {
    read_sent(zone, date(2026, 5, 13).at(10, 20, 0, 0), text)
}

fn read_sent(zone_name: &str, sent: DateTime, text: &str) -> TimesFound {
    let zone = TimeZone::get(zone_name).unwrap();
    let context = TimeContext {
        sent_at: sent.to_zoned(zone.clone()).unwrap().timestamp(),
        sender_zone: &zone,
        sender_zone_name: zone_name,
        workspace_zone: &TimeZone::get(BERLIN).unwrap(),
        offered: &[],
    };
    read_times(text, &context)
}

fn keeps_its_promises(text: &str) {
    let found = read(YORK, text);
    assert!(found.proposals.len() <= MAX_PROPOSALS);
    for proposal in &found.proposals {
        assert!(text.contains(&proposal.source_text), "{text:?}");
        assert!(proposal.end.is_none_or(|end| end > proposal.start), "{text:?}");
    }
    assert!(found.booking_links.iter().all(|link| text.contains(link.as_str())), "{text:?}");
}

/// Digits, signs and the words of the grammar in any order: the worst a sender can do on purpose.
fn hostile() -> impl Strategy<Value = String> {
    let word = prop::sample::select(vec![
        "monday",
        "mon",
        "next",
        "week",
        "at",
        "3",
        "12",
        "14.5.",
        "9:30",
        "-",
        "/",
        ".",
        "or",
        "and",
        ",",
        "not",
        "pm",
        "half",
        "to",
        "from",
        "until",
        "ab",
        "morgen",
        "à",
        "h",
        "का",
        "बजे",
        "२",
        "(",
        "GMT",
        "+99",
        "the",
        "32nd",
        "0",
        "00",
        "99:99",
        "29 feb",
        "31.11.",
        "in",
        "600",
        "minutes",
        "ke baad",
        "any day",
        "but",
        "same time",
        "\n",
        ">",
        "ß",
        "İ",
        "😀",
    ]);
    prop::collection::vec(word, 0..60).prop_map(|words| words.join(" "))
}

proptest! {
    #[test]
    fn any_text_keeps_the_promises(text in any::<String>()) {
        keeps_its_promises(&text);
    }

    #[test]
    fn any_heap_of_date_words_keeps_the_promises(text in hostile()) {
        keeps_its_promises(&text);
    }
}

#[test]
fn two_thousand_digits_are_read_like_any_text() {
    for pattern in ["1", "12 ", "9:30 ", "1.2.", "3/4/", "10-11-", "(5)", "mon 3 or ", "to 5 "] {
        keeps_its_promises(&pattern.repeat(2000 / pattern.len()));
    }
}

#[test]
fn t11_any_place_of_the_zone_database_names_its_zone() {
    // 13:00 UTC is 14:00 in London.
    check(&[
        (LONDON, "Monday 3pm Prague time", "18T14:00"),
        (LONDON, "Monday 15:00 Copenhagen time", "18T14:00"),
        (LONDON, "Monday at 3pm (Oslo time)", "18T14:00"),
        (LONDON, "Monday at 3pm Budapest time", "18T14:00"),
        (LONDON, "Monday at 15:00 Buenos Aires time", "18T19:00"),
        (LONDON, "Monday at 6am AKST", "18T15:00"),
        (LONDON, "Monday at 6am HST", "18T17:00"),
        (MADRID, "el lunes a las 15:00 hora de Oslo", "18T15:00"),
    ]);
}

#[test]
fn t11_the_time_of_an_unknown_place_is_the_sender_s_and_a_person_looks() {
    let cases = [
        ("Monday at 3pm Sioux Falls time?", true),
        ("Monday at 3pm, Winterfell time", true),
        ("Monday at 3pm Prague time", false),
        ("Monday at 3pm my time", false),
        ("Monday at 3pm, time permitting", false),
        ("Monday at 3pm. Which time suits you?", false),
    ];
    for (text, ambiguous) in cases {
        let found = read(LONDON, text);
        let read: Vec<bool> = found.proposals.iter().map(|proposal| proposal.ambiguous).collect();
        assert_eq!(read, [ambiguous], "{text}");
    }
}
