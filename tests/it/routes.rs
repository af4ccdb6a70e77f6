//! Every route of the program, found in the sources, beside a table of what each needs. A route that is missing in the
//! table, or a registration that cannot be read, fails; so nobody adds an address without saying who may use it.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

use launchyard::authz::{Actor, Permission};

/// What a request must bring.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Need {
    /// Nothing, or a secret in the address.
    Public,
    /// To be signed in; it concerns only oneself.
    Signed,
    May(Permission),
}

#[derive(Clone, Debug)]
pub struct Route {
    pub method: &'static str,
    /// As registered, with `{placeholders}`.
    pub path: &'static str,
    pub need: Need,
}

impl Route {
    pub fn changes(&self) -> bool {
        self.method != "GET"
    }

    pub fn is_api(&self) -> bool {
        self.path.starts_with("/v1/")
    }

    /// May `actor` use it?
    pub fn is_open_to(&self, actor: &Actor) -> bool {
        match self.need {
            Need::Public | Need::Signed => true,
            Need::May(permission) => actor.may(permission),
        }
    }
}

/// Method, route, and what it needs.
const TABLE: &str = "
GET    /healthz                                   Public
GET    /readyz                                    Public
GET    /metrics                                   Public
GET    /live                                      Signed
GET    /frame/sending                             Signed
POST   /demo/clock                                Signed

GET    /signin                                    Public
POST   /signin                                    Public
GET    /signin/code                               Public
POST   /signin/code                               Public
GET    /signin/{issuer}                           Public
GET    /signin/{issuer}/return                    Public
POST   /signin/{issuer}/link                      Public
POST   /signout                                   Public
GET    /forgot                                    Public
POST   /forgot                                    Public
GET    /confirm-address/{secret}                  Public
POST   /confirm-address/{secret}                  Public
GET    /reset/{secret}                            Public
POST   /reset/{secret}                            Public
GET    /setup/{secret}                            Public
POST   /setup/{secret}                            Public
GET    /invite/{secret}                           Public
POST   /invite/{secret}                           Signed
POST   /invite/{secret}/account                   Public
GET    /b/embed.js                                Public
GET    /b/{workspace}                             Public
GET    /b/{workspace}/{event}                     Public
POST   /b/{workspace}/{event}                     Public
GET    /b/{workspace}/{event}/embed               Public
GET    /b/{workspace}/route/{form}                Public
POST   /b/{workspace}/route/{form}                Public
POST   /b/{workspace}/{event}/hold                Public
GET    /b/{workspace}/{event}/details             Public
GET    /b/{workspace}/{event}/waitlist            Public
POST   /b/{workspace}/{event}/waitlist            Public
GET    /b/{workspace}/{event}/waitlist/joined     Public
GET    /booking/at/{token}                        Public
POST   /booking/at/{token}                        Public
GET    /booking/{token}                           Public
GET    /booking/{token}/calendar.ics              Public
GET    /booking/{token}/cancel                    Public
POST   /booking/{token}/cancel                    Public
GET    /booking/{token}/move                      Public
POST   /booking/{token}/move                      Public
GET    /waiting/{token}                           Public
POST   /waiting/{token}/confirm                   Public
POST   /waiting/{token}/leave                     Public
GET    /u/{token}                                 Public
POST   /u/{token}                                 Public

GET    /reauth                                    Signed
POST   /reauth                                    Signed
GET    /settings                                  Signed
POST   /settings                                  Signed
GET    /settings/security                         Signed
POST   /settings/security/password                Signed
GET    /settings/security/authenticator           Signed
POST   /settings/security/authenticator           Signed
GET    /settings/security/authenticator/remove    Signed
POST   /settings/security/authenticator/remove    Signed
POST   /settings/security/codes                   Signed
POST   /settings/security/sessions/end            Signed
POST   /settings/security/sessions/{id}/end       Signed
POST   /settings/security/links/end               Signed
GET    /workspaces                                Signed
GET    /workspaces/new                            Signed
POST   /workspaces/new                            Signed
POST   /switch                                    Signed

GET    /settings/workspace                        ManageWorkspace
POST   /settings/workspace                        ManageWorkspace
GET    /settings/workspace/close                  CloseWorkspace
POST   /settings/workspace/close                  CloseWorkspace
POST   /settings/workspace/keep                   CloseWorkspace
GET    /settings/hours                            ViewCalendar
POST   /settings/hours                            ManageWorkspace
GET    /settings/calendars                        EditBookings
POST   /settings/calendars                        EditBookings
GET    /settings/calendars/feed                   EditBookings
POST   /settings/calendars/feed                   EditBookings
POST   /settings/calendars/feed/end               EditBookings
GET    /calendar-feed/{token}                     Public
GET    /settings/calendars/{user}                 ManageConnections
POST   /settings/calendars/{user}                 ManageConnections
GET    /settings/team                             ViewToday
POST   /settings/team/invitations                 ManageTeam
POST   /settings/team/invitations/{id}/withdraw   ManageTeam
POST   /settings/team/{user}/role                 ManageTeam
GET    /settings/team/{user}/remove               ManageTeam
POST   /settings/team/{user}/remove               ManageTeam
GET    /settings/keys                             ManageApiKeys
POST   /settings/keys                             ManageApiKeys
GET    /settings/keys/{key}/end                   ManageApiKeys
POST   /settings/keys/{key}/end                   ManageApiKeys
GET    /settings/audit                            ViewAudit
GET    /settings/engines                          ManageEngines
POST   /settings/engines/key                      ManageEngines
POST   /settings/engines/test                     ManageEngines
POST   /settings/engines/models                   ManageEngines
POST   /settings/engines/budgets                  ManageEngines
GET    /settings/engines/remove                   ManageEngines
POST   /settings/engines/remove                   ManageEngines
GET    /settings/engines/transfers                ManageEngines

GET    /                                          ViewToday
GET    /today/parts/{id}                          ViewToday
GET    /guide                                     ManageWorkspace
POST   /guide/business                            ManageWorkspace
GET    /needs-a-look                              ApproveDrafts
POST   /needs-a-look/{message}/{verdict}          ApproveDrafts

GET    /contacts                                  ViewContacts
POST   /contacts                                  EditContacts
GET    /contacts/new                              EditContacts
POST   /contacts/tags                             EditContacts
GET    /contacts/export.csv                       EditContacts
GET    /contacts/import                           ImportContacts
POST   /contacts/import                           ImportContacts
GET    /contacts/import/{id}                      ImportContacts
POST   /contacts/import/{id}                      ImportContacts
GET    /contacts/import/{id}/refused.csv          ImportContacts
POST   /contacts/import/{id}/{act}                ImportContacts
GET    /contacts/{id}                             ViewContacts
GET    /contacts/{id}/edit                        EditContacts
POST   /contacts/{id}/edit                        EditContacts
POST   /contacts/{id}/tags                        EditContacts
POST   /contacts/{id}/notes                       EditContacts
POST   /contacts/{id}/notes/{note}/remove         EditContacts
POST   /contacts/{id}/addresses/check             EditContacts
POST   /contacts/{id}/page                        EditContacts
POST   /contacts/{id}/page/forget                 EditContacts
POST   /contacts/{id}/page/accept                 EditContacts
POST   /leads/pages                               ImportContacts
GET    /crm                                       ViewConnections
GET    /crm/{vendor}                              ViewConnections
POST   /crm/{vendor}/connect                      ManageConnections
POST   /crm/{vendor}/settings                     ManageConnections
POST   /crm/{vendor}/look                         ManageConnections
POST   /crm/{vendor}/pull                         ManageConnections
POST   /crm/{vendor}/send                         ManageConnections
GET    /crm/{vendor}/disconnect                   ManageConnections
POST   /crm/{vendor}/disconnect                   ManageConnections
GET    /hook                                      ViewConnections
POST   /hook                                      ManageConnections
POST   /hook/settings                             ManageConnections
POST   /hook/end                                  ManageConnections
GET    /webhook                                   ViewConnections
POST   /webhook                                   ManageConnections
POST   /webhook/key                               ManageConnections
POST   /webhook/test                              ManageConnections
GET    /webhook/end                               ManageConnections
POST   /webhook/end                               ManageConnections
POST   /in/{token}                                Public
GET    /settings/payments                         ManagePayments
POST   /settings/payments/key                     ManagePayments
POST   /settings/payments/notices                 ManagePayments
POST   /settings/payments/listen                  ManagePayments
GET    /settings/payments/disconnect              ManagePayments
POST   /settings/payments/disconnect              ManagePayments
GET    /payments                                  ViewPayments
GET    /payments/{payment}                        ViewPayments
POST   /payments/{payment}/refund                 RefundPayments
POST   /payments/{payment}/refund/settle          RefundPayments
GET    /pay/{token}                               Public
POST   /webhooks/stripe/{sid}                     Public
GET    /leads                                     ViewContacts
GET    /leads/export.csv                          EditContacts
GET    /leads/weights                             ViewContacts
POST   /leads/weights                             ManageWorkspace
POST   /contacts/{id}/restrict                    EditContacts
POST   /contacts/{id}/unrestrict                  EditContacts
GET    /contacts/{id}/export                      EditContacts
GET    /contacts/{id}/erase                       EditContacts
POST   /contacts/{id}/erase                       EditContacts

GET    /suppressions                              ViewSuppressions
POST   /suppressions                              ManageSuppressions
GET    /suppressions.csv                          ViewSuppressions
GET    /suppressions/{id}/lift                    LiftSuppression
POST   /suppressions/{id}/lift                    LiftSuppression

GET    /connections                               ViewConnections
GET    /connections/new                           ManageConnections
GET    /connections/google                        ManageConnections
GET    /connections/google/start                  ManageConnections
GET    /connections/google/callback               ManageConnections
GET    /connections/microsoft                     ManageConnections
GET    /connections/microsoft/start               ManageConnections
GET    /connections/microsoft/callback            ManageConnections
GET    /connections/zoom                          ManageConnections
GET    /connections/zoom/start                    ManageConnections
GET    /connections/zoom/callback                 ManageConnections
GET    /connections/webex                         ManageConnections
GET    /connections/webex/start                   ManageConnections
GET    /connections/webex/callback                ManageConnections
GET    /connections/goto                          ManageConnections
GET    /connections/goto/start                    ManageConnections
GET    /connections/goto/callback                 ManageConnections
POST   /hooks/zoom                                Public
POST   /hooks/google                              Public
POST   /hooks/microsoft                           Public
GET    /connections/mailbox                       ManageConnections
POST   /connections/mailbox                       ManageConnections
GET    /connections/{id}                          ViewConnections
POST   /connections/{id}/settings                 ManageConnections
POST   /connections/{id}/check                    ManageConnections
GET    /connections/caldav                        ManageConnections
POST   /connections/caldav                        ManageConnections
GET    /connections/{id}/calendars                ManageConnections
POST   /connections/{id}/calendars                ManageConnections
GET    /connections/{id}/disconnect               ManageConnections
POST   /connections/{id}/disconnect               ManageConnections
GET    /domains                                   ViewConnections
GET    /domains/{domain}                          ViewConnections
POST   /domains/{domain}/check                    ManageConnections
POST   /domains/{domain}/signing                  ManageConnections

POST   /sending/pause                             ActivateWorkers
POST   /sending/resume                            ActivateWorkers
GET    /outreach                                  ViewOutreach
GET    /outreach/new                              EditOutreach
POST   /outreach/new                              EditOutreach
POST   /outreach/leads                            EditOutreach
GET    /outreach/forecast                         ViewOutreach
GET    /outreach/forecast/mails                   ViewOutreach
GET    /outreach/analytics                        ViewOutreach
GET    /outreach/analytics.csv                    ViewOutreach
GET    /outreach/analytics/leads                  ViewOutreach
GET    /outreach/analytics/leads.csv              EditOutreach
GET    /outreach/days-off                         ViewOutreach
POST   /outreach/days-off                         EditOutreach
GET    /outreach/sequences                        ViewOutreach
POST   /outreach/sequences                        EditOutreach
GET    /outreach/sequences/{sequence}             ViewOutreach
POST   /outreach/sequences/{sequence}             EditOutreach
POST   /outreach/sequences/{sequence}/approve     ActivateWorkers
GET    /outreach/sequences/{sequence}/delete      EditOutreach
POST   /outreach/sequences/{sequence}/delete      EditOutreach
GET    /outreach/{worker}                         ViewOutreach
POST   /outreach/{worker}/activate                ActivateWorkers
POST   /outreach/{worker}/pause                   ActivateWorkers
POST   /outreach/{worker}/resume                  ActivateWorkers
POST   /outreach/{worker}/approve                 ActivateWorkers
GET    /outreach/{worker}/delete                  EditOutreach
POST   /outreach/{worker}/delete                  EditOutreach
GET    /outreach/{worker}/activity                ViewOutreach
GET    /outreach/{worker}/booking                 ViewOutreach
POST   /outreach/{worker}/booking                 EditOutreach
GET    /outreach/{worker}/follow-ups              ViewOutreach
POST   /outreach/{worker}/follow-ups              EditOutreach
POST   /outreach/{worker}/follow-ups/approve      ApproveDrafts
POST   /follow-ups/{id}/cancel                    HandleReplies
POST   /replies/{id}/uncorrect                    HandleReplies
POST   /replies/{id}/untag                        EditContacts
POST   /outreach/{worker}/tags                    EditOutreach
POST   /snippets/{id}/restore                     EditOutreach
GET    /outreach/{worker}/dry-run                 ViewOutreach
POST   /outreach/{worker}/dry-run                 ViewOutreach
POST   /outreach/{worker}/dry-run/switch          ActivateWorkers
GET    /outreach/{worker}/autonomy                ViewOutreach
POST   /outreach/{worker}/hand-over               EditOutreach
POST   /outreach/{worker}/autonomy                ActivateWorkers
GET    /outreach/{worker}/leads                   ViewOutreach
GET    /outreach/{worker}/leads/choose            EditOutreach
POST   /outreach/{worker}/leads                   EditOutreach
POST   /outreach/{worker}/leads/tag               EditOutreach
GET    /outreach/{worker}/leads/{lead}/remove     EditOutreach
POST   /outreach/{worker}/leads/{lead}/remove     EditOutreach
POST   /outreach/{worker}/leads/{lead}/{act}      EditOutreach
GET    /outreach/{worker}/sequence                ViewOutreach
POST   /outreach/{worker}/sequence                EditOutreach
GET    /outreach/{worker}/preview                 ViewOutreach
GET    /outreach/{worker}/review                  ViewOutreach
POST   /outreach/{worker}/review                  ApproveDrafts
POST   /outreach/{worker}/test                    EditOutreach
GET    /outreach/{worker}/settings                ViewOutreach
POST   /outreach/{worker}/settings                EditOutreach
GET    /outreach/{worker}/autonomy                ViewOutreach
POST   /outreach/{worker}/autonomy                ActivateWorkers
GET    /outreach/{worker}/mails                   ViewOutreach
GET    /outreach/{worker}/why                     ViewOutreach

GET    /approvals                                 ApproveDrafts
GET    /approvals/queue                           ApproveDrafts
GET    /approvals/{id}                            ApproveDrafts
POST   /approvals/{id}/approve                    ApproveDrafts
POST   /approvals/{id}/reject                     ApproveDrafts
POST   /approvals/{id}/offer                      ApproveDrafts
POST   /approvals/{id}/undo                       ApproveDrafts
GET    /approvals/{id}/edit                       ApproveDrafts
POST   /approvals/{id}/edit                       ApproveDrafts
GET    /approvals/{id}/rewrite                    ApproveDrafts
POST   /approvals/{id}/rewrite                    ApproveDrafts
GET    /outreach/replies                          Signed
GET    /replies                                   ViewReplies
GET    /replies/part                              ViewReplies
GET    /replies/{id}                              ViewReplies
POST   /replies/{id}/correct                      HandleReplies
POST   /replies/{id}/answer                       HandleReplies
POST   /replies/{id}/close                        HandleReplies
POST   /replies/{id}/reopen                       HandleReplies
POST   /replies/{id}/stop-writing                 HandleReplies
POST   /replies/{id}/no-opt-out                   HandleReplies
POST   /replies/{id}/write-again                  LiftSuppression
POST   /replies/{id}/suggested/{index}            EditContacts
GET    /snippets                                  ViewOutreach
POST   /snippets                                  EditOutreach
GET    /snippets/{id}                             ViewOutreach
POST   /snippets/{id}                             EditOutreach
POST   /snippets/{id}/approve                     ApproveDrafts
POST   /snippets/{id}/remove                      EditOutreach

GET    /availability                              ViewCalendar
POST   /availability                              EditBookings
POST   /availability/away                         EditBookings
POST   /availability/trips                        EditBookings
GET    /availability/{schedule}                   ViewCalendar
POST   /availability/{schedule}                   EditBookings
POST   /availability/{schedule}/default           EditBookings
POST   /availability/{schedule}/duplicate         EditBookings
POST   /availability/{schedule}/remove            EditBookings
GET    /booking-messages                          ViewCalendar
POST   /booking-messages                          ManageWorkspace
POST   /booking-messages/own                      ManageWorkspace
GET    /booking-messages/{kind}                   ViewCalendar
POST   /booking-messages/{kind}                   ManageWorkspace
POST   /booking-messages/{kind}/preview           ManageWorkspace
POST   /booking-messages/{kind}/test              ManageWorkspace
POST   /booking-messages/{kind}/reset             ManageWorkspace
POST   /booking-messages/{kind}/restore           ManageWorkspace
GET    /event-types                               ViewCalendar
GET    /event-types/new                           EditBookings
POST   /event-types/new                           EditBookings
POST   /event-types/rooms                         EditBookings
POST   /event-types/rooms/{room}/remove           EditBookings
GET    /event-types/{event}                       ViewCalendar
POST   /event-types/{event}                       EditBookings
POST   /event-types/{event}/open                  EditBookings
POST   /event-types/{event}/close                 EditBookings
POST   /event-types/{event}/duplicate             EditBookings
GET    /event-types/{event}/why                   ViewCalendar
GET    /event-types/{event}/waitlist              ViewCalendar
POST   /event-types/{event}/waitlist              EditBookings
POST   /event-types/{event}/waitlist/open         EditBookings
POST   /event-types/{event}/waitlist/{waiter}/offer  EditBookings
POST   /event-types/{event}/waitlist/{waiter}/remove EditBookings
GET    /routing-forms                             ViewCalendar
GET    /routing-forms/new                         EditBookings
POST   /routing-forms/new                         EditBookings
GET    /routing-forms/{form}                      ViewCalendar
POST   /routing-forms/{form}                      EditBookings
POST   /routing-forms/{form}/open                 EditBookings
POST   /routing-forms/{form}/close                EditBookings
POST   /routing-forms/{form}/remove               EditBookings
GET    /calendar                                  ViewCalendar
GET    /calendar/part                             ViewCalendar
GET    /calendar/export.csv                       EditBookings
GET    /calendar/figures                          ViewCalendar
GET    /calendar/figures.csv                      ViewCalendar
GET    /calendar/new                              EditBookings
POST   /calendar/new                              EditBookings
GET    /calendar/{booking}                        ViewCalendar
POST   /calendar/{booking}/accept                 EditBookings
POST   /calendar/{booking}/again                  EditBookings
POST   /calendar/{booking}/decline                EditBookings
GET    /calendar/{booking}/dismiss                EditBookings
POST   /calendar/{booking}/dismiss                EditBookings
POST   /calendar/{booking}/messages               EditBookings
GET    /calendar/{booking}/move                   EditBookings
POST   /calendar/{booking}/move                   EditBookings
POST   /calendar/{booking}/no-show                EditBookings
POST   /calendar/{booking}/completed              EditBookings
POST   /calendar/{booking}/outcome/undo           EditBookings
POST   /calendar/{booking}/notes                  EditBookings
POST   /calendar/{booking}/notes/{note}/remove    EditBookings
GET    /calendar/{booking}/cancel                 EditBookings
POST   /calendar/{booking}/cancel                 EditBookings

GET    /operator                                  Operate
POST   /operator/backup                           Operate
POST   /operator/clock                            Operate
GET    /operator/queue                            Operate
GET    /operator/look                             Operate
POST   /operator/look/events/{act}                Operate
POST   /operator/look/{job}/{verdict}             Operate
GET    /operator/errors                           Operate
GET    /operator/workspaces                       Operate
GET    /operator/workspaces/{sid}/suspend         Operate
POST   /operator/workspaces/{sid}/suspend         Operate
POST   /operator/workspaces/{sid}/lift            Operate
GET    /operator/data-map                         Operate

GET    /v1/openapi.json                           Public
GET    /v1/contacts                               ViewContacts
POST   /v1/contacts                               EditContacts
GET    /v1/contacts/{id}                          ViewContacts
PATCH  /v1/contacts/{id}                          EditContacts
DELETE /v1/contacts/{id}                          EditContacts
GET    /v1/contacts/{id}/addresses                ViewContacts
POST   /v1/contacts/{id}/addresses/check          EditContacts
GET    /v1/contacts/{id}/page                     ViewContacts
POST   /v1/contacts/{id}/page                     EditContacts
POST   /v1/contacts/{id}/page/forget              EditContacts
POST   /v1/contacts/{id}/page/accept              EditContacts
GET    /v1/crm                                    ViewConnections
POST   /v1/crm/{vendor}/pull                      ManageConnections
GET    /v1/leads                                  ViewContacts
GET    /v1/leads/weights                          ViewContacts
PUT    /v1/leads/weights                          ManageWorkspace
GET    /v1/contacts/{id}/score                    ViewContacts
GET    /v1/tags                                   ViewContacts
POST   /v1/tags/{tag}/contacts                    EditContacts
DELETE /v1/tags/{tag}/contacts                    EditContacts
GET    /v1/connections                            ViewConnections
GET    /v1/connections/{id}                       ViewConnections
GET    /v1/domains                                ViewConnections
GET    /v1/domains/{domain}                       ViewConnections
POST   /v1/domains/{domain}/check                 ManageConnections
GET    /v1/messages                               ViewOutreach
GET    /v1/messages/{id}                          ViewOutreach
GET    /v1/replies                                ViewReplies
GET    /v1/replies/{id}                           ViewReplies
POST   /v1/replies/{id}/correct                   HandleReplies
POST   /v1/replies/{id}/answer                    HandleReplies
POST   /v1/replies/{id}/close                     HandleReplies
POST   /v1/replies/{id}/reopen                    HandleReplies
GET    /v1/suppressions                           ViewSuppressions
POST   /v1/suppressions                           ManageSuppressions
GET    /v1/suppressions/{id}                      ViewSuppressions
DELETE /v1/suppressions/{id}                      LiftSuppression
GET    /v1/sequences                              ViewOutreach
POST   /v1/sequences                              EditOutreach
GET    /v1/sequences/{sequence}                   ViewOutreach
PUT    /v1/sequences/{sequence}                   EditOutreach
DELETE /v1/sequences/{sequence}                   EditOutreach
GET    /v1/sequences/{sequence}/checks            ViewOutreach
GET    /v1/workers                                ViewOutreach
POST   /v1/workers                                EditOutreach
GET    /v1/workers/{worker}                       ViewOutreach
GET    /v1/workers/{worker}/activity              ViewOutreach
PUT    /v1/workers/{worker}                       EditOutreach
PATCH  /v1/workers/{worker}                       EditOutreach
DELETE /v1/workers/{worker}                       EditOutreach
GET    /v1/workers/{worker}/escalations           ViewOutreach
PUT    /v1/workers/{worker}/escalations           EditOutreach
GET    /v1/workers/{worker}/autonomy              ViewOutreach
GET    /v1/workers/{worker}/booking               ViewOutreach
PUT    /v1/workers/{worker}/booking               EditOutreach
GET    /v1/workers/{worker}/reply-tags            ViewOutreach
PUT    /v1/workers/{worker}/reply-tags            EditOutreach
GET    /v1/workers/{worker}/follow-up-rule        ViewOutreach
PUT    /v1/workers/{worker}/follow-up-rule        EditOutreach
POST   /v1/sequences/{sequence}/approve           ActivateWorkers
POST   /v1/workers/{worker}/follow-up-rule/approve ApproveDrafts
GET    /v1/workers/{worker}/follow-ups            ViewOutreach
GET    /v1/workers/{worker}/why                   ViewOutreach
GET    /v1/follow-ups/{id}                        ViewOutreach
POST   /v1/drafts/{id}/undo                       ApproveDrafts
POST   /v1/replies/{id}/uncorrect                 HandleReplies
GET    /v1/snippets                               ViewOutreach
POST   /v1/snippets                               EditOutreach
GET    /v1/snippets/{id}                          ViewOutreach
PUT    /v1/snippets/{id}                          EditOutreach
DELETE /v1/snippets/{id}                          EditOutreach
GET    /v1/snippets/{id}/versions                 ViewOutreach
POST   /v1/snippets/{id}/approve                  ApproveDrafts
POST   /v1/snippets/{id}/restore                  EditOutreach
POST   /v1/follow-ups/{id}/cancel                 HandleReplies
GET    /v1/workers/{worker}/dry-run               ViewReplies
POST   /v1/workers/{worker}/dry-run               ViewReplies
PUT    /v1/workers/{worker}/dry-run               ActivateWorkers
PUT    /v1/workers/{worker}/autonomy              ActivateWorkers
POST   /v1/workers/{worker}/activate              ActivateWorkers
POST   /v1/workers/{worker}/pause                 ActivateWorkers
POST   /v1/workers/{worker}/resume                ActivateWorkers
GET    /v1/workers/{worker}/steps                 ViewOutreach
GET    /v1/workers/{worker}/to-read               ViewOutreach
GET    /v1/analytics                              ViewOutreach
GET    /v1/analytics/leads                        ViewOutreach
GET    /v1/sending/forecast                       ViewOutreach
GET    /v1/sending/forecast/mails                 ViewOutreach
GET    /v1/sending/days-off                       ViewOutreach
PUT    /v1/sending/days-off                       EditOutreach
POST   /v1/sending/pause                          ActivateWorkers
POST   /v1/sending/resume                         ActivateWorkers
GET    /v1/workers/{worker}/enrolments            ViewOutreach
POST   /v1/workers/{worker}/enrolments            EditOutreach
POST   /v1/workers/{worker}/enrolments/audience   EditOutreach
GET    /v1/enrolments                             ViewOutreach
GET    /v1/enrolments/{enrolment}                 ViewOutreach
DELETE /v1/enrolments/{enrolment}                 EditOutreach
POST   /v1/enrolments/{enrolment}/stop            EditOutreach
POST   /v1/enrolments/{enrolment}/resume          EditOutreach
POST   /v1/enrolments/{enrolment}/leave           EditOutreach
POST   /v1/enrolments/{enrolment}/skip            EditOutreach
POST   /v1/enrolments/{enrolment}/move            EditOutreach
POST   /v1/enrolments/{enrolment}/done            HandleReplies
POST   /v1/enrolments/{enrolment}/read            ApproveDrafts
GET    /v1/drafts                                 ApproveDrafts
GET    /v1/drafts/{id}                            ApproveDrafts
PATCH  /v1/drafts/{id}                            ApproveDrafts
POST   /v1/drafts/{id}/approve                    ApproveDrafts
POST   /v1/drafts/{id}/reject                     ApproveDrafts
GET    /v1/engine                                 ManageEngines
GET    /v1/engine/transfers                       ManageEngines
GET    /v1/payments                               ViewPayments
GET    /v1/payments/{payment}                     ViewPayments
POST   /v1/payments/{payment}/refund              RefundPayments
GET    /v1/availability                           ViewCalendar
GET    /v1/availability/{owner}                   ViewCalendar
PUT    /v1/availability/{owner}                   ManageWorkspace
GET    /v1/members/{user}/calendars               ViewConnections
PUT    /v1/members/{user}/calendars               ManageConnections
GET    /v1/members/{user}/calendars/offered       ManageConnections
GET    /v1/booking-messages                       ViewCalendar
GET    /v1/booking-messages/timing                ViewCalendar
PUT    /v1/booking-messages/timing                ManageWorkspace
GET    /v1/booking-messages/timing/{owner}        ViewCalendar
PUT    /v1/booking-messages/timing/{owner}        ManageWorkspace
GET    /v1/booking-messages/{kind}/{language}     ViewCalendar
PUT    /v1/booking-messages/{kind}/{language}     ManageWorkspace
DELETE /v1/booking-messages/{kind}/{language}     ManageWorkspace
GET    /v1/event-types                            ViewCalendar
POST   /v1/event-types                            EditBookings
GET    /v1/event-types/{event}                    ViewCalendar
PUT    /v1/event-types/{event}                    EditBookings
POST   /v1/event-types/{event}/bookings           EditBookings
GET    /v1/event-types/{event}/series             ViewCalendar
GET    /v1/event-types/{event}/slots              ViewCalendar
GET    /v1/event-types/{event}/why                ViewCalendar
GET    /v1/event-types/{event}/waitlist           ViewCalendar
POST   /v1/event-types/{event}/waitlist           EditBookings
DELETE /v1/event-types/{event}/waitlist/{waiter}  EditBookings
POST   /v1/event-types/{event}/waitlist/{waiter}/offer EditBookings
GET    /v1/routing-forms                          ViewCalendar
POST   /v1/routing-forms                          EditBookings
GET    /v1/routing-forms/{form}                   ViewCalendar
PUT    /v1/routing-forms/{form}                   EditBookings
DELETE /v1/routing-forms/{form}                   EditBookings
POST   /v1/routing-forms/{form}/lead              ViewCalendar
GET    /v1/bookings                               ViewCalendar
POST   /v1/bookings                               EditBookings
GET    /v1/bookings/{booking}                     ViewCalendar
POST   /v1/bookings/{booking}/accept              EditBookings
POST   /v1/bookings/{booking}/again               EditBookings
POST   /v1/bookings/{booking}/dismiss             EditBookings
GET    /v1/bookings/{booking}/messages            ViewCalendar
POST   /v1/bookings/{booking}/messages/{number}/skip  EditBookings
POST   /v1/bookings/{booking}/messages/{number}/send  EditBookings
POST   /v1/bookings/{booking}/move                EditBookings
POST   /v1/bookings/{booking}/cancel              EditBookings
GET    /v1/bookings/analytics                     ViewCalendar
POST   /v1/bookings/{booking}/no-show             EditBookings
POST   /v1/bookings/{booking}/completed           EditBookings
DELETE /v1/bookings/{booking}/outcome             EditBookings
GET    /v1/bookings/{booking}/notes               ViewCalendar
POST   /v1/bookings/{booking}/notes               EditBookings
DELETE /v1/bookings/{booking}/notes/{note}        EditBookings
GET    /v1/events                                 ViewContacts
";

/// All routes with what they need.
pub fn all() -> Vec<Route> {
    let lines = TABLE.lines().filter(|line| !line.trim().is_empty());
    lines
        .map(|line| {
            let mut words = line.split_whitespace();
            let mut word = || words.next().unwrap();
            let (method, path, need) = (word(), word(), word());
            let need = match need {
                "Public" => Need::Public,
                "Signed" => Need::Signed,
                name => {
                    let known = Permission::ALL.iter().find(|permission| format!("{permission:?}") == name);
                    Need::May(*known.unwrap_or_else(|| panic!("{line}: no such permission")))
                }
            };
            Route { method, path, need }
        })
        .collect()
}

/// `METHOD /path` of everything that the sources register.
pub fn registered() -> BTreeSet<String> {
    let src = Path::new(env!("CARGO_MANIFEST_DIR")).join("src");
    let mut files = Vec::new();
    collect(&src, &mut files);
    files.iter().flat_map(|file| routes_in(file)).collect()
}

fn collect(dir: &Path, found: &mut Vec<PathBuf>) {
    for entry in std::fs::read_dir(dir).unwrap() {
        let path = entry.unwrap().path();
        let name = path.file_name().unwrap().to_string_lossy().into_owned();
        if path.is_dir() {
            if name != "sandbox" {
                collect(&path, found);
            }
        } else if name.ends_with(".rs") && !name.contains("test") {
            found.push(path);
        }
    }
}

const METHODS: [&str; 5] = ["get", "post", "put", "patch", "delete"];

/// Reads `.service(resource("/a").get(x))` and `.route("/a", web::get().to(x))` in all forms that the rooms use.
fn routes_in(file: &Path) -> Vec<String> {
    let text = std::fs::read_to_string(file).unwrap();
    let text = text.split("#[cfg(test)]\nmod tests {").next().unwrap();
    let is_api = file.components().any(|part| part.as_os_str() == "api" || part.as_os_str() == "api.rs");
    let prefix = prefix_of_at(text);
    let mut found = Vec::new();
    for (at, _) in text.match_indices(".service(") {
        let rest = text[at + ".service(".len()..].trim_start();
        let end = rest.find(".service(").unwrap_or(rest.len()).min(rest.find(';').unwrap_or(rest.len()));
        let (registration, opening) = (&rest[..end], rest.split('(').next().unwrap_or(""));
        if opening.ends_with("scope") {
            // Its parts are read where they are written.
            continue;
        }
        let path = match opening {
            "web::resource" => literal(registration),
            "at" => literal(registration).map(|path| format!("{prefix}{path}")),
            _ => None,
        };
        if registration.starts_with("web::resource(assets::ROUTE)") {
            continue;
        }
        let path = path.unwrap_or_else(|| panic!("{}: cannot read .service({registration}", file.display()));
        let methods = methods_in(registration);
        assert!(!methods.is_empty(), "{}: no method in .service({registration}", file.display());
        // A file may hold the pages and the part of `/v1` of one matter.
        let within = text[..at].rfind("fn ").map_or("", |begins| &text[begins..at]);
        let below_v1 = is_api || within.starts_with("fn api_routes(");
        found.extend(methods.iter().map(|method| line(method, &path, below_v1)));
    }
    for (at, _) in text.match_indices(".route(\"") {
        let rest = &text[at + 7..];
        let path = literal(rest).unwrap();
        let method = methods_in(&rest[..rest.find('\n').unwrap_or(rest.len())]);
        // In wiring the one scope that has such routes is that of `/v1`, for its description.
        let below_v1 = path == "/openapi.json";
        found.extend(method.iter().map(|method| line(method, &path, below_v1)));
    }
    found
}

fn line(method: &str, path: &str, below_v1: bool) -> String {
    format!("{} {}{path}", method.to_uppercase(), if below_v1 { "/v1" } else { "" })
}

/// What `let at = |path: &str| web::resource(format!("/settings{path}"));` puts before each path of the file.
fn prefix_of_at(text: &str) -> String {
    let marker = "let at = |path: &str| web::resource(format!(\"";
    let rest = text.find(marker).map(|at| &text[at + marker.len()..]);
    rest.map_or_else(String::new, |rest| rest[..rest.find('{').unwrap()].to_owned())
}

fn literal(text: &str) -> Option<String> {
    let rest = &text[text.find('"')? + 1..];
    Some(rest[..rest.find('"')?].to_owned())
}

/// `web::get()`, `get().to(…)`, `.get(…)`: a method's name as a word of its own before a bracket.
fn methods_in(text: &str) -> Vec<&'static str> {
    let is_called = |name: &&&str| {
        text.match_indices(&format!("{name}(")).any(|(at, _)| {
            let before = text[..at].chars().next_back().unwrap_or(' ');
            !before.is_alphanumeric() && before != '_'
        })
    };
    METHODS.iter().filter(is_called).copied().collect()
}

#[test]
fn every_route_stands_in_the_table_with_what_it_needs() {
    let known: BTreeSet<String> = all().iter().map(|route| format!("{} {}", route.method, route.path)).collect();
    let registered = registered();
    let missing: Vec<_> = registered.difference(&known).collect();
    let gone: Vec<_> = known.difference(&registered).collect();
    assert!(missing.is_empty() && gone.is_empty(), "not in the table: {missing:#?}\nnot in the sources: {gone:#?}");
}
