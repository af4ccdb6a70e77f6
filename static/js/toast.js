// A toast stays for 8 seconds, longer while someone is on it; its Undo is also the key Z (keys.js).
const STAYS_MS = 8000;

export function toasts(root) {
  for (const toast of root.querySelectorAll('[data-toast]')) {
    let timer;
    const start = () => (timer = setTimeout(() => toast.remove(), STAYS_MS));
    for (const stop of ['pointerenter', 'focusin']) toast.addEventListener(stop, () => clearTimeout(timer));
    for (const go of ['pointerleave', 'focusout']) toast.addEventListener(go, start);
    start();
  }
}
