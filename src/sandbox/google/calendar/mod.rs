use crate::base::UnixMillis;
use crate::sandbox::wire::{Answer, Request};
use crate::sandbox::world::World;
#[derive(Default)]
pub(in crate::sandbox) struct Calendars;
impl Calendars {
    pub fn seed(&mut self, _e: &str, _z: &str, _n: UnixMillis) {}
    pub fn open(&mut self, _e: &str, _z: &str) {}
    pub fn expire_sync(&mut self, _e: &str) {}
    pub fn all_of(&self, _e: &str) -> serde_json::Value {
        serde_json::Value::Null
    }
}
pub(super) fn answer(_w: &mut World, _r: &Request, _p: &[&str]) -> Result<Answer, Answer> {
    Err(super::errors::not_found())
}
