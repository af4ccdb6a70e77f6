// Drawn as cards on a phone, a table loses its meaning for assistive technology; roles give it back.
const ROLES = { TABLE: 'table', THEAD: 'rowgroup', TBODY: 'rowgroup', TR: 'row', TD: 'cell' };

export function tableRoles(root) {
  for (const table of root.querySelectorAll('table.cards')) {
    for (const part of [table, ...table.querySelectorAll('thead, tbody, tr, td')])
      part.setAttribute('role', ROLES[part.tagName]);
    for (const head of table.querySelectorAll('th')) {
      head.setAttribute('role', head.scope === 'row' ? 'rowheader' : 'columnheader');
    }
  }
}
