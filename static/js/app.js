// Every page works without this file. It adds keys, live rows, dialogs, copy buttons and busy forms.
// Each module finds its own elements by data attribute, below the root it is given, so that pieces
// that arrive later (live.js, confirm.js) get the same behaviour.
import { busyForms } from './busy.js';
import { confirmLinks } from './confirm.js';
import { copyButtons } from './copy.js';
import { keepDrafts } from './draft.js';
import { focusFirst } from './focus.js';
import { keys } from './keys.js';
import { live } from './live.js';
import { sendOnChange } from './send.js';
import { selectAll } from './select.js';
import { tableRoles } from './table.js';
import { toasts } from './toast.js';

export function bind(root) {
  for (const behaviour of [busyForms, confirmLinks, copyButtons, keepDrafts, selectAll, sendOnChange, tableRoles])
    behaviour(root);
}

bind(document);
keys(document);
toasts(document);
focusFirst(document);
live(document, bind);
