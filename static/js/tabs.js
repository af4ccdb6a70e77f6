// A row of tabs that is wider than the screen begins at the one that is open.
export function showCurrentTab(root) {
  for (const current of root.querySelectorAll('.tabs [aria-current], .settings > nav [aria-current], .chips [aria-current]')) {
    const row = current.parentElement;
    if (row.scrollWidth > row.clientWidth) row.scrollLeft = current.offsetLeft - (row.clientWidth - current.offsetWidth) / 2;
  }
}
