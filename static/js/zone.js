// <form data-guess-zone="time_zone">: chooses the browser's own zone in that select before anybody has touched it.
export function guessZone(root) {
  for (const form of root.querySelectorAll('form[data-guess-zone]')) {
    const select = form.elements[form.dataset.guessZone];
    const zone = Intl.DateTimeFormat().resolvedOptions().timeZone;
    if ([...(select?.options ?? [])].some((option) => option.value === zone)) select.value = zone;
  }
}
