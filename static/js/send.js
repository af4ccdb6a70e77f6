// <select data-send-on-change>: sends its form when another entry is chosen; its button is for readers without scripts.
export function sendOnChange(root) {
  for (const control of root.querySelectorAll('[data-send-on-change]')) {
    control.form?.querySelector('[data-send]')?.setAttribute('hidden', '');
    control.addEventListener('change', () => control.form.requestSubmit());
  }
}
