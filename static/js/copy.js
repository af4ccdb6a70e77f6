// <button data-copy="id" hidden>: copies that element's text and says so in the button for two seconds.
export function copyButtons(root) {
  if (!navigator.clipboard) return;
  for (const button of root.querySelectorAll('[data-copy]')) {
    button.hidden = false;
    button.addEventListener('click', async () => {
      const label = button.querySelector('span');
      const before = label.textContent;
      await navigator.clipboard.writeText(document.getElementById(button.dataset.copy).textContent.trim());
      label.textContent = 'Copied';
      setTimeout(() => (label.textContent = before), 2000);
    });
  }
}
