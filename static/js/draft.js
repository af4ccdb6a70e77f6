// <textarea data-draft="approval-01h…">: what is typed survives a closed tab or a lost line, on this
// device, until its form is sent. A text that the server filled in anew wins over an older draft.
export function keepDrafts(root) {
  for (const area of root.querySelectorAll('textarea[data-draft]')) {
    const key = `draft:${area.dataset.draft}`;
    const kept = JSON.parse(localStorage.getItem(key) ?? 'null');
    if (kept && kept.from === area.defaultValue) area.value = kept.text;
    area.addEventListener('input', () => {
      localStorage.setItem(key, JSON.stringify({ from: area.defaultValue, text: area.value }));
    });
    area.form?.addEventListener('submit', () => localStorage.removeItem(key));
  }
}
