//! Doing what is due: writing, bouncing, accepting, unsubscribing.

use std::sync::Arc;

use url::Url;

use super::click::Click;
use super::compose::{self, zone_of, Parent};
use super::offers::Offer;
use super::queue::{Deed, What};
use super::script::{Act, Character};
use super::{reports, unsubscribe};
use crate::base::UnixMillis;
use crate::sandbox::world::{Shared, World};

const ABSENCE_DAYS: i64 = 5;

/// What a person does at the product itself.
enum Outside {
    Unsubscribe(Url),
    Click(Click),
}

/// Does everything due by `now`; returns how many deeds that were.
pub(in crate::sandbox) fn run_due(shared: &Shared, now: UnixMillis) -> usize {
    let mut done = 0;
    loop {
        let outside = {
            let mut world = shared.world();
            let Some((due, deed)) = world.people.take_due(now) else { return done };
            perform(&mut world, &deed, due)
        };
        // The world is free again: the product may call back while it is being called.
        match outside {
            Some(Outside::Unsubscribe(url)) => unsubscribe::press(&url),
            Some(Outside::Click(click)) => click.press(),
            None => {}
        }
        done += 1;
    }
}

/// Does one thing. What must be called outside of the sandbox is returned.
fn perform(world: &mut World, deed: &Deed, due: UnixMillis) -> Option<Outside> {
    let (character, last) = world.people.doer(deed);
    match &deed.what {
        What::AcceptInvitation { uid, thanks } => {
            world.google.calendars.respond(uid, character.email, "accepted", due);
            if *thanks && !character.thanks.is_empty() {
                write(world, character, &last.unwrap_or_else(|| deed.mail.clone()), character.thanks, due);
            }
        }
        What::Act(act, chosen) => return act_out(world, character, &deed.mail, act, chosen.as_ref(), due),
    }
    None
}

fn act_out(
    world: &mut World,
    character: &Character,
    mail: &[u8],
    act: &Act,
    chosen: Option<&Offer>,
    due: UnixMillis,
) -> Option<Outside> {
    let parent = Parent::of(mail);
    match act {
        Act::Write(words) => write(world, character, mail, words, due),
        Act::Click(which, words) => {
            if let Some(click) = Click::of(mail, *which, character) {
                return Some(Outside::Click(click));
            }
            accept(world, character, mail, words, chosen, due);
        }
        Act::Accept(_, words) => accept(world, character, mail, words, chosen, due),
        Act::OutOfOffice(prefix, words) => {
            let back = due.in_zone(&zone_of(character)).date().saturating_add(jiff::Span::new().days(ABSENCE_DAYS));
            let words = words.replace("{return}", &character.language.date(back));
            send(world, &parent, compose::automatic(character, &parent, prefix, &words, due));
        }
        Act::Bounce(bounce) => send(world, &parent, reports::failure(character, &parent, *bounce, due)),
        Act::Unsubscribe(words) => {
            let url = unsubscribe::address_in(mail);
            if url.is_none() {
                write(world, character, mail, words, due);
            }
            return url.map(Outside::Unsubscribe);
        }
        Act::Ignore => {}
    }
    None
}

/// Says in words which time it is to be.
fn accept(world: &mut World, character: &Character, mail: &[u8], words: &str, chosen: Option<&Offer>, due: UnixMillis) {
    let when = chosen.map(|offer| offer.said(character.language)).unwrap_or_default();
    write(world, character, mail, &capitalised(&words.replace("{when}", &when)), due);
}

fn write(world: &mut World, character: &Character, mail: &[u8], words: &str, due: UnixMillis) {
    let parent = Parent::of(mail);
    let writer = parent.head.from_name.split(' ').next().unwrap_or_default();
    let words = words.replace(" {owner}", &if writer.is_empty() { String::new() } else { format!(" {writer}") });
    send(world, &parent, compose::reply(character, &parent, &words, due));
}

fn send(world: &mut World, parent: &Parent, mail: Option<Arc<[u8]>>) {
    if let Some((mail, to)) = mail.zip(parent.reply_address()) {
        world.deliver(&mail, &[to.email.to_string()]);
    }
}

/// A sentence begins with a capital, also where a weekday in lower case came first.
fn capitalised(text: &str) -> String {
    let mut characters = text.chars();
    characters.next().map(|first| first.to_uppercase().chain(characters).collect()).unwrap_or_default()
}
