// After an answer with errors the reader is taken to them: the summary, or the one field.
export function focusFirst(root) {
  (root.querySelector('[data-focus]') ?? root.querySelector('[aria-invalid="true"]'))?.focus();
}
