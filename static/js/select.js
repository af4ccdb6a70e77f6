// <input type="checkbox" data-select-all="contact">: ticks every box of that name, and is half ticked
// when only some are. [data-selected="contact"] shows how many; its [data-bulk] bar appears with the first.
export function selectAll(root) {
  for (const all of root.querySelectorAll('[data-select-all]')) {
    const name = all.dataset.selectAll;
    const boxes = [...document.querySelectorAll(`input[type="checkbox"][name="${CSS.escape(name)}"]`)];
    const show = () => {
      const ticked = boxes.filter((box) => box.checked).length;
      all.checked = ticked > 0 && ticked === boxes.length;
      all.indeterminate = ticked > 0 && ticked < boxes.length;
      for (const words of document.querySelectorAll(`[data-selected="${CSS.escape(name)}"]`))
        words.textContent = `${ticked} selected`;
      for (const bar of document.querySelectorAll(`[data-bulk="${CSS.escape(name)}"]`)) bar.hidden = ticked === 0;
    };
    all.addEventListener('change', () => {
      for (const box of boxes) box.checked = all.checked;
      show();
    });
    for (const box of boxes) box.addEventListener('change', show);
    show();
  }
}
