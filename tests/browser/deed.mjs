// What a script of deeds is made of: something is expected, and what is missing is reported in words.

export class Failed extends Error {}

export function expect(truth, words) {
  if (!truth) throw new Failed(words);
}

/** Says what a person would miss; `count` of them were found so far. */
export const report = Object.assign((deed, words) => {
  report.count += 1;
  console.log(`${deed}: ${words}`);
}, { count: 0 });

/** Does one after the other; one that fails is reported, and the next is tried. */
export async function carryOut(deeds) {
  for (const [name, deed] of deeds) {
    try {
      await deed();
    } catch (error) {
      report(name, error instanceof Failed ? error.message : error.stack);
    }
  }
}
