//! The physical trees. A *table* (declared by its room, see `table.rs`) lives inside one of them; rooms
//! never name a tree that is not listed here, and the list holds at most 24 (STORAGE rule: each tree costs
//! memory and a place in every commit).

/// One physical keyspace. The number is stored in chunk keys and backups: never reuse one.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
#[repr(u8)]
pub enum Tree {
    /// Schema number, instance facts.
    Meta = 0,
    /// Users, sessions, sign-in state, workspaces, members, keys for programs.
    Identity = 1,
    /// Grants to outside accounts and the record of calls made with them.
    Connections = 2,
    /// Contacts and what hangs on them.
    Contacts = 3,
    /// Rows without a value: order, membership, uniqueness by keyed hash.
    Index = 4,
    /// Sealed posting blocks of the search index.
    Search = 5,
    /// Messages, deliveries, replies, suppressions.
    Messages = 6,
    /// Sequences, steps, enrolments.
    Outreach = 7,
    /// Workers, drafts, snippets, decisions.
    Agents = 8,
    /// Schedules, claimed time, bookings.
    Bookings = 9,
    /// The event log and its cursors.
    Events = 10,
    /// Job records.
    Jobs = 11,
    /// Which job is due when.
    JobsDue = 12,
    /// Which job is in whose hands.
    JobLeases = 13,
    /// What became of jobs.
    Outcomes = 14,
    /// Who did what.
    Audit = 15,
    /// Counters and daily figures.
    Counters = 16,
    /// Parts of values above the size limit.
    Chunks = 17,
    /// Uploads in work (imports).
    Imports = 18,
}

impl Tree {
    pub const ALL: [Tree; 19] = [
        Tree::Meta,
        Tree::Identity,
        Tree::Connections,
        Tree::Contacts,
        Tree::Index,
        Tree::Search,
        Tree::Messages,
        Tree::Outreach,
        Tree::Agents,
        Tree::Bookings,
        Tree::Events,
        Tree::Jobs,
        Tree::JobsDue,
        Tree::JobLeases,
        Tree::Outcomes,
        Tree::Audit,
        Tree::Counters,
        Tree::Chunks,
        Tree::Imports,
    ];

    /// The tree's name on disk and in backups.
    pub fn name(self) -> &'static str {
        match self {
            Tree::Meta => "meta",
            Tree::Identity => "identity",
            Tree::Connections => "connections",
            Tree::Contacts => "contacts",
            Tree::Index => "index",
            Tree::Search => "search",
            Tree::Messages => "messages",
            Tree::Outreach => "outreach",
            Tree::Agents => "agents",
            Tree::Bookings => "bookings",
            Tree::Events => "events",
            Tree::Jobs => "jobs",
            Tree::JobsDue => "jobs_due",
            Tree::JobLeases => "job_leases",
            Tree::Outcomes => "outcomes",
            Tree::Audit => "audit",
            Tree::Counters => "counters",
            Tree::Chunks => "chunks",
            Tree::Imports => "imports",
        }
    }

    pub fn parse(name: &str) -> Option<Tree> {
        Tree::ALL.into_iter().find(|tree| tree.name() == name)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn trees_stand_in_the_order_of_their_numbers_and_stay_few() {
        assert!(Tree::ALL.len() <= 24);
        for (number, tree) in Tree::ALL.into_iter().enumerate() {
            assert_eq!(tree as usize, number);
            assert_eq!(Tree::parse(tree.name()), Some(tree));
        }
    }
}
