use super::world::Shared;
use super::OwnerAccount;
use crate::base::UnixMillis;
use std::sync::Arc;
pub(super) struct People;
impl People {
    pub fn cast(_o: &OwnerAccount) -> Self {
        Self
    }
    pub fn nobody() -> Self {
        Self
    }
    pub fn hear(&mut self, _r: &str, _m: &Arc<[u8]>, _n: UnixMillis) {}
    pub fn next_due(&self) -> Option<UnixMillis> {
        None
    }
}
pub(super) fn run_due(_s: &Shared, _n: UnixMillis) -> usize {
    0
}
pub(super) fn leads_csv() -> String {
    String::new()
}
