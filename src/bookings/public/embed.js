// Shows the free times of an event type inside another site. Once in the page:
//   <script async src="https://…/b/embed.js"></script>
// and then, with the address of the event type's own page:
//   <div data-launchyard="https://…/b/business/first-call"></div>             within the page
//   <a href="https://…/b/business/first-call" data-launchyard-popup>…</a>     above the page
//   <a href="https://…/b/business/first-call" data-launchyard-button>…</a>    a button that stays in the corner
// Without this script the links lead to the page itself. Nothing is stored, and no other site is asked.
(() => {
  const frameOf = (address) => {
    const url = new URL(address, location.href);
    url.pathname = `${url.pathname.replace(/\/$/, '')}/embed`;
    const frame = document.createElement('iframe');
    Object.assign(frame, { src: url.href, title: 'Free times', loading: 'lazy' });
    Object.assign(frame.style, { width: '100%', height: '760px', border: '0', display: 'block', colorScheme: 'normal' });
    // The page tells its height; only the frame itself is believed, and only about a number.
    addEventListener('message', ({ source, origin, data }) => {
      const height = data?.launchyardHeight;
      const isOurs = source === frame.contentWindow && origin === url.origin;
      if (isOurs && Number.isFinite(height)) frame.style.height = `${Math.min(Math.max(height, 200), 4000)}px`;
    });
    return frame;
  };
  const popUp = (address) => {
    const dialog = document.createElement('dialog');
    Object.assign(dialog.style, { width: 'min(62rem, 96vw)', maxHeight: '94vh', padding: '0', border: '0', borderRadius: '16px' });
    const close = document.createElement('button');
    Object.assign(close, { type: 'button', textContent: '×', ariaLabel: 'Close' });
    Object.assign(close.style, { position: 'sticky', top: '0', float: 'right', font: '1.5rem sans-serif', border: '0', background: 'none', padding: '0.5rem 1rem', cursor: 'pointer' });
    close.addEventListener('click', () => dialog.close());
    dialog.addEventListener('close', () => dialog.remove());
    dialog.append(close, frameOf(address));
    document.body.append(dialog);
    dialog.showModal();
  };
  const bind = () => {
    for (const place of document.querySelectorAll('[data-launchyard]:empty')) place.append(frameOf(place.dataset.launchyard));
    for (const link of document.querySelectorAll('a[data-launchyard-popup], a[data-launchyard-button]')) {
      if (link.dataset.launchyardBound) continue;
      link.dataset.launchyardBound = 'yes';
      if ('launchyardButton' in link.dataset) {
        Object.assign(link.style, { position: 'fixed', right: '1.25rem', bottom: '1.25rem', zIndex: '2147483000', padding: '0.75rem 1.25rem', borderRadius: '999px', background: '#1f5c4a', color: '#fff', font: '600 1rem sans-serif', textDecoration: 'none', boxShadow: '0 4px 16px #0003' });
      }
      link.addEventListener('click', (event) => {
        if (event.ctrlKey || event.metaKey || event.shiftKey) return;
        event.preventDefault();
        popUp(link.href);
      });
    }
  };
  if (document.readyState === 'loading') addEventListener('DOMContentLoaded', bind);
  else bind();
})();
