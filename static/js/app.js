// Every page works without this file. It adds keys, live rows, dialogs, copy buttons and busy forms.
// Each module finds its own elements by data attribute, below the root it is given, so that pieces
// that arrive later (live.js, confirm.js) get the same behaviour.
import { busyForms } from './busy.js';
import { calendarKeys, moveBookings } from './calendar.js';
import { confirmLinks } from './confirm.js';
import { copyButtons } from './copy.js';
import { keepDrafts } from './draft.js';
import { focusFirst } from './focus.js';
import { keys } from './keys.js';
import { live } from './live.js';
import { previews } from './preview.js';
import { sendOnChange } from './send.js';
import { selectAll } from './select.js';
import { tableRoles } from './table.js';
import { showCurrentTab } from './tabs.js';
import { toasts } from './toast.js';
import { tellHeight, visitZone } from './visit.js';
import { guessZone } from './zone.js';

export function bind(root) {
  const behaviours = [
    busyForms,
    confirmLinks,
    copyButtons,
    keepDrafts,
    previews,
    moveBookings,
    selectAll,
    sendOnChange,
    showCurrentTab,
    tableRoles,
  ];
  for (const behaviour of behaviours) behaviour(root);
}

bind(document);
keys(document);
calendarKeys(document);
toasts(document);
guessZone(document);
visitZone(document);
tellHeight(document);
focusFirst(document);
live(document, bind);
