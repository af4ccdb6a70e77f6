//! Who may do what: the one place that decides.
//!
//! A request or a job acts as an [`Actor`]; services call [`Actor::require`] before anything else.
//! Roles are rows of one table ([`allows`]). Something of another workspace never comes this far:
//! it is "not found", because stores take the workspace from the actor.

use serde::{Deserialize, Serialize};

use crate::base::{ApiKeyId, SessionId, UserId, WorkspaceId};

/// What a member is in a workspace. The order is that of trust: `Viewer < Agent < Admin < Owner`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Role {
    Viewer,
    Agent,
    Admin,
    Owner,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("a role is one of owner, admin, agent, viewer")]
pub struct InvalidRole;

impl Role {
    /// From the most to the least trusted, as lists show them.
    pub const ALL: [Role; 4] = [Role::Owner, Role::Admin, Role::Agent, Role::Viewer];

    /// The word in URLs, forms, JSON and the command line.
    pub fn as_str(self) -> &'static str {
        match self {
            Role::Owner => "owner",
            Role::Admin => "admin",
            Role::Agent => "agent",
            Role::Viewer => "viewer",
        }
    }

    /// One sentence for the team page.
    pub fn words(self) -> &'static str {
        match self {
            Role::Owner => "Everything, also closing the workspace and making other owners.",
            Role::Admin => "Everything except closing the workspace and making owners.",
            Role::Agent => "Contacts, replies and bookings: reads and changes them. Does not see outreach.",
            Role::Viewer => "Reads contacts, outreach, replies and the calendar. Changes nothing.",
        }
    }
}

impl std::fmt::Display for Role {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(self.as_str())
    }
}

impl std::str::FromStr for Role {
    type Err = InvalidRole;
    fn from_str(text: &str) -> Result<Self, InvalidRole> {
        Role::ALL.into_iter().find(|role| role.as_str() == text).ok_or(InvalidRole)
    }
}

/// Declares the permissions once: name, the roles that have it, and the words of a refusal.
macro_rules! permissions {
    ($($(#[$doc:meta])* $name:ident: $($role:ident)|*, $words:literal;)+) => {
        #[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
        pub enum Permission {
            $($(#[$doc])* $name,)+
        }

        impl Permission {
            pub const ALL: &'static [Permission] = &[$(Permission::$name),+];

            /// What the permission lets a person do, as the end of "You may not …".
            pub fn words(self) -> &'static str {
                match self {
                    $(Permission::$name => $words,)+
                }
            }
        }

        /// The table: has `role` this permission?
        pub fn allows(role: Role, permission: Permission) -> bool {
            match permission {
                $(Permission::$name => [$(Role::$role),*].contains(&role),)+
            }
        }
    };
}

permissions! {
    ViewToday: Owner | Admin | Agent | Viewer, "open this workspace";
    ViewContacts: Owner | Admin | Agent | Viewer, "see contacts";
    EditContacts: Owner | Admin | Agent, "change contacts";
    /// A file at once changes more than one person can look over.
    ImportContacts: Owner | Admin, "import contacts";
    ViewReplies: Owner | Admin | Agent | Viewer, "read replies";
    /// Correct a label, answer, close.
    HandleReplies: Owner | Admin | Agent, "handle replies";
    ViewCalendar: Owner | Admin | Agent | Viewer, "see the calendar";
    EditBookings: Owner | Admin | Agent, "change bookings";
    ViewPayments: Owner | Admin | Agent | Viewer, "see payments";
    RefundPayments: Owner | Admin, "give money back";
    /// The key of the account that the business is paid through.
    ManagePayments: Owner | Admin, "change how guests pay";
    ViewOutreach: Owner | Admin | Viewer, "see outreach";
    EditOutreach: Owner | Admin, "change outreach";
    /// Turning a worker on makes mail leave; turning it off is part of the same trust.
    ActivateWorkers: Owner | Admin, "switch workers on or off";
    ApproveDrafts: Owner | Admin, "approve drafts";
    ViewSuppressions: Owner | Admin | Agent | Viewer, "see who must not be written to";
    /// Whoever hears "do not write to me" must be able to note it at once.
    ManageSuppressions: Owner | Admin | Agent, "add suppressions";
    /// Writing again to somebody who said no is a decision of its own.
    LiftSuppression: Owner | Admin, "lift a suppression";
    ViewConnections: Owner | Admin, "see connections";
    ManageConnections: Owner | Admin, "change connections";
    /// The key of an AI service is the business's money, and its use sends people's words outside.
    ManageEngines: Owner | Admin, "see or change AI engines";
    ManageTeam: Owner | Admin, "change the team";
    ManageWorkspace: Owner | Admin, "change the workspace's settings";
    ManageApiKeys: Owner | Admin, "make or end API keys";
    ViewAudit: Owner | Admin, "read the audit trail";
    GrantOwner: Owner, "make somebody an owner";
    CloseWorkspace: Owner, "close the workspace";
    /// The server itself. No role of a workspace carries it; see [`Actor::is_operator`].
    Operate: , "run the server";
}

/// Permissions that a key for programs never has, whatever its role: a leaked key must not be
/// able to make further keys, members or owners.
const ONLY_FOR_PEOPLE: &[Permission] =
    &[Permission::ManageTeam, Permission::ManageApiKeys, Permission::GrantOwner, Permission::CloseWorkspace];

/// Who asks, in which workspace, and as what. Exactly one of `user` and `api_key` is set, or
/// neither: then it is the program itself.
#[derive(Clone, Debug)]
pub struct Actor {
    pub user: Option<UserId>,
    pub api_key: Option<ApiKeyId>,
    pub workspace: WorkspaceId,
    pub role: Role,
    /// Of a key for programs: what whoever made it is in the workspace now. A key never does more than its maker may.
    pub maker: Option<Role>,
    /// May use the operator's pages. Belongs to the person, not to the workspace.
    pub is_operator: bool,
    /// The browser session, for pages that list and end sessions.
    pub session: Option<SessionId>,
    /// The name that the audit trail and the frame of the page show.
    pub display: String,
}

/// The refusal, in words for the person.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{words}")]
pub struct Denied {
    pub permission: Permission,
    pub words: String,
}

impl Actor {
    /// The program acting by itself in `workspace`: jobs, schedules, event subscribers.
    pub fn system(workspace: WorkspaceId) -> Self {
        Self {
            user: None,
            api_key: None,
            workspace,
            role: Role::Owner,
            maker: None,
            is_operator: false,
            session: None,
            display: "Launchyard".to_owned(),
        }
    }

    pub fn may(&self, permission: Permission) -> bool {
        if permission == Permission::Operate {
            return self.is_operator && self.api_key.is_none();
        }
        let for_people = self.api_key.is_some() && ONLY_FOR_PEOPLE.contains(&permission);
        !for_people && allows(self.role, permission) && self.maker_may(permission)
    }

    /// The role whose permissions it has at most: its own, or that of whoever made the key if that is less.
    pub fn least_role(&self) -> Role {
        self.maker.map_or(self.role, |maker| maker.min(self.role))
    }

    fn maker_may(&self, permission: Permission) -> bool {
        self.maker.is_none_or(|maker| allows(maker, permission))
    }

    pub fn require(&self, permission: Permission) -> Result<(), Denied> {
        if self.may(permission) {
            return Ok(());
        }
        let Self { workspace, user, api_key, .. } = self;
        tracing::info!(%workspace, ?user, ?api_key, ?permission, "refused: not allowed");
        Err(Denied { permission, words: self.refusal(permission) })
    }

    /// Who may, or why this actor may not: the reader should know whom to ask.
    fn refusal(&self, permission: Permission) -> String {
        let act = permission.words();
        if permission == Permission::Operate {
            return format!("Only the operator of this server may {act}.");
        }
        if self.api_key.is_some() && ONLY_FOR_PEOPLE.contains(&permission) {
            return format!("An API key may not {act}. A person has to, signed in.");
        }
        if allows(self.role, permission) && !self.maker_may(permission) {
            return format!("Whoever made this API key may not {act} any more, so the key may not either.");
        }
        let roles: Vec<&str> = Role::ALL.into_iter().filter(|role| allows(*role, permission)).map(plural).collect();
        format!("Only {} may {act}.", roles.join(" and "))
    }
}

fn plural(role: Role) -> &'static str {
    match role {
        Role::Owner => "owners",
        Role::Admin => "admins",
        Role::Agent => "agents",
        Role::Viewer => "viewers",
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::base::UnixMillis;

    fn actor(role: Role) -> Actor {
        let now = UnixMillis(1_700_000_000_000);
        Actor { user: Some(UserId::new(now)), role, ..Actor::system(WorkspaceId::new(now)) }
    }

    /// One line per permission: owner, admin, agent, viewer. A new permission belongs in here.
    const TABLE: &str = "\
        ViewToday          O A G V
        ViewContacts       O A G V
        EditContacts       O A G -
        ImportContacts     O A - -
        ViewReplies        O A G V
        HandleReplies      O A G -
        ViewCalendar       O A G V
        EditBookings       O A G -
        ViewPayments       O A G V
        RefundPayments     O A - -
        ManagePayments     O A - -
        ViewOutreach       O A - V
        EditOutreach       O A - -
        ActivateWorkers    O A - -
        ApproveDrafts      O A - -
        ViewSuppressions   O A G V
        ManageSuppressions O A G -
        LiftSuppression    O A - -
        ViewConnections    O A - -
        ManageConnections  O A - -
        ManageEngines      O A - -
        ManageTeam         O A - -
        ManageWorkspace    O A - -
        ManageApiKeys      O A - -
        ViewAudit          O A - -
        GrantOwner         O - - -
        CloseWorkspace     O - - -
        Operate            - - - -";

    #[test]
    fn each_role_may_do_what_the_table_says_and_nothing_else() {
        let drawn: Vec<String> = Permission::ALL
            .iter()
            .map(|permission| {
                let marks = Role::ALL.into_iter().zip(["O", "A", "G", "V"]);
                let row: Vec<&str> =
                    marks.map(|(role, mark)| if actor(role).may(*permission) { mark } else { "-" }).collect();
                format!("{:<18} {}", format!("{permission:?}"), row.join(" "))
            })
            .collect();
        let expected: Vec<&str> = TABLE.lines().map(str::trim).collect();
        assert_eq!(drawn, expected);
    }

    #[test]
    fn a_viewer_changes_nothing() {
        for permission in Permission::ALL.iter().filter(|p| !format!("{p:?}").starts_with("View")) {
            assert!(actor(Role::Viewer).require(*permission).is_err(), "{permission:?}");
        }
    }

    #[test]
    fn a_refusal_says_who_may() {
        let cases = [
            (Permission::ManageTeam, "Only owners and admins may change the team."),
            (Permission::CloseWorkspace, "Only owners may close the workspace."),
            (Permission::Operate, "Only the operator of this server may run the server."),
        ];
        for (permission, words) in cases {
            assert_eq!(actor(Role::Viewer).require(permission).unwrap_err().words, words);
        }
    }

    #[test]
    fn the_server_is_run_by_an_operator_signed_in_as_a_person() {
        let operator = Actor { is_operator: true, ..actor(Role::Viewer) };
        assert_eq!(operator.require(Permission::Operate), Ok(()));
        let by_key = Actor { api_key: Some(ApiKeyId::new(UnixMillis(1))), user: None, ..operator };
        assert!(by_key.require(Permission::Operate).is_err());
    }

    #[test]
    fn a_key_of_an_owner_makes_no_keys_and_no_members() {
        let key = Actor { api_key: Some(ApiKeyId::new(UnixMillis(1))), user: None, ..actor(Role::Owner) };
        for permission in ONLY_FOR_PEOPLE {
            assert!(key.require(*permission).unwrap_err().words.starts_with("An API key may not"), "{permission:?}");
        }
        assert_eq!(key.require(Permission::EditOutreach), Ok(()));
    }

    #[test]
    fn a_key_never_does_more_than_whoever_made_it_may_do_now() {
        for (role, maker) in Role::ALL.into_iter().flat_map(|role| Role::ALL.map(|maker| (role, maker))) {
            let key =
                Actor { api_key: Some(ApiKeyId::new(UnixMillis(1))), user: None, maker: Some(maker), ..actor(role) };
            for permission in Permission::ALL {
                let both = allows(role, *permission) && allows(maker, *permission);
                let may = both && !ONLY_FOR_PEOPLE.contains(permission);
                assert_eq!(key.may(*permission), may, "{permission:?}: a key of {role}, its maker is {maker}");
            }
        }
        let key =
            Actor { api_key: Some(ApiKeyId::new(UnixMillis(1))), maker: Some(Role::Agent), ..actor(Role::Viewer) };
        let words = "Whoever made this API key may not see outreach any more, so the key may not either.";
        assert_eq!(key.require(Permission::ViewOutreach).unwrap_err().words, words);
    }

    #[test]
    fn roles_are_ordered_by_trust_and_written_in_lower_case() {
        assert!(Role::Owner > Role::Admin && Role::Admin > Role::Agent && Role::Agent > Role::Viewer);
        for role in Role::ALL {
            assert_eq!(role.as_str().parse(), Ok(role));
            assert_eq!(serde_json::to_value(role).unwrap(), role.as_str());
        }
        assert_eq!("root".parse::<Role>(), Err(InvalidRole));
    }
}
