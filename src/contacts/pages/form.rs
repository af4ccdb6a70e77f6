//! Adding a contact and changing one: the same form.

use actix_web::http::StatusCode;
use actix_web::{web, HttpResponse};
use askama::Template;

use crate::app::App;
use crate::authz::{Actor, Permission};
use crate::base::ContactId;
use crate::contacts::model::Source;
use crate::contacts::service::{add_contact, update_contact, ContactError, ContactFields};
use crate::contacts::store;
use crate::contacts::tags::split_tags;
use crate::http::layout::Layout;
use crate::http::respond::with_toast;
use crate::http::ui::FieldErrors;
use crate::http::{html, run, see_other, Cookies, Frame, PageError, Toast};

/// Empty lines for own fields below those that are filled.
const EMPTY_LINES: usize = 2;

#[derive(Template)]
#[template(path = "contacts/form.html")]
struct FormPage {
    layout: Layout,
    /// Where the form posts to, and where "Keep as it is" leads.
    action: String,
    back: String,
    heading: String,
    button: &'static str,
    fields: ContactFields,
    emails: String,
    tags: String,
    own: Vec<OwnField>,
    errors: FieldErrors,
    /// The contact that has the address already.
    duplicate: Option<String>,
}

struct OwnField {
    number: usize,
    name: String,
    value: String,
}

type Pairs = web::Form<Vec<(String, String)>>;

pub(super) async fn new(actor: Actor, frame: Frame) -> Result<HttpResponse, PageError> {
    actor.require(Permission::EditContacts)?;
    html(StatusCode::OK, &page_for_new(&frame, ContactFields::default()))
}

fn page_for_new(frame: &Frame, fields: ContactFields) -> FormPage {
    FormPage {
        action: "/contacts".into(),
        back: "/contacts".into(),
        heading: "Add a contact".into(),
        button: "Add contact",
        ..page(frame.layout("Add a contact"), fields)
    }
}

fn page(layout: Layout, fields: ContactFields) -> FormPage {
    let mut own: Vec<(String, String)> = fields.custom.clone().into_iter().collect();
    own.extend(vec![Default::default(); EMPTY_LINES]);
    let own = own.into_iter().enumerate().map(|(number, (name, value))| OwnField { number, name, value });
    FormPage {
        layout,
        action: String::new(),
        back: String::new(),
        heading: String::new(),
        button: "",
        emails: fields.addresses.join("\n"),
        tags: fields.tags.join(", "),
        own: own.collect(),
        fields,
        errors: FieldErrors::default(),
        duplicate: None,
    }
}

/// The form's fields; `own-name-3` belongs to `own-value-3`.
fn read(pairs: &[(String, String)]) -> ContactFields {
    let value =
        |name: &str| pairs.iter().find(|(key, _)| key == name).map(|(_, value)| value.clone()).unwrap_or_default();
    let own = pairs.iter().filter_map(|(key, name)| {
        let number = key.strip_prefix("own-name-")?;
        let name = name.trim().to_lowercase().replace([' ', '-'], "_");
        (!name.is_empty()).then(|| (name, value(&format!("own-value-{number}"))))
    });
    ContactFields {
        first_name: value("first_name"),
        last_name: value("last_name"),
        addresses: value("email").split(['\n', ',', ';']).map(|one| one.trim().to_owned()).collect(),
        company: value("company"),
        job_title: value("job_title"),
        phone: value("phone"),
        website: value("website"),
        time_zone: value("time_zone"),
        locale: value("locale"),
        custom: own.collect(),
        tags: split_tags(&value("tags")).into_iter().map(str::to_owned).collect(),
    }
}

/// POST /contacts: 303 to the contact; 422 with the form when it does not parse or the address is known.
pub(super) async fn create(
    app: web::Data<App>,
    actor: Actor,
    frame: Frame,
    cookies: web::Data<Cookies>,
    form: Pairs,
) -> Result<HttpResponse, PageError> {
    let fields = read(&form);
    let typed = fields.clone();
    match run(move || add_contact(&app, &actor, &fields, Source::ByHand)).await? {
        Ok(contact) => {
            let toast = Toast::new(format!("{} was added.", contact.name()));
            Ok(with_toast(see_other(&format!("/contacts/{}", contact.id)), &cookies, &toast))
        }
        Err(error) => again(page_for_new(&frame, typed), error),
    }
}

/// The form once more, with what is wrong; other errors are pages of their own.
fn again(page: FormPage, error: ContactError) -> Result<HttpResponse, PageError> {
    let page = match error {
        ContactError::Invalid(errors) => FormPage { errors, ..page },
        ContactError::Duplicate(id) => {
            let mut errors = FieldErrors::default();
            errors.add("email", "Another contact has this address.");
            FormPage { errors, duplicate: Some(format!("/contacts/{id}")), ..page }
        }
        other => return Err(other.into()),
    };
    html(StatusCode::UNPROCESSABLE_ENTITY, &page)
}

pub(super) async fn edit(
    app: web::Data<App>,
    actor: Actor,
    frame: Frame,
    id: web::Path<ContactId>,
) -> Result<HttpResponse, PageError> {
    let id = id.into_inner();
    let contact = run(move || {
        actor.require(Permission::EditContacts)?;
        store::get(&app.store, actor.workspace, id)?.ok_or(ContactError::NotFound)
    })
    .await??;
    html(StatusCode::OK, &page_for_change(&frame, id, &contact.name(), ContactFields::of(&contact)))
}

fn page_for_change(frame: &Frame, id: ContactId, name: &str, fields: ContactFields) -> FormPage {
    let heading = if name.is_empty() { "Change the contact".to_owned() } else { format!("Change {name}") };
    FormPage {
        action: format!("/contacts/{id}/edit"),
        back: format!("/contacts/{id}"),
        button: "Save",
        ..page(frame.layout(heading.clone()), fields)
    }
    .headed(heading)
}

impl FormPage {
    fn headed(self, heading: String) -> Self {
        Self { heading, ..self }
    }
}

/// POST /contacts/{id}/edit
pub(super) async fn update(
    app: web::Data<App>,
    actor: Actor,
    frame: Frame,
    cookies: web::Data<Cookies>,
    id: web::Path<ContactId>,
    form: Pairs,
) -> Result<HttpResponse, PageError> {
    let (id, fields) = (id.into_inner(), read(&form));
    let typed = fields.clone();
    match run(move || update_contact(&app, &actor, id, &fields)).await? {
        Ok(_) => Ok(with_toast(see_other(&format!("/contacts/{id}")), &cookies, &Toast::new("Saved."))),
        Err(error) => {
            let name = format!("{} {}", typed.first_name, typed.last_name);
            again(page_for_change(&frame, id, name.trim(), typed), error)
        }
    }
}
