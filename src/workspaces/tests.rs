//! What workspaces promise, tried at their services.

use std::time::Duration;

use super::invitations::{self, AcceptError};
use super::settings::SettingsForm;
use super::setup::SetUp;
use super::*;
use crate::app::App;
use crate::authz::{Actor, Denied, Permission, Role};
use crate::base::{EmailAddress, UserId, WorkspaceId};
use crate::identity::{self, AccountError, Admitted, Client};
use crate::mailer;
use crate::testing::{self, TestApp};

const PASSWORD: &str = "kettle-orbit-7f";

fn client() -> Client {
    Client { address: "203.0.113.24".parse().unwrap(), device: "Firefox on Mac".into() }
}

fn email(text: &str) -> EmailAddress {
    EmailAddress::parse(text).unwrap()
}

fn add(app: &App, address: &str, workspace: &str, role: Role) -> Result<AddedUser, SetupError> {
    let name = address.split('@').next().unwrap().to_owned();
    let add = AddUser {
        email: email(address),
        name,
        workspace: workspace.into(),
        role,
        password: PASSWORD.into(),
        api_key: false,
    };
    add_user(app, &add)
}

/// A member of the test's workspace, acting.
fn member(test: &TestApp, address: &str, role: Role) -> Actor {
    let added = add(&test.app, address, "fernhill", role).unwrap();
    let user: UserId = added.user_id.parse().unwrap();
    Actor { user: Some(user), role, ..test.owner.clone() }
}

fn role_of(app: &App, actor: &Actor, user: UserId) -> Option<Role> {
    members::list(app, actor)
        .unwrap()
        .into_iter()
        .find(|(member, _)| member.user == user)
        .map(|(member, _)| member.role)
}

fn token(link: &str) -> String {
    link.rsplit('/').next().unwrap().to_owned()
}

#[test]
fn the_last_owner_cannot_leave_nor_become_less() {
    let test = testing::app();
    let owner = member(&test, "nora@fernhill.example", Role::Owner);
    let me = owner.user.unwrap();
    assert!(matches!(members::remove(&test.app, &owner, me), Err(WorkspaceError::LastOwner)));
    assert!(matches!(members::change_role(&test.app, &owner, me, Role::Admin), Err(WorkspaceError::LastOwner)));
    assert_eq!(role_of(&test.app, &owner, me), Some(Role::Owner));

    let second = member(&test, "sam@fernhill.example", Role::Admin);
    members::change_role(&test.app, &owner, second.user.unwrap(), Role::Owner).unwrap();
    members::remove(&test.app, &owner, me).unwrap();
    assert_eq!(role_of(&test.app, &second, me), None);
}

#[test]
fn only_owners_touch_owners_and_nobody_below_admin_touches_anybody() {
    let test = testing::app();
    let owner = member(&test, "nora@fernhill.example", Role::Owner);
    let admin = member(&test, "adam@fernhill.example", Role::Admin);
    let agent = member(&test, "gwen@fernhill.example", Role::Agent);
    let (owner_id, agent_id) = (owner.user.unwrap(), agent.user.unwrap());
    let denied = |outcome: Result<(), WorkspaceError>, permission| match outcome {
        Err(WorkspaceError::Denied(Denied { permission: found, .. })) => assert_eq!(found, permission),
        other => panic!("{permission:?}: {other:?}"),
    };
    denied(members::change_role(&test.app, &admin, agent_id, Role::Owner), Permission::GrantOwner);
    denied(members::change_role(&test.app, &admin, owner_id, Role::Viewer), Permission::GrantOwner);
    denied(members::remove(&test.app, &admin, owner_id), Permission::GrantOwner);
    denied(members::change_role(&test.app, &agent, agent_id, Role::Admin), Permission::ManageTeam);
    denied(members::remove(&test.app, &agent, admin.user.unwrap()), Permission::ManageTeam);
    let invited = invitations::invite(&test.app, &admin, &email("x@y.example"), Role::Owner).map(drop);
    denied(invited, Permission::GrantOwner);
    members::remove(&test.app, &agent, agent_id).expect("everybody may leave");
}

#[test]
fn who_leaves_takes_all_keys_along_however_many() {
    let test = testing::app();
    let leaver = member(&test, "sam@fernhill.example", Role::Admin);
    let owner = member(&test, "nora@fernhill.example", Role::Owner);
    let made = |by: &Actor| keys::prepare(test.workspace, "Site", Role::Viewer, by.user, test.app.now()).0;
    let mut all: Vec<ApiKey> = (0..=rows::MOST).map(|_| made(&leaver)).collect();
    all.push(made(&owner));
    for batch in all.chunks(50) {
        test.app.store.write(|txn| batch.iter().try_for_each(|key| rows::insert_key(txn, key))).unwrap();
    }
    members::remove(&test.app, &owner, leaver.user.unwrap()).unwrap();
    let left = test.app.store.read(|txn| rows::all_keys(txn, test.workspace)).unwrap();
    assert_eq!(left.iter().map(|key| key.made_by).collect::<Vec<_>>(), [owner.user]);
}

#[test]
fn a_member_of_another_workspace_is_not_found() {
    let test = testing::app();
    let other = testing::add_workspace(&test.app, "Lakeside", "lakeside");
    let added = add(&test.app, "olga@lakeside.example", "lakeside", Role::Admin).unwrap();
    let stranger: UserId = added.user_id.parse().unwrap();
    let removed = members::remove(&test.app, &test.owner, stranger);
    assert!(matches!(removed, Err(WorkspaceError::NotFound)));
    let theirs = Actor { workspace: other, ..test.owner.clone() };
    let (key, _) = keys::make(&test.app, &theirs, "Site", Role::Viewer).unwrap();
    assert!(matches!(keys::end(&test.app, &test.owner, key.id), Err(WorkspaceError::NotFound)));
    let invited = invitations::invite(&test.app, &theirs, &email("x@y.example"), Role::Viewer).unwrap();
    let withdrawn = invitations::withdraw(&test.app, &test.owner, invited.invitation.id);
    assert!(matches!(withdrawn, Err(WorkspaceError::NotFound)));
}

#[test]
fn an_invitation_makes_one_account_with_the_role_and_works_once() {
    let test = testing::app();
    let invited = invitations::invite(&test.app, &test.owner, &email("Gwen@mill.example"), Role::Agent).unwrap();
    assert!(!invited.mailed, "no [mail] is configured: the link is passed on by hand");
    let secret = token(&invited.link);
    let offer = invitations::look(&test.app, &secret).unwrap();
    assert_eq!((offer.workspace.name.as_str(), offer.has_account), ("Fernhill Heat Pumps", false));
    let weak = invitations::accept_as_new(&test.app, &secret, "Gwen Hartley", "Hartley1", &client());
    assert!(
        matches!(&weak, Err(AcceptError::Account(AccountError::Invalid(wrong))) if wrong.fields().eq(["password"]))
    );
    let (session, workspace) =
        invitations::accept_as_new(&test.app, &secret, "Gwen Hartley", PASSWORD, &client()).unwrap();
    assert_eq!(workspace.id, test.workspace);
    let (row, user) = identity::find_by_cookie(&test.app, session.secret.expose()).unwrap().unwrap();
    assert_eq!((row.workspace, user.email.display()), (Some(test.workspace), "Gwen@mill.example"));
    assert_eq!(role_of(&test.app, &test.owner, user.id), Some(Role::Agent));

    let again = invitations::accept_as_new(&test.app, &secret, "Eve", PASSWORD, &client());
    assert!(matches!(again, Err(AcceptError::Workspace(WorkspaceError::LinkEnded))), "{again:?}");
    let member = invitations::invite(&test.app, &test.owner, &email("gwen@mill.example"), Role::Admin);
    assert!(matches!(member, Err(WorkspaceError::AlreadyMember(_))));
}

#[test]
fn an_invitation_is_for_one_address_for_a_week_and_only_the_newest_holds() {
    let test = testing::app();
    test.app.clock.advance(Duration::from_secs(1));
    let other = testing::add_workspace(&test.app, "Lakeside", "lakeside");
    add(&test.app, "olga@lakeside.example", "lakeside", Role::Owner).unwrap();
    add(&test.app, "eve@lakeside.example", "lakeside", Role::Owner).unwrap();
    let find = |address: &str| test.app.store.read(|txn| identity::find_by_login(txn, address)).unwrap().unwrap();
    let (olga, eve) = (find("olga@lakeside.example"), find("eve@lakeside.example"));
    let invite = || {
        let invited = invitations::invite(&test.app, &test.owner, &olga.email, Role::Viewer).unwrap();
        token(&invited.link)
    };
    let first = invite();
    let second = invite();
    assert!(matches!(invitations::look(&test.app, &first), Err(WorkspaceError::LinkEnded)));
    assert!(matches!(invitations::accept(&test.app, &eve, &second), Err(AcceptError::OtherAddress)));
    let new = invitations::accept_as_new(&test.app, &second, "Olga", PASSWORD, &client());
    assert!(matches!(new, Err(AcceptError::SignInFirst)), "an account is never made twice");
    invitations::accept(&test.app, &olga, &second).unwrap();
    let mine: Vec<WorkspaceId> = of_user(&test.app, olga.id).unwrap().into_iter().map(|(w, _)| w.id).collect();
    assert_eq!(mine, [test.workspace, other]);

    let late = token(&invitations::invite(&test.app, &test.owner, &eve.email, Role::Viewer).unwrap().link);
    test.app.clock.advance(Duration::from_secs(7 * 24 * 3600));
    assert!(matches!(invitations::accept(&test.app, &eve, &late), Err(AcceptError::Workspace(_))));
    assert!(invitations::list(&test.app, &test.owner).unwrap().is_empty());
}

#[test]
fn an_invitation_goes_by_mail_where_the_server_sends_any() {
    let test = testing::app_with(&[
        ("LAUNCHYARD_MAIL__HOST", "127.0.0.1"),
        ("LAUNCHYARD_MAIL__SECURITY", "plain"),
        ("LAUNCHYARD_MAIL__FROM", "server@reach.example"),
    ]);
    let invited = invitations::invite(&test.app, &test.owner, &email("gwen@mill.example"), Role::Agent).unwrap();
    assert!(invited.mailed);
    let letters = mailer::waiting(&test.app.store).unwrap();
    assert_eq!(letters.len(), 1);
    assert_eq!(letters[0].subject, "Nora Whitfield invites you to Fernhill Heat Pumps");
    assert!(letters[0].text.contains(&invited.link) && letters[0].html.contains(&invited.link));
}

#[test]
fn a_keys_secret_is_shown_once_and_opens_its_workspace_until_it_is_ended() {
    let test = testing::app();
    let owner = member(&test, "olive@fernhill.example", Role::Owner);
    let (key, secret) = keys::make(&test.app, &owner, "Website form", Role::Agent).unwrap();
    assert!(secret.starts_with(&format!("{}.", key.id.sid())), "{secret}");
    let program = find_program(&test.app, &secret).unwrap().unwrap();
    assert_eq!((program.api_key, program.user, program.role), (Some(key.id), None, Role::Agent));
    assert_eq!(program.workspace, test.workspace);
    let listed = keys::list(&test.app, &test.owner).unwrap();
    assert_eq!(listed[0].key.used_at, Some(test.app.now()));
    assert_eq!(listed[0].maker.as_ref().map(|(_, role)| *role), Some(Role::Owner));
    assert!(find_program(&test.app, &key.id.sid()).unwrap().is_none(), "the name alone opens nothing");
    keys::end(&test.app, &test.owner, key.id).unwrap();
    assert!(find_program(&test.app, &secret).unwrap().is_none());

    let admin = Actor { role: Role::Admin, ..test.owner.clone() };
    let above = keys::make(&test.app, &admin, "Too much", Role::Owner);
    assert!(matches!(&above, Err(WorkspaceError::Invalid(wrong)) if wrong.fields().eq(["role"])));
    let by_program = Actor { user: None, api_key: Some(key.id), ..test.owner.clone() };
    assert!(matches!(keys::make(&test.app, &by_program, "Child", Role::Viewer), Err(WorkspaceError::Denied(_))));
}

#[test]
fn a_key_is_made_only_by_who_has_just_proved_who_they_are() {
    let test = testing::app();
    let admin = member(&test, "adam@fernhill.example", Role::Admin);
    let entered = identity::sign_in(&test.app, "adam@fernhill.example", PASSWORD, &client(), "/").unwrap();
    let Admitted::Session(session) = entered else { panic!("no second step") };
    let (row, _) = identity::find_by_cookie(&test.app, session.secret.expose()).unwrap().unwrap();
    let admin = Actor { session: Some(row.id), ..admin };
    keys::make(&test.app, &admin, "Site", Role::Viewer).unwrap();
    test.app.clock.advance(identity::PROOF_HOLDS);
    let refused = keys::make(&test.app, &admin, "Site", Role::Viewer);
    assert!(matches!(refused, Err(WorkspaceError::ProofNeeded)));
}

#[test]
fn settings_change_what_they_say_and_keep_short_names_unique() {
    let test = testing::app();
    testing::add_workspace(&test.app, "Lakeside", "lakeside");
    let form = SettingsForm {
        name: "Fernhill Ltd".into(),
        slug: "Fernhill-Ltd".into(),
        time_zone: "Europe/Dublin".into(),
        postal_address: " 1 Mill Lane \r\n\r\n Kendal ".into(),
        discloses_ai: true,
        link_hosts: Some("https://www.Fernhill.example/offer?a=1\r\nfernhill.example, maps.example:443".into()),
        routing: Some(Routing { opt_out: 40, send: 95, ..Routing::default() }),
    };
    let saved = settings::change(&test.app, &test.owner, &form).unwrap();
    assert_eq!((saved.slug.as_str(), saved.postal_address.as_str()), ("fernhill-ltd", "1 Mill Lane\nKendal"));
    assert_eq!(saved.link_hosts, ["fernhill.example", "maps.example"]);
    assert_eq!((saved.routing.opt_out, saved.routing.send, saved.routing.book), (40, 95, 90));
    let as_it_is = SettingsForm { link_hosts: None, routing: None, ..form.clone() };
    assert_eq!(settings::change(&test.app, &test.owner, &as_it_is).unwrap(), saved, "what is not said stays");
    let wrong = [
        ("slug", SettingsForm { slug: "lakeside".into(), ..form.clone() }),
        ("slug", SettingsForm { slug: "-a".into(), ..form.clone() }),
        ("name", SettingsForm { name: " ".into(), ..form.clone() }),
        ("time_zone", SettingsForm { time_zone: "Europe/Atlantis".into(), ..form.clone() }),
        ("postal_address", SettingsForm { postal_address: "x".repeat(401), ..form.clone() }),
        ("send", SettingsForm { routing: Some(Routing { send: 89, ..Routing::default() }), ..form.clone() }),
        ("opt_out", SettingsForm { routing: Some(Routing { opt_out: 71, ..Routing::default() }), ..form.clone() }),
        ("link_hosts", SettingsForm { link_hosts: Some("our site".into()), ..form.clone() }),
    ];
    for (field, form) in wrong {
        let refused = settings::change(&test.app, &test.owner, &form);
        assert!(matches!(&refused, Err(WorkspaceError::Invalid(wrong)) if wrong.fields().eq([field])), "{refused:?}");
    }
    let trail = settings::audit_trail(&test.app, &test.owner, None).unwrap();
    assert_eq!(trail.rows[0].act, "workspace.changed");
    assert_eq!(
        trail.rows[0].detail,
        "name, short name, time zone, postal address, AI note, links, how surely replies are read"
    );
    let agent = Actor { role: Role::Agent, ..test.owner.clone() };
    assert!(matches!(settings::change(&test.app, &agent, &form), Err(WorkspaceError::Denied(_))));
    assert!(matches!(settings::audit_trail(&test.app, &agent, None), Err(WorkspaceError::Denied(_))));
}

#[test]
fn the_command_line_adds_people_and_makes_what_is_missing() {
    let test = testing::app();
    let add_with_key = |address: &str, workspace: &str, role| {
        let name = "Nora".to_owned();
        let password = PASSWORD.to_owned();
        let add = AddUser { email: email(address), name, workspace: workspace.into(), role, password, api_key: true };
        add_user(&test.app, &add)
    };
    let first = add_with_key("nora@new.example", "New Business", Role::Viewer).unwrap();
    assert_eq!((first.workspace_slug.as_str(), first.role), ("new-business", Role::Owner), "a workspace has an owner");
    let workspace = WorkspaceId::parse_sid(&first.workspace_sid).unwrap();
    let program = find_program(&test.app, first.api_key.as_deref().unwrap()).unwrap().unwrap();
    assert_eq!((program.workspace, program.role), (workspace, Role::Owner));
    let user = identity::get(&test.app.store, first.user_id.parse().unwrap()).unwrap().unwrap();
    assert!(user.is_operator, "the first account of the server");

    let second = add_with_key("sam@new.example", &first.workspace_sid, Role::Agent).unwrap();
    assert_eq!((second.workspace_slug.as_str(), second.role), ("new-business", Role::Agent));
    let known = add_with_key("sam@new.example", "fernhill", Role::Viewer).unwrap();
    assert_eq!(known.user_id, second.user_id, "one account, two workspaces");
    assert!(matches!(add_with_key("sam@new.example", "fernhill", Role::Admin), Err(SetupError::AlreadyThere(_))));
    let nowhere = WorkspaceId::new(test.app.now()).sid();
    assert!(matches!(add_with_key("sam@new.example", &nowhere, Role::Admin), Err(SetupError::NoSuchWorkspace)));
    let json = serde_json::to_value(&known).unwrap();
    assert_eq!(json["workspace_slug"], "fernhill");
}

#[test]
fn the_first_start_makes_owner_and_workspace_together_and_only_once() {
    let test = testing::app();
    let secret = token(&owner_link(&test.app).unwrap());
    let form = SetUp {
        name: "Nora Whitfield".into(),
        email: "nora@fernhill.example".into(),
        password: "fernhill2026".into(),
        workspace: "Fernhill".into(),
        time_zone: "Europe/London".into(),
    };
    let refused = setup::set_up(&test.app, &secret, &form, &client());
    assert!(
        matches!(&refused, Err(SetupError::Account(AccountError::Invalid(wrong))) if wrong.fields().eq(["password"])),
        "{refused:?}"
    );
    let form = SetUp { password: PASSWORD.into(), ..form };
    let session = setup::set_up(&test.app, &secret, &form, &client()).unwrap();
    let (row, user) = identity::find_by_cookie(&test.app, session.secret.expose()).unwrap().unwrap();
    assert!(user.is_operator);
    let mine = of_user(&test.app, user.id).unwrap();
    assert_eq!(mine.len(), 1);
    assert_eq!((Some(mine[0].0.id), mine[0].1), (row.workspace, Role::Owner));
    assert_eq!(mine[0].0.slug, "fernhill-2", "the short name was taken");
    let again = SetUp { email: "eve@evil.example".into(), ..form };
    assert!(matches!(setup::set_up(&test.app, &secret, &again, &client()), Err(SetupError::LinkEnded)));
    assert_eq!(owner_link(&test.app), None);
}

#[test]
fn a_short_name_is_made_of_any_name() {
    let long = "A".repeat(80);
    let cases = [
        ("Fernhill Heat Pumps", "fernhill-heat-pumps"),
        ("  Bäckerei Öhler & Söhne ", "backerei-ohler-sohne"),
        ("株式会社", "workspace"),
        (&long, "workspace"),
    ];
    for (name, expected) in cases {
        assert_eq!(create::slug_of(name), expected, "{name}");
    }
}

#[test]
fn what_a_person_belongs_to_can_be_taken_along_and_erased() {
    use crate::store::Person;
    let test = testing::app();
    let admin = member(&test, "adam@fernhill.example", Role::Admin);
    let other = testing::add_workspace(&test.app, "Lakeside", "lakeside");
    let theirs = Actor { workspace: other, ..test.owner.clone() };
    let invited = invitations::invite(&test.app, &theirs, &email("adam@fernhill.example"), Role::Viewer).unwrap();
    let person = Person::User(admin.user.unwrap());
    let gone = add(&test.app, "adam@fernhill.example", "Hillside", Role::Owner).unwrap();
    let gone = WorkspaceId::parse_sid(&gone.workspace_sid).unwrap();
    closing::remove_again(&test.app, gone, test.app.now()).unwrap();
    for table in TABLES.iter().filter(|table| table.export.is_some()) {
        assert_eq!(table.export.unwrap()(&test.app.store, person).unwrap().len(), 1, "{}", table.info.name);
        assert_eq!(table.erase.unwrap()(&test.app.store, person), Ok(1), "{}", table.info.name);
        assert_eq!(table.erase.unwrap()(&test.app.store, person), Ok(0), "{}", table.info.name);
    }
    assert!(invitations::look(&test.app, &token(&invited.link)).is_err());
    assert!(of_user(&test.app, admin.user.unwrap()).unwrap().is_empty());
}

#[test]
fn whoever_chooses_no_time_zone_gets_the_server_s_own() {
    let test = testing::app_with(&[("LAUNCHYARD_OUTREACH__DEFAULT_TIME_ZONE", "Europe/Berlin")]);
    let user = member(&test, "adam@fernhill.example", Role::Admin).user.unwrap();
    let zones = [("", "Europe/Berlin"), ("Europe/Lisbon", "Europe/Lisbon")];
    for (chosen, expected) in zones {
        assert_eq!(create(&test.app, user, "Another", chosen).unwrap().time_zone, expected);
    }
    let added = add(&test.app, "eve@new.example", "From the command line", Role::Owner).unwrap();
    let made = get(&test.app.store, WorkspaceId::parse_sid(&added.workspace_sid).unwrap()).unwrap().unwrap();
    assert_eq!(made.time_zone, "Europe/Berlin");
}
