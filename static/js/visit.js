// <div data-visit-zone="Europe/London">: times of a public page in a guessed zone; shows them in the browser's own, if
// the page knows it. The address says so, so nothing is remembered and nothing is asked twice.
export function visitZone(root) {
  const page = root.querySelector('[data-visit-zone]');
  const zone = Intl.DateTimeFormat().resolvedOptions().timeZone;
  if (!page || !zone || zone === page.dataset.visitZone) return;
  const known = [...page.querySelectorAll('select[name="tz"] option')].some((option) => option.value === zone);
  const address = new URL(location.href);
  if (!known || address.searchParams.has('tz')) return;
  address.searchParams.set('tz', zone);
  location.replace(address);
}

// <div data-embedded>: inside the page of somebody else, which is told how high this one is.
export function tellHeight(root) {
  if (!root.querySelector('[data-embedded]') || window.parent === window) return;
  const tell = () => window.parent.postMessage({ launchyardHeight: document.documentElement.scrollHeight }, '*');
  new ResizeObserver(tell).observe(document.body);
  tell();
}
